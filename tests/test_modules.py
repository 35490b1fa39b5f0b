"""Modules come back from their files as they were, or every tensor that does not fit is named."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from dicetalk.errors import CheckpointError, ConfigError, MediaError
from dicetalk.modules import finite, load_module, read_tensors, save_tensors


class Net(nn.Module):
    """A layer, and a count that is a whole number."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.layer = nn.Linear(2, width)
        self.count: Tensor
        self.register_buffer("count", torch.tensor(5))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_tensors(tmp_path / "net.safetensors", Net().state_dict())
    return tmp_path / "net.safetensors"


def empty(width: int = 3) -> Net:
    with torch.device("meta"):
        return Net(width)


def test_tensors_come_back_whatever_their_layout(tmp_path: Path) -> None:
    given = {"turned": torch.arange(6.0).reshape(2, 3).T, "whole": torch.tensor([1, 2]), "half": torch.ones(2).half()}
    save_tensors(tmp_path / "some.safetensors", given)
    found = read_tensors(tmp_path / "some.safetensors")
    assert found.keys() == given.keys()
    for name, tensor in given.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor)


def test_writing_again_replaces_and_leaves_nothing_beside(path: Path) -> None:
    save_tensors(path, {"only": torch.zeros(1)})
    assert list(read_tensors(path)) == ["only"] and list(path.parent.iterdir()) == [path]


def test_a_module_without_memory_is_filled(path: Path) -> None:
    net = load_module(empty(), path)
    stored = read_tensors(path)
    assert not net.training
    for name, tensor in net.state_dict().items():
        assert tensor.device.type == "cpu" and torch.equal(tensor, stored[name])


def test_another_precision_is_for_weights_only(path: Path) -> None:
    net = load_module(empty(), path, dtype=torch.bfloat16)
    assert isinstance(net, Net)
    assert net.layer.weight.dtype == torch.bfloat16 and net.count.dtype == torch.int64 and int(net.count) == 5


def test_an_inner_module_is_filled_and_the_outer_one_given(path: Path) -> None:
    outer = nn.ModuleDict({"net": Net()})
    assert load_module(outer, path, inner="net") is outer
    assert torch.equal(outer.state_dict()["net.layer.weight"], read_tensors(path)["layer.weight"])


def test_every_tensor_that_does_not_fit_is_named(path: Path) -> None:
    tensors = read_tensors(path)
    del tensors["layer.bias"]
    save_tensors(path, tensors | {"more": torch.zeros(1)})
    with pytest.raises(CheckpointError) as caught:
        load_module(empty(4), path)
    assert str(caught.value) == (
        "net.safetensors does not fit: missing layer.bias; unexpected more; layer.weight is (3, 2), expected (4, 2)"
    )


def test_nothing_is_filled_where_something_does_not_fit(path: Path) -> None:
    net = Net(4)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with pytest.raises(CheckpointError):
        load_module(net, path)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


def test_a_missing_file(path: Path) -> None:
    path.unlink()
    with pytest.raises(CheckpointError, match=r"no file net\.safetensors in .*; the checkpoint is not complete"):
        load_module(empty(), path)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_named(path: Path, value: float) -> None:
    tensors = read_tensors(path)
    tensors["layer.bias"][1] = value
    save_tensors(path, tensors)
    with pytest.raises(CheckpointError, match=r"net\.safetensors holds numbers that are not finite in layer\.bias"):
        load_module(empty(), path)


@pytest.mark.parametrize("value", [7e4, -7e4])
def test_numbers_beyond_half_precision_are_named(path: Path, value: float) -> None:
    tensors = read_tensors(path)
    tensors["layer.weight"][0, 1] = value
    save_tensors(path, tensors)
    with pytest.raises(CheckpointError, match=r"holds 7e\+04 in layer\.weight, and float16 ends at 6\.55e\+04"):
        load_module(empty(), path, torch.float16)
    load_module(empty(), path, torch.bfloat16)


def test_what_a_network_gives_is_finite() -> None:
    assert torch.equal(finite(torch.ones(2), "it"), torch.ones(2))
    with pytest.raises(ConfigError, match="it holds numbers that are not finite; use precision float32"):
        finite(torch.tensor([1.0, math.nan]), "it")


def test_a_message_names_not_all_of_thousands(path: Path) -> None:
    save_tensors(path, {f"odd{number}": torch.zeros(1) for number in range(2000)})
    with pytest.raises(CheckpointError, match="and 1903 more") as caught:
        load_module(empty(), path)
    assert len(str(caught.value)) < 5000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.safetensors")
    with pytest.raises(CheckpointError, match="is a pipe"):
        read_tensors(tmp_path / "net.safetensors")


def test_a_header_longer_than_memory(path: Path) -> None:
    path.write_bytes((10**9).to_bytes(8, "little") + b"{}")
    with pytest.raises(CheckpointError, match="is truncated or not safetensors"):
        read_tensors(path)


def test_an_empty_file(path: Path) -> None:
    path.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"is empty \(0 bytes\)"):
        read_tensors(path)


@pytest.mark.parametrize("kept", [4, 40, -1])
def test_a_truncated_file(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"is truncated or not safetensors .*; get or write it again") as caught:
        read_tensors(path)
    assert str(path) in str(caught.value)


def test_nothing_is_ever_unpickled(tmp_path: Path) -> None:
    torch.save(Net().state_dict(), tmp_path / "net.safetensors")
    with pytest.raises(CheckpointError, match="not safetensors"):
        read_tensors(tmp_path / "net.safetensors")


@pytest.mark.skipif(sys.platform == "win32", reason="no limit to the size of a file")
def test_what_cannot_be_written_is_told_in_one_line_and_the_old_file_stays(path: Path) -> None:
    """The library has an error of its own for it, which is no OSError."""
    import resource

    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(MediaError, match=r"net\.safetensors cannot be written \(File too large\)"):
            save_tensors(path, {"much": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]

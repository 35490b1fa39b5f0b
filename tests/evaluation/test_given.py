"""Networks that a user gives: graphs are run, anything else is refused and never unpickled."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from tiny_graphs import mean_graph, sync_graph

from dicetalk.errors import CheckpointError, MediaError
from dicetalk.evaluation.given import features, open_given

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 3, 8, 8)).astype(np.uint8)


class Mean(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=(2, 3))


class Switched(torch.nn.Module):
    """As published graphs are: classes unless features are asked for."""

    def forward(self, x: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        return x.mean(dim=(2, 3)) if return_features else x.sum(dim=(1, 2, 3))


@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.UINT8])
def test_onnx(tmp_path: Path, kind: int) -> None:
    found = features(open_given(mean_graph(tmp_path / "mean.onnx", 8, 8, kind=kind)), [PICTURES], batch=2)
    np.testing.assert_allclose(found, PICTURES.mean((2, 3)), rtol=1e-5)


@pytest.mark.parametrize("network", [Mean(), Switched()])
def test_torchscript(tmp_path: Path, network: torch.nn.Module) -> None:
    torch.jit.script(network).save(str(tmp_path / "mean.pt"))
    found = features(open_given(tmp_path / "mean.pt"), [PICTURES], batch=2)
    np.testing.assert_allclose(found, PICTURES.mean((2, 3)), rtol=1e-5)


class Named(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"features": x.mean(dim=(2, 3))}


class Nested(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return x, {"features": x}


class Silent(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> None:
        return None


@pytest.mark.parametrize(("network", "kinds"), [(Named(), "dict"), (Nested(), "Tensor, dict"), (Silent(), "NoneType")])
def test_graphs_that_give_something_else_than_tensors_are_refused(
    tmp_path: Path, network: torch.nn.Module, kinds: str
) -> None:
    torch.jit.script(network).save(str(tmp_path / "net.pt"))
    with pytest.raises(CheckpointError, match=rf"net\.pt gives {kinds}; expected a tensor"):
        features(open_given(tmp_path / "net.pt"), [PICTURES])


def test_an_onnx_graph_of_lists_is_refused(tmp_path: Path) -> None:
    takes = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3, 8, 8])
    gives = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node("SequenceConstruct", ["x"], ["y"])], "list", [takes], [gives])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "list.onnx"
    )
    with pytest.raises(CheckpointError, match=r"list\.onnx gives list; expected a tensor"):
        features(open_given(tmp_path / "list.onnx"), [PICTURES])


def test_a_graph_is_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.jit.script(Mean()).save(str(tmp_path / "mean.pt"))
    monkeypatch.chdir(tmp_path)
    assert open_given(Path("mean.pt")) is open_given(tmp_path / "mean.pt")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("unpickled",))


def test_pickles_are_never_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bomb.pt").write_bytes(pickle.dumps(Bomb()))
    torch.save({"weights": torch.zeros(2), "bomb": Bomb()}, tmp_path / "saved.pth")
    for name in ("bomb.pt", "saved.pth"):
        with pytest.raises(CheckpointError, match="is no TorchScript graph"):
            open_given(tmp_path / name)
    assert capsys.readouterr().out == ""


def test_what_is_no_graph_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"nothing")
    (tmp_path / "net.pkl").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        open_given(tmp_path / "net.onnx")
    with pytest.raises(CheckpointError, match=r"is no graph; expected \.onnx"):
        open_given(tmp_path / "net.pkl")
    with pytest.raises(MediaError, match="cannot be opened"):
        open_given(tmp_path / "gone.onnx")


def test_a_graph_of_other_inputs_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be run on what it is given"):
        open_given(mean_graph(tmp_path / "small.onnx", 4, 4))([PICTURES])
    with pytest.raises(CheckpointError, match="takes 2 inputs; expected a graph of 1"):
        open_given(sync_graph(tmp_path / "sync.onnx"))([PICTURES])
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "linear.pt"))
    with pytest.raises(CheckpointError, match="cannot be run on what it is given"):
        open_given(tmp_path / "linear.pt")([PICTURES])

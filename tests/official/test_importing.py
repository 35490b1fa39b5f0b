"""The published release comes in whole, strictly, one module at a time, and survives interruption."""

from __future__ import annotations

import os
import pickle
import shutil
from collections import OrderedDict, namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from svd_tiny import SIZES, random_priors, random_states, tiny_config, write_release

from dicetalk.checkpoints import open_checkpoint
from dicetalk.emotion.vocabulary import PUBLISHED
from dicetalk.errors import CheckpointError
from dicetalk.official.importing import import_official, name_streams
from dicetalk.official.release import Source, read_emotions, read_weights, same
from dicetalk.svd.checkpoint import build_modules, load_modules
from dicetalk.svd.sizes import KIND, VERSION


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release") / "checkpoints")


@pytest.fixture
def own_release(release: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(release, tmp_path / "own"))


def bring(release: Path, out: Path, **kw: Any) -> Path:
    return import_official(release, out, sizes=SIZES, dtype=torch.float32, **kw)


def test_every_tensor_arrives(release: Path, tmp_path: Path) -> None:
    out = bring(release, tmp_path / "out")
    for name, state in random_states().items():
        found = load_file(out / f"{name}.safetensors")
        assert found.keys() == state.keys()
        assert all(torch.equal(found[key], state[key]) for key in state)
    modules = load_modules(open_checkpoint(out, KIND, VERSION), torch.float32, "cpu")
    assert modules.priors.names == PUBLISHED and modules.priors.space == ""
    np.testing.assert_array_equal(modules.priors.means, torch.cat(list(random_priors().values())).numpy())
    assert sorted(p.name for p in out.iterdir()) == sorted(
        [*(f"{n}.safetensors" for n in (*random_states(), "emotions")), "config.json"]
    )


def test_large_modules_become_half_precision(release: Path, tmp_path: Path) -> None:
    out = import_official(release, tmp_path / "out", sizes=SIZES)
    assert load_file(out / "unet.safetensors")["conv_in.weight"].dtype == torch.float16
    assert load_file(out / "bank.safetensors")["codebook.fc.weight"].dtype == torch.float32


def test_an_interrupted_import_goes_on_where_it_was(release: Path, tmp_path: Path) -> None:
    def stop(name: str, _done: int, _total: int) -> None:
        if name == "clip":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(release, tmp_path / "out", progress=stop)
    assert not (tmp_path / "out" / "config.json").exists()
    with pytest.raises(CheckpointError, match="not completely written"):
        load_modules(open_checkpoint(tmp_path / "out", KIND, VERSION), torch.float32, "cpu")
    seen: list[tuple[str, int, int]] = []
    bring(release, tmp_path / "out", progress=lambda *told: seen.append(told))
    assert next(name for name, _, _ in seen) == "clip" and seen[0][1:] == (2, 8)
    load_modules(open_checkpoint(tmp_path / "out", KIND, VERSION), torch.float32, "cpu")


def test_a_changed_source_is_imported_again(own_release: Path, tmp_path: Path) -> None:
    bring(own_release, tmp_path / "out")
    weights = torch.load(own_release / "DICE-Talk" / "pose_guider.pth", weights_only=True)
    weights["conv_in.bias"] += 1
    torch.save(weights, own_release / "DICE-Talk" / "pose_guider.pth")
    bring(own_release, tmp_path / "out")
    found = load_file(tmp_path / "out" / "face_region.safetensors")
    assert torch.equal(found["conv_in.bias"], weights["conv_in.bias"])


def test_every_tensor_that_does_not_fit_is_named(own_release: Path, tmp_path: Path) -> None:
    path = own_release / "DICE-Talk" / "unet.pth"
    weights = torch.load(path, weights_only=True)
    gone = [key for key in weights if "processor" in key][:20]
    for key in gone:
        del weights[key]
    weights["conv_in.bias"] = torch.zeros(3)
    weights["surplus"] = torch.zeros(1)
    torch.save(weights, path)
    with pytest.raises(CheckpointError) as caught:
        bring(own_release, tmp_path / "out")
    assert all(f"missing {key}" in str(caught.value) for key in gone)
    assert "unexpected surplus" in str(caught.value) and "conv_in.bias is (3,), expected (32,)" in str(caught.value)


def test_a_partial_unet_is_filled_from_the_stock_one_but_streams_are_not(own_release: Path, tmp_path: Path) -> None:
    path = own_release / "DICE-Talk" / "unet.pth"
    weights = torch.load(path, weights_only=True)
    stock = {key: tensor + 1 for key, tensor in weights.items() if "processor" not in key}
    folder = own_release / "stable-video-diffusion-img2vid-xt" / "unet"
    folder.mkdir()
    (folder / "config.json").write_text('{"_class_name": "UNetSpatioTemporalConditionModel"}')
    save_file(stock, folder / "diffusion_pytorch_model.safetensors")
    torch.save({key: tensor for key, tensor in weights.items() if not key.startswith("conv_in")}, path)
    found = load_file(bring(own_release, tmp_path / "out") / "unet.safetensors")
    assert torch.equal(found["conv_in.bias"], stock["conv_in.bias"])
    assert torch.equal(found["conv_out.bias"], weights["conv_out.bias"])
    torch.save({key: tensor for key, tensor in weights.items() if "mid_block" not in key}, path)
    with pytest.raises(CheckpointError, match=r"missing mid_block.*processor"):
        bring(own_release, tmp_path / "out2")


class Runs:
    def __init__(self, trap: Path) -> None:
        self.trap = trap

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.trap}",)


def test_a_crafted_weight_file_is_refused_and_runs_nothing(own_release: Path, tmp_path: Path) -> None:
    torch.save({"conv_in.weight": Runs(tmp_path / "trap")}, own_release / "DICE-Talk" / "unet.pth")
    with pytest.raises(CheckpointError, match="refused"):
        bring(own_release, tmp_path / "out")
    assert not (tmp_path / "trap").exists()


def legacy(body: bytes) -> bytes:
    """A file of torch's old kind, with some pickle where the tensors are described."""
    head = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    return head + body


CRAFTED = {
    "a call": legacy(b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R."),
    "a number": legacy(b"\x80\x02K\x01."),
    "a list": legacy(b"\x80\x02]."),
    "a number in the memo beyond any": legacy(b"\x80\x02K\x01r\xff\xff\xff\x0f."),
    "a dict of itself": legacy(b"\x80\x02}q\0X\x01\0\0\0ah\0s."),
    "an attribute of a class": legacy(b"\x80\x02ccollections\nOrderedDict\n}X\x01\0\0\0xK\x01sb."),
    "nothing on the stack": legacy(b"\x80\x02."),
    "no end": legacy(b"\x80\x02}"),
    "an end at once": b"\x80\x02.",
    "zip without entries": b"PK\x05\x06" + bytes(18),
    "zip that is none": b"PK\x03\x04" + b"x" * 100,
    "text": b"hello",
    "nothing": b"",
}


@pytest.mark.parametrize("what", CRAFTED)
def test_crafted_files_of_torch_end_with_one_line(tmp_path: Path, what: str) -> None:
    (tmp_path / "unet.pth").write_bytes(CRAFTED[what])
    with pytest.raises(CheckpointError) as caught:
        read_weights(Source(tmp_path / "unet.pth", {}, same))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    assert not hasattr(OrderedDict, "x")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (np.ones((1, 9)), r"holds an array \(1, 9\); expected a prior of 256 numbers"),
        (np.ones((1, 256)) * 1e39, "not finite in mu"),
        (np.full((1, 256), np.nan), "not finite in mu"),
        (np.full((1, 256), 7e4), r"holds 7e\+04 in mu, and float16 ends"),
        (np.float32(1), "has no array `mu`"),
    ],
)
def test_priors_that_cannot_be_used_are_named(own_release: Path, value: Any, says: str) -> None:
    array = np.empty((), object)
    array[()] = {"mu": value}
    np.save(own_release / "DICE-Talk" / "emo" / "sad.npy", array, allow_pickle=True)
    with pytest.raises(CheckpointError, match=says):
        read_emotions(own_release)


@pytest.mark.parametrize(
    ("value", "dtype", "says"),
    [
        (float("nan"), torch.float32, "not finite in conv_in.bias"),
        (float("inf"), torch.bfloat16, "not finite in conv_in.bias"),
        (-7e4, torch.float16, r"holds 7e\+04 in conv_in\.bias, and float16 ends at 6\.55e\+04; use float32"),
    ],
)
def test_weights_that_are_no_numbers_or_too_large_for_the_precision_are_not_imported(
    own_release: Path, tmp_path: Path, value: float, dtype: torch.dtype, says: str
) -> None:
    path = own_release / "DICE-Talk" / "unet.pth"
    state = torch.load(path, weights_only=True)
    state["conv_in.bias"][0] = value
    torch.save(state, path)
    with pytest.raises(CheckpointError, match=says):
        import_official(own_release, tmp_path / "out", sizes=SIZES, dtype=dtype)
    assert not list((tmp_path / "out").glob("unet*")) and not (tmp_path / "out" / "config.json").exists()


def test_a_folder_of_something_else_is_not_written_into(own_release: Path, tmp_path: Path) -> None:
    for folder in (own_release, own_release / "whisper-tiny", own_release / "DICE-Talk" / "unet.pth"):
        with pytest.raises(CheckpointError, match="holds something else than an svd checkpoint"):
            bring(own_release, folder)
    (tmp_path / "empty").mkdir()
    bring(own_release, bring(own_release, tmp_path / "empty"))


@pytest.mark.parametrize("name", ["DICE-Talk/unet.pth", "whisper-tiny/model.safetensors", "RIFE/flownet.pkl"])
def test_a_truncated_file_is_named(own_release: Path, tmp_path: Path, name: str) -> None:
    path = own_release / name
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match=f"{path.name} is truncated or damaged"):
        bring(own_release, tmp_path / "out")


def test_everything_missing_is_named_at_once(own_release: Path, tmp_path: Path) -> None:
    (own_release / "DICE-Talk" / "unet.pth").unlink()
    shutil.rmtree(own_release / "whisper-tiny")
    with pytest.raises(CheckpointError, match=r"no unet\.pth; no whisper-tiny/"):
        bring(own_release, tmp_path / "out")
    with pytest.raises(CheckpointError, match="no folder"):
        bring(tmp_path / "none", tmp_path / "out")


def test_a_missing_emotion_and_a_wrong_config_are_named(own_release: Path, tmp_path: Path) -> None:
    (own_release / "DICE-Talk" / "emo" / "sad.npy").unlink()
    with pytest.raises(CheckpointError, match="no emotion file for sad"):
        bring(own_release, tmp_path / "out")
    config = own_release / "whisper-tiny" / "config.json"
    config.write_text(config.read_text().replace("WhisperForConditionalGeneration", "BertModel"))
    with pytest.raises(CheckpointError, match="describes BertModel"):
        bring(own_release, tmp_path / "out")


def test_a_full_disk_is_found_before_anything_is_written(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(1_000_000))
    with pytest.raises(CheckpointError, match=r"needs 0\.2 GB and has 0\.0 GB"):
        bring(release, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.safetensors"))


def test_streams_saved_as_a_list_find_their_place() -> None:
    unet = build_modules(tiny_config())["unet"]
    state = random_states()["unet"]
    paths = [key.rsplit(".to_k_ip.0.weight", 1)[0] for key in state if key.endswith("to_k_ip.0.weight")]
    # diffusers registers the middle block last, as the published list counts it.
    assert paths[-1].startswith("mid_block") and len(paths) == 32
    listed = {}
    for key, tensor in state.items():
        path, _, rest = key.partition(".to_k_ip." if ".to_k_ip." in key else ".to_v_ip.")
        kind = "to_k_ip" if ".to_k_ip." in key else "to_v_ip"
        listed[f"{paths.index(path)}.{kind}.{rest}" if rest else key] = tensor
    named = name_streams(unet, listed)
    assert named.keys() == state.keys() and all(named[key] is state[key] for key in state)

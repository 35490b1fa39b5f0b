"""A checkpoint in diffusers' manner: stock libraries read its parts, DiceTalk all of it, and nothing unsound."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKLTemporalDecoder
from transformers import CLIPVisionModelWithProjection
from transformers.models.whisper.modeling_whisper import WhisperEncoder

import dicetalk
from dicetalk.backbone import find_backbone
from dicetalk.checkpoints import INDEX, kind_of, open_checkpoint, write_config
from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.low_rank import add_low_rank, changes_of
from dicetalk.modules import load_module, read_tensors, save_tensors
from dicetalk.svd.checkpoint import CHANGES, LORA, build_modules
from dicetalk.svd.model import stream_layers
from dicetalk.svd.parts import PARTS, open_svd
from dicetalk.svd.pretrained import check_pretrained, save_pretrained, tensors_in
from dicetalk.svd.sizes import KIND, VERSION

SMALL = dicetalk.SvdOptions(preset="fast", steps=1, short_side=64, device="cpu")


@pytest.fixture(scope="module")
def saved(tiny_svd: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkpoint = open_checkpoint(tiny_svd, KIND, VERSION)
    config = {**checkpoint.config, "learned": ["mead"], "recipe": {"held_out": ["mead_M003"]}, "space": "abc"}
    return save_pretrained(config, tensors_in(checkpoint), tmp_path_factory.mktemp("saved") / "out")


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "copy"))


def test_all_of_it_comes_back(tiny_svd: Path, saved: Path) -> None:
    before, after = open_checkpoint(tiny_svd, KIND, VERSION), open_svd(saved)
    for part in PARTS:
        one, other = (read_tensors(checkpoint.file(part.module)) for checkpoint in (before, after))
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    assert all(after.config[key] == before.config[key] for key in ("unet", "speech", "bank", "region_widths", "vae"))
    assert (after.config["learned"], after.config["recipe"]) == (["mead"], {"held_out": ["mead_M003"]})
    assert (after.config["space"], len(after.config["vocabulary"])) == ("abc", 8)
    assert kind_of(saved) == find_backbone(saved).name == "svd"
    assert check_pretrained(saved) == after


def test_stock_libraries_read_the_stock_parts(saved: Path) -> None:
    vae = AutoencoderKLTemporalDecoder.from_pretrained(saved, subfolder="vae")
    clip = CLIPVisionModelWithProjection.from_pretrained(saved, subfolder="image_encoder")
    whisper = WhisperEncoder.from_pretrained(saved, subfolder="speech_encoder")
    for part, module in (("vae", vae), ("clip", clip), ("speech_encoder", whisper)):
        tensors = read_tensors(open_svd(saved).file(part))
        state = module.state_dict()
        assert all(torch.equal(state[name], tensor) for name, tensor in tensors.items())


def test_it_is_loaded_as_any_other_and_what_is_in_memory_is_saved(saved: Path, tmp_path: Path) -> None:
    talk = dicetalk.DiceTalk.from_pretrained(saved, SMALL)
    talk.save_pretrained(tmp_path / "again")
    for part in PARTS:
        one, other = (read_tensors(open_svd(folder).file(part.module)) for folder in (saved, tmp_path / "again"))
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    with pytest.raises(ConfigError, match="the rules backbone is not saved in diffusers' manner"):
        dicetalk.load().save_pretrained(tmp_path / "rules")


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


def _weights(folder: Path, part: str) -> Path:
    return next(folder / each.weights for each in PARTS if each.folder == part)


def _changed(folder: Path, part: str, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    tensors = read_tensors(_weights(folder, part))
    name = next(iter(tensors))
    save_tensors(_weights(folder, part), tensors | {name: change(tensors[name])})


BAD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a part is gone": (lambda f: shutil.rmtree(f / "bank"), r"lacks the part bank \(no config\.json"),
    "a file is gone": (lambda f: _weights(f, "vae").unlink(), r"vae has no diffusion_pytorch_model\.safetensors; get"),
    "a pickle in its place": (
        lambda f: _weights(f, "vae").rename(f / "vae" / "diffusion_pytorch_model.bin"),
        r"pickles are never opened \(diffusion_pytorch_model\.bin\)",
    ),
    "another whole": (
        lambda f: _edit(f / INDEX, lambda told: told.update(_class_name="StableVideoDiffusionPipeline")),
        "is of a StableVideoDiffusionPipeline; expected a DiceTalk",
    ),
    "another part": (
        lambda f: _edit(f / INDEX, lambda told: told.update(unet=["diffusers", "UNet2DConditionModel"])),
        r'says \["diffusers", "UNet2DConditionModel"\] of unet; expected \["dicetalk", "StreamedUNet"\]',
    ),
    "a part of another class": (
        lambda f: _edit(f / "image_encoder" / "config.json", lambda told: told.update(architectures=["CLIPModel"])),
        r'is of \["CLIPModel"\]; expected CLIPVisionModelWithProjection',
    ),
    "another version": (
        lambda f: _edit(f / INDEX, lambda told: told["dicetalk"].update(version=9)),
        "is of version 9; this DiceTalk reads version 1",
    ),
    "nothing of ours": (lambda f: _edit(f / INDEX, lambda told: told.pop("dicetalk")), "does not hold a svd"),
    "no JSON": (lambda f: (f / INDEX).write_text("{"), "is not valid JSON"),
    "not finite": (lambda f: _changed(f, "bank", lambda t: t * torch.nan), "not finite in"),
    "another shape": (lambda f: _changed(f, "speech_projector", lambda t: t[:1]), r"does not fit: .* expected"),
    "a prior of another length": (lambda f: _changed(f, "emotions", lambda t: t[:, :9]), "priors of .9, 256. numbers"),
    "no object": (lambda f: (f / INDEX).write_text("[]"), "holds a list; expected an object"),
    "classes that are none": (
        lambda f: _edit(f / "vae" / "config.json", lambda told: told.update(architectures=3)),
        "is of 3; expected AutoencoderKLTemporalDecoder",
    ),
    "sizes that fill the memory": (
        lambda f: _edit(f / "unet" / "config.json", lambda told: told.update(cross_attention_dim=10**9)),
        "the config of the svd checkpoint is damaged",
    ),
    "an option of somebody else": (
        lambda f: _edit(f / "bank" / "config.json", lambda told: told.update(sparse=1)),
        "the config of the svd checkpoint is damaged",
    ),
    "a vocabulary that is none": (
        lambda f: _edit(f / "emotions" / "config.json", lambda told: told.update(vocabulary="happy")),
        "tells a vocabulary 'happy'; expected a list of names",
    ),
    "a list of sizes that is none": (
        lambda f: _edit(f / "face_region" / "config.json", lambda told: told.update(widths="wide")),
        "the config of the svd checkpoint is damaged",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_unsound_is_told_in_one_line(copy: Path, what: str) -> None:
    spoil, says = BAD[what]
    spoil(copy)
    with pytest.raises(CheckpointError, match=says) as caught:
        check_pretrained(copy)
    assert "\n" not in str(caught.value)


def test_a_pickle_beside_is_refused_where_others_will_load_it(copy: Path) -> None:
    (copy / "vae" / "extra.pt").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"extra\.pt may hold a pickle"):
        check_pretrained(copy)


def test_a_folder_of_something_else_is_left_alone_and_a_begun_one_is_no_checkpoint(
    tiny_svd: Path, tmp_path: Path
) -> None:
    checkpoint = open_checkpoint(tiny_svd, KIND, VERSION)
    with pytest.raises(CheckpointError, match="holds something else"):
        save_pretrained(checkpoint.config, tensors_in(checkpoint), tiny_svd)
    out = tmp_path / "begun"

    def stop(_part: str, done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_pretrained(checkpoint.config, tensors_in(checkpoint), out, stop)
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        open_svd(out)
    save_pretrained(checkpoint.config, tensors_in(checkpoint), out)
    check_pretrained(out)


def test_a_small_change_is_saved_within_what_it_changes(tiny_svd: Path, tmp_path: Path) -> None:
    whole = open_checkpoint(tiny_svd, KIND, VERSION)
    unet: Any = build_modules(whole.config)["unet"]
    load_module(unet, whole.file("unet"), inner="unet")
    layers = stream_layers(unet.unet)
    add_low_rank(unet, layers, 2)
    changes = {name: torch.randn_like(tensor) for name, tensor in changes_of(unet.unet.state_dict()).items()}
    (tmp_path / "small").mkdir()
    save_tensors(tmp_path / "small" / f"{LORA}.safetensors", changes)
    (tmp_path / "whole").symlink_to(tiny_svd)
    write_config(tmp_path / "small", KIND, VERSION, {**whole.config, CHANGES: "../whole", "learned": ["own"]})
    small = open_svd(tmp_path / "small")
    out = save_pretrained(small.config, tensors_in(small), tmp_path / "out")
    merged = {name: tensor.float() for name, tensor in read_tensors(open_svd(out).file("unet")).items()}
    talk = dicetalk.load(tmp_path / "small", SMALL)
    state = talk.backbone.modules.unet.unet.state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(state[name], tensor) for name, tensor in merged.items())
    before = read_tensors(whole.file("unet"))
    assert sum(not torch.equal(before[name], tensor) for name, tensor in merged.items()) == len(layers)
    assert CHANGES not in open_svd(out).config and open_svd(out).config["learned"] == ["own"]

"""The folder of the published release: where things lie in it, where to get it, and under which licences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from dicetalk.checkpoints import read_json
from dicetalk.emotion.vocabulary import ALIASES, PUBLISHED, resolve
from dicetalk.errors import CheckpointError
from dicetalk.files import existing_file
from dicetalk.modules import cast
from dicetalk.official.npy import read_npy

UNCHECKED = "sizes are approximate; the first repository's name was not checked: if it is wrong, see the paper's page"


@dataclass(frozen=True)
class Part:
    """One part of the release on the Hugging Face hub.

    Attributes:
        what: what it is.
        repository: name on the hub.
        files: which files are needed, as patterns.
        folder: where they go in the release's folder.
        licence: under which terms.
        gigabytes: what is downloaded [GB], about.
    """

    what: str
    repository: str
    files: tuple[str, ...]
    folder: str
    licence: str
    gigabytes: float


PARTS = (
    Part(
        "DICE-Talk weights, emotion priors and frame interpolation",
        "EEEELY/DICE-Talk",
        ("*.pth", "*.npy", "RIFE/*"),
        "",
        "CC BY-NC-SA 4.0: no commercial use, share alike, name the authors",
        6.9,
    ),
    Part(
        "Stable Video Diffusion XT (VAE, CLIP)",
        "stabilityai/stable-video-diffusion-img2vid-xt",
        ("vae/config.json", "vae/*.fp16.safetensors", "image_encoder/config.json", "image_encoder/*.fp16.safetensors"),
        "stable-video-diffusion-img2vid-xt",
        "Stable Video Diffusion Community License: accept it on the hub; commercial use is conditional",
        1.5,
    ),
    Part(
        "whisper-tiny (speech encoder)",
        "openai/whisper-tiny",
        ("config.json", "model.safetensors"),
        "whisper-tiny",
        "Apache-2.0",
        0.15,
    ),
)


@dataclass(frozen=True)
class Source:
    """Where one module comes from.

    Attributes:
        file: the weights.
        config: the stock library's config beside it; empty for the method's own modules.
        rename: published key -> our key; None drops the tensor.
    """

    file: Path
    config: Mapping[str, Any]
    rename: Callable[[str], str | None]


def same(key: str) -> str:
    """The key as it is."""
    return key


def inside(prefix: str) -> Callable[[str], str | None]:
    """Keep what lies under a prefix, without it, and drop the rest."""
    return lambda key: key.removeprefix(prefix) if key.startswith(prefix) else None


def without(*prefixes: str) -> Callable[[str], str | None]:
    """Drop what lies under the given prefixes."""
    return lambda key: None if key.startswith(prefixes) else key


def find_stock_unet(release: Path) -> Source | None:
    """SVD-XT's own U-Net, if the release's folder has it: it fills what a partial `unet.pth` leaves out."""
    return _Finder(release, []).stock("unet", "UNetSpatioTemporalConditionModel", "diffusion_pytorch_model", same)


def interpolator_key(key: str) -> str | None:
    """Published interpolation networks were saved in a wrapper, with a block for training only."""
    key = key.removeprefix("module.")
    return None if key.startswith("block_tea.") else key


def whisper_key(key: str) -> str | None:
    """Keep whisper's encoder, however the model was wrapped."""
    key = key.removeprefix("model.")
    return key.removeprefix("encoder.") if key.startswith("encoder.") else None


def find_sources(release: Path) -> dict[str, Source]:
    """Where each module of ours lies in the release's folder.

    Raises:
        CheckpointError: names everything that is missing, and where it was looked for.
    """
    if not release.is_dir():
        raise CheckpointError(f"no folder {release}; expected the published release, see `dicetalk weights`")
    missing: list[str] = []
    find = _Finder(release, missing)
    found = {
        "unet": find.own("unet.pth", same),
        "speech_projector": find.own("audio_linear.pth", same),
        "face_region": find.own("pose_guider.pth", same),
        "bank": find.own("emo_model.pth", without("classifier.")),
        "vae": find.stock("vae", "AutoencoderKLTemporalDecoder", "diffusion_pytorch_model", same),
        "clip": find.stock(
            "image_encoder", "CLIPVisionModelWithProjection", "model", without("vision_model.embeddings.position_ids")
        ),
        "speech_encoder": find.stock("whisper-tiny", "WhisperForConditionalGeneration", "model", whisper_key),
        "interpolator": find.own("flownet.pkl", interpolator_key),
    }
    if missing:
        raise CheckpointError(f"{release} is not the whole release: {'; '.join(missing)}; see `dicetalk weights`")
    return {name: source for name, source in found.items() if source is not None}


@dataclass(frozen=True)
class _Finder:
    release: Path
    missing: list[str]

    def own(self, name: str, rename: Callable[[str], str | None]) -> Source | None:
        """A file of the release by name, at the top or up to two folders down."""
        for pattern in (name, f"*/{name}", f"*/*/{name}"):
            for path in sorted(self.release.glob(pattern)):
                return Source(path, {}, rename)
        self.missing.append(f"no {name}")
        return None

    def stock(self, folder: str, kind: str, stem: str, rename: Callable[[str], str | None]) -> Source | None:
        """A stock model's folder by name, half precision preferred."""
        for config in sorted(
            [*self.release.glob(f"{folder}/config.json"), *self.release.glob(f"*/{folder}/config.json")]
        ):
            for suffix in (".fp16.safetensors", ".safetensors"):
                weights = config.parent / f"{stem}{suffix}"
                if weights.is_file():
                    return Source(weights, read_config(config, kind), rename)
        self.missing.append(f"no {folder}/ with config.json and {stem}.safetensors")
        return None


def read_config(path: Path, kind: str) -> dict[str, Any]:
    """A stock model's config.

    Raises:
        CheckpointError: not JSON, or the config of another class.
    """
    config = read_json(path, "download it again")
    names = config.get("architectures") or [config.get("_class_name")]
    if not isinstance(names, list) or kind not in names:
        found = names[0] if isinstance(names, list) else names
        raise CheckpointError(f"{path} describes {str(found)[:60]}; expected {kind}; is this the right folder?")
    return config


def read_weights(source: Source) -> dict[str, Tensor]:
    """The tensors of a source under our keys. Files of torch are read with `weights_only=True`, which runs
    nothing of theirs.

    Raises:
        CheckpointError: the file is truncated, or holds anything but tensors.
    """
    try:
        existing_file(source.file)
        if source.file.suffix == ".safetensors":
            state: Any = load_file(source.file)
        else:
            state = torch.load(source.file, map_location="cpu", weights_only=True, mmap=_zipped(source.file))
    except UnpicklingError:
        raise CheckpointError(f"{source.file} holds more than tensors and was refused; nothing of it was run") from None
    except Exception as error:  # on bytes that make no sense torch raises nearly every built-in class
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise CheckpointError(f"{source.file} is truncated or damaged ({reason}); download it again") from None
    return _renamed(source, state)


def _zipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _renamed(source: Source, state: Any) -> dict[str, Tensor]:
    if isinstance(state, dict) and set(state) == {"state_dict"}:
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise CheckpointError(f"{source.file} does not hold a dict of tensors; expected a state dict")
    named = ((source.rename(str(key)), tensor) for key, tensor in state.items())
    return {key: tensor for key, tensor in named if key is not None}


def read_emotions(release: Path, width: int = 256) -> dict[str, Tensor]:
    """The emotion priors of the release, `(1, width)` each, under the vocabulary's names.

    Raises:
        CheckpointError: an emotion is missing, of another width, or a file is not what it should be.
    """
    known = {*PUBLISHED, *ALIASES}
    found: dict[str, Tensor] = {}
    for path in sorted(release.rglob("*.npy")):
        if path.stem.lower() in known:
            found.setdefault(resolve(path.stem), _prior(path, width))
    missing = [name for name in PUBLISHED if name not in found]
    if missing:
        raise CheckpointError(
            f"{release} has no emotion file for {', '.join(missing)}; expected NAME.npy for each of the eight"
        )
    return found


def _prior(path: Path, width: int) -> Tensor:
    value = read_npy(path)
    mean = value.get("mu") if isinstance(value, dict) else value
    if not isinstance(mean, np.ndarray):
        raise CheckpointError(f"{path} has no array `mu`; expected an emotion prior of the release")
    if mean.size != width:
        raise CheckpointError(f"{path} holds an array {mean.shape}; expected a prior of {width} numbers")
    with np.errstate(over="ignore"):
        prior = torch.from_numpy(mean.astype(np.float32)).reshape(1, -1)
    cast(path, "mu", prior, torch.float16)  # it will be used in half precision
    return prior

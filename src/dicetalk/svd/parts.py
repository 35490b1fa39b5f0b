"""The two manners of keeping an svd checkpoint: ours, and that of a pipeline of diffusers.

In diffusers' manner there is `model_index.json`, and a folder a part with its config and its weights. Stock libraries
read the stock parts of it (`AutoencoderKLTemporalDecoder.from_pretrained(folder, subfolder="vae")`); the whole is read
by DiceTalk itself: nothing in the folder is a program, and no pickle is opened. Loads no library of networks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicetalk.checkpoints import (
    INDEX,
    Checkpoint,
    check_kind,
    check_words,
    is_pretrained,
    open_checkpoint,
    read_json,
    told_of,
)
from dicetalk.errors import CheckpointError
from dicetalk.svd.sizes import KIND, VERSION

EMOTIONS = "emotions"
CLASS = "DiceTalk"
"""What reads such a folder."""
PICKLES = (".bin", ".ckpt", ".pkl", ".pt", ".pth")
DAMAGED = "get or save it again"


@dataclass(frozen=True)
class Part:
    """A folder of the whole.

    Attributes:
        module: its name in our own checkpoints.
        folder: its name here.
        library: where its class comes from.
        kind: the name of its class.
        stem: of the file with its weights.
        key: of our config that holds its sizes; "" where it has none.
    """

    module: str
    folder: str
    library: str
    kind: str
    stem: str
    key: str = ""

    @property
    def weights(self) -> str:
        """Its file within the whole folder."""
        return f"{self.folder}/{self.stem}.safetensors"


STEM = "diffusion_pytorch_model"
"""Of weights in diffusers' own models; others call theirs `model`."""
PARTS = (
    Part("unet", "unet", "dicetalk", "StreamedUNet", STEM, "unet"),
    Part("vae", "vae", "diffusers", "AutoencoderKLTemporalDecoder", STEM, "vae"),
    Part("clip", "image_encoder", "transformers", "CLIPVisionModelWithProjection", "model", "clip"),
    Part("speech_encoder", "speech_encoder", "transformers", "WhisperEncoder", "model", "whisper"),
    Part("speech_projector", "speech_projector", "dicetalk", "SpeechProjector", "model", "speech"),
    Part("face_region", "face_region", "dicetalk", "FaceRegionEncoder", "model", "region_widths"),
    Part("bank", "bank", "dicetalk", "EmotionBank", "model", "bank"),
    Part("interpolator", "interpolator", "dicetalk", "Interpolator", "model"),
    Part(EMOTIONS, EMOTIONS, "dicetalk", "NamedPriors", "model"),
)
WORDS = ("vocabulary", "space")
"""What the emotions' own config holds of ours."""
LISTED = "widths"
"""The name of sizes that are a list."""


def open_svd(folder: Path) -> Checkpoint:
    """Open an svd checkpoint, one of ours or one in diffusers' manner.

    Raises:
        CheckpointError: there is none, it is incomplete, damaged, or its parts are of other classes.
    """
    if not is_pretrained(folder):
        return open_checkpoint(folder, KIND, VERSION)
    index = read_json(folder / INDEX, DAMAGED)
    if index.get("_class_name") != CLASS:
        found = str(index.get("_class_name"))[:60]
        raise CheckpointError(f"{folder / INDEX} is of a {found}; expected a {CLASS}, saved by `dicetalk weights save`")
    config = dict(told_of(index))
    check_kind(folder / INDEX, config, KIND, VERSION)
    for part in PARTS:
        config |= _part_config(folder, part, index)
    check_words(folder / EMOTIONS / "config.json", config)
    return Checkpoint(folder, config, {part.module: part.weights for part in PARTS})


def _part_config(folder: Path, part: Part, index: Mapping[str, Any]) -> dict[str, Any]:
    """What a part says of itself, under the names of our own config."""
    wanted, found = [part.library, part.kind], index.get(part.folder)
    if found != wanted:
        raise CheckpointError(f"{folder / INDEX} says {_brief(found)} of {part.folder}; expected {_brief(wanted)}")
    path = folder / part.folder / "config.json"
    if not path.exists():
        raise CheckpointError(f"{folder} lacks the part {part.folder} (no {path.name} in it); {DAMAGED}")
    told = read_json(path, DAMAGED)
    names = told.get("architectures", [told.get("_class_name")])
    if not isinstance(names, list) or part.kind not in names:
        raise CheckpointError(f"{path} is of {_brief(names)}; expected {part.kind}")
    _check_file(folder / part.weights)
    sizes = told if part.library != "dicetalk" else {k: v for k, v in told.items() if not k.startswith("_")}
    if part.module == EMOTIONS:
        return {key: sizes[key] for key in WORDS if key in sizes}
    if part.key == "region_widths":
        return {part.key: sizes.get(LISTED)}
    return {part.key: sizes} if part.key else {}


def _check_file(path: Path) -> None:
    """Refuse a part without weights that can be read."""
    if path.exists():
        return
    there = [p.name for p in pickles(path.parent)]
    why = f"; pickles are never opened ({', '.join(there)}): save it as safetensors" if there else f"; {DAMAGED}"
    raise CheckpointError(f"{path.parent} has no {path.name}{why}")


def pickles(folder: Path) -> list[Path]:
    """Files in and below a folder that would have to be unpickled, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICKLES)


def _brief(value: object) -> str:
    return json.dumps(value)[:60]

"""Clips as the svd denoiser learns from them: what its frozen networks make of pictures and sound, 12.5 times a second.

A clip's file, `latents/NAME.safetensors`, has `images` (T, 4, h, w), the VAE's mode of every frame, unscaled; `faces`
(T, D), CLIP's embedding of every frame; `rows` (R, layers, C), whisper's hidden states, 50 a second; `region` (H, W),
255 where the face is in any frame; `marks` (T, K, 2), points of the face [px]; `prior` (2, 256), mean and deviation of
what an embedder reads, or nothing of them. Windows are read out of the file: no clip is ever in memory as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dicetalk.arrays import Float32
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import InputError
from dicetalk.files import whole
from dicetalk.rates import ROWS_PER_LATENT

LATENTS, SUFFIX = "latents", ".safetensors"
TOLD = "clip"
"""The entry of a file's metadata that says whose it is."""
ROWS_BEFORE, ROWS_AFTER = 4, 6
"""Rows of speech that a frame sees, before its own first one and from there on."""
MOST_EXPRESSION, MOST_HEAD = 1024.0, 256.0
"""Factors of the motion buckets."""
TOP_BUCKET = 128.0

Tensors = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class LatentClip:
    """One prepared clip.

    Attributes:
        path: its file.
        frames: T.
        identity: who it is.
        emotion: a name of the vocabulary; "" where unknown.
        level: 1 to 3, how strong.
        corpus: where it is from.
        encoder: the checkpoint whose networks made it; latents of two do not go together.
        begin: which frame of the file is its first one.
    """

    path: Path
    frames: int
    identity: str
    emotion: str = ""
    level: int = 2
    corpus: str = ""
    encoder: str = ""
    begin: int = 0

    def part(self, first: int, last: int) -> LatentClip:
        """The frames from `first` to before `last`, as a clip."""
        return replace(self, begin=self.begin + first, frames=last - first)


@dataclass(frozen=True, eq=False)
class LatentWindow:
    """Some frames of a clip, float32.

    Attributes:
        images: `(N, 4, h, w)` unscaled.
        speech: `(N, 10, layers, C)`.
        region: `(1, H, W)` in [0, 1].
        buckets: of head and expression.
        prior: `(2, 256)`, or None.
    """

    images: Float32
    speech: Float32
    region: Float32
    buckets: tuple[float, float]
    prior: Float32 | None


def write_latents(clip: LatentClip, tensors: Tensors) -> None:
    """Write a clip's file, whole or not at all."""
    told = {name: value for name, value in asdict(clip).items() if name not in ("path", "begin")}
    laid = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}  # `save` writes memory as it lies
    with whole(clip.path) as temporary:
        temporary.write_bytes(save(laid, {TOLD: json.dumps(told)}))


def read_clips(folders: Sequence[Path]) -> list[LatentClip]:
    """All clips of prepared folders, in the order of their names.

    Raises:
        InputError: a folder has none, a file is damaged, or clips were made by networks of several checkpoints.
    """
    clips = [clip for folder in folders for clip in _clips_in(folder)]
    encoders = sorted({clip.encoder for clip in clips})
    if len(encoders) > 1:
        raise InputError(f"the clips were made by {len(encoders)} checkpoints' networks; prepare all by the same one")
    return clips


def _clips_in(folder: Path) -> list[LatentClip]:
    files = sorted((folder / LATENTS).glob(f"*{SUFFIX}"))
    if not files:
        raise InputError(f"{folder} holds no latents; run `dicetalk prepare CORPUS {folder} --for video` first")
    return [clip_at(file) for file in files]


def clip_at(path: Path) -> LatentClip:
    """What a clip's file says of itself.

    Raises:
        InputError: it is damaged, or not there.
    """
    try:
        with safe_open(path, "np") as file:
            clip = LatentClip(path=path, **json.loads(file.metadata()[TOLD]))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from None
    if clip.emotion not in ("", *NAMES) or clip.level not in (1, 2, 3) or clip.frames < 1:
        raise _damaged(path, f"{clip.emotion or 'no emotion'} at level {clip.level}, {clip.frames} frames")
    return clip


def _damaged(path: Path, why: object) -> InputError:
    return InputError(f"{path} is damaged ({' '.join(str(why).split())[:100]}); delete it and prepare again")


@contextmanager
def _opened(clip: LatentClip) -> Iterator[Any]:
    try:
        with safe_open(clip.path, "np") as file:
            yield file
    except (OSError, SafetensorError, IndexError, ValueError) as error:
        raise _damaged(clip.path, error) from None


def read_portrait(clip: LatentClip, frame: int) -> tuple[Float32, Float32]:
    """A frame as a portrait: its image `(4, h, w)`, unscaled, and its embedding `(D,)`.

    Raises:
        InputError: the file is damaged.
    """
    frame += clip.begin
    with _opened(clip) as file:
        parts = (file.get_slice(name)[frame : frame + 1][0] for name in ("images", "faces"))
        image, face = (np.asarray(part, np.float32) for part in parts)
        return image, face


def read_window(clip: LatentClip, first: int, count: int) -> LatentWindow:
    """`count` frames from `first` on; what lies behind the end is the last frame again, in silence.

    Raises:
        InputError: the file is damaged.
    """
    with _opened(clip) as file:
        numbers = clip.begin + np.minimum(np.arange(first, first + count), clip.frames - 1)
        low, high = int(numbers[0]), int(numbers[-1]) + 1
        images, marks = (np.asarray(file.get_slice(name)[low:high], np.float32) for name in ("images", "marks"))
        return LatentWindow(
            images[numbers - low],
            _speech(file.get_slice("rows"), clip.begin + first, count),
            (np.asarray(file.get_tensor("region"))[None] / 255).astype(np.float32),
            motion_buckets(marks),
            np.asarray(file.get_tensor("prior"), np.float32) if "prior" in file.keys() else None,  # noqa: SIM118
        )


def _speech(rows: Any, first: int, count: int) -> Float32:
    """Windows (N, 10, layers, C) of rows, zeros outside of the sound."""
    total, *inner = rows.get_shape()
    start = ROWS_PER_LATENT * first - ROWS_BEFORE
    length = ROWS_PER_LATENT * (count - 1) + ROWS_BEFORE + ROWS_AFTER
    padded = np.zeros((length, *inner), np.float32)
    low, high = max(start, 0), min(start + length, total)
    if low < high:
        padded[low - start : high - start] = rows[low:high]
    return np.stack([padded[i * ROWS_PER_LATENT :][: ROWS_BEFORE + ROWS_AFTER] for i in range(count)])


def motion_buckets(marks: Float32) -> tuple[float, float]:
    """How much the head and how much the face moves, each 0 to 128 (what the denoiser is told beside the frame rate).

    The head is the nose, the face all points relative to it, in diagonals of the face in the first frame.

    Args:
        marks: points of the face (T, K, 2) [px]; the first is the tip of the nose.
    """
    marks = marks.astype(np.float64)
    size = float(np.linalg.norm(np.ptp(marks[0], axis=0))) or 1.0
    nose, inner = marks[:, 0], marks - marks[:, :1]
    head = np.abs(nose - nose.mean(0)).mean() / size
    face = np.abs(inner - inner.mean(0)).mean() / size
    return min(MOST_HEAD * float(head), TOP_BUCKET), min(MOST_EXPRESSION * float(face), TOP_BUCKET)

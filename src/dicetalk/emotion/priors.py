"""Named emotions as stored Gaussians: what ships, own ones averaged from clips, files that are safe to share.

A file holds `NAME.mean` and `NAME.std`, each (256,), for every emotion; and for emotions at a certain strength
`NAME@0.6.mean`. Its metadata tell the space: which embedder's vectors they are. `space.Space` makes
what lies between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dicetalk.arrays import Float32
from dicetalk.errors import CheckpointError, EmotionError, MediaError
from dicetalk.files import existing_file, whole

TYPES = ("F32", "F16", "F64")
"""Of numbers, as safetensors calls them, that a file may hold; what we write is float32."""
LARGEST = 1e4
"""Of a number, away from 0; those of an embedder lie within 10."""
MAX_BYTES = 20_000_000
"""Of a file; an emotion takes 2 kB."""


@dataclass(frozen=True, eq=False)
class Prior:
    """One emotion: how clips of it lie.

    Attributes:
        mean: (D,).
        std: (D,), at least 0.
    """

    mean: Float32
    std: Float32

    def sample(self, generator: np.random.Generator) -> Float32:
        """One draw, (D,)."""
        return self.mean + self.std * generator.standard_normal(self.mean.shape, dtype=np.float32)


def prior_of(means: Float32) -> Prior:
    """The prior of an emotion from the means of its clips, `(N, D)`; one clip has no spread."""
    spread = means.std(0, ddof=1) if len(means) > 1 else np.zeros_like(means[0])
    return Prior(means.mean(0), spread)


LIKENESS = 0.3
"""Temperature of shares of what is seen."""
VOICE_LIKENESS = 0.36
"""The same of what is heard alone, at which shares are as sure as they are right (`benchmarks/hearing.py people`)."""


def likeness(
    vectors: Float32, priors: Mapping[str, Prior], names: Sequence[str], temperature: float = LIKENESS
) -> Float32:
    """How much vectors `(N, D)` resemble each named prior, as shares that sum to 1, `(N, len(names))`.

    Angles are taken about the middle of all these priors, since most of every vector is common to all.
    """
    means = np.stack([priors[name].mean for name in names])
    middle = means.mean(0)
    ours, theirs = (_directions(x - middle) for x in (vectors, means))
    scores = ours @ theirs.T / np.float32(temperature)
    odds = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(odds / odds.sum(1, keepdims=True))


def _directions(vectors: Float32) -> Float32:
    """Vectors `(N, D)` at length 1; the middle itself, which has no direction, stays 0."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, np.float32(1e-12)))


def average(clips: Sequence[Prior]) -> Prior:
    """An own emotion from the Gaussians of several clips: the mean of their means, the spread of all they could be.

    Raises:
        EmotionError: no clip.
    """
    if not clips:
        raise EmotionError("no clip to average; give at least one")
    return mixture(clips, np.full(len(clips), 1 / len(clips), np.float32))


def mixture(priors: Sequence[Prior], shares: Float32) -> Prior:
    """Mean and spread of a mixture of K Gaussians, `shares` (K,) of sum 1."""
    means, variances = np.stack([prior.mean for prior in priors]), np.stack([prior.std for prior in priors]) ** 2
    mean = shares @ means
    return Prior(mean, np.sqrt(shares @ (variances + (means - mean) ** 2)))


def save_priors(path: Path, priors: Mapping[str, Prior], space: str | None = None) -> None:
    """Write priors to one safetensors file, whole or not at all.

    Args:
        path: of the file.
        priors: by name.
        space: of their vectors: the name of `Embedder.space` of what found them; None if that is not known.

    Raises:
        CheckpointError: the vectors are of different widths.
        MediaError: the file cannot be written.
    """
    widths = sorted({len(prior.mean) for prior in priors.values()})
    if len(widths) > 1:
        raise CheckpointError(f"{path} would hold vectors of widths {widths}; write this emotion to another file")
    tensors = {f"{name}.mean": prior.mean for name, prior in priors.items()}
    tensors |= {f"{name}.std": prior.std for name, prior in priors.items()}
    content = save(tensors, None if space is None else {"space": space})
    with whole(path) as hidden:
        hidden.write_bytes(content)


def read_priors(path: Path) -> dict[str, Prior]:
    """Read priors; a mean without a spread, another width, numbers that are not finite are refused.

    Raises:
        CheckpointError: the file cannot be read or is none of priors.
    """
    tensors, _ = _read(path)
    names = [name.removesuffix(".mean") for name in tensors if name.endswith(".mean")]
    if not names or sorted(tensors) != sorted([f"{n}.{part}" for n in names for part in ("mean", "std")]):
        raise CheckpointError(f"{path} holds no priors; expected NAME.mean and NAME.std for each emotion")
    shapes = {tensor.shape for tensor in tensors.values()}
    if len(shapes) > 1 or len(next(iter(shapes))) != 1:
        raise CheckpointError(f"{path} holds vectors of different shapes {sorted(shapes)}; expected one width")
    for name, tensor in tensors.items():
        _check_values(path, name, tensor)
    # A spread has no sign, whatever wrote it.
    return {name: Prior(tensors[f"{name}.mean"], np.abs(tensors[f"{name}.std"])) for name in names}


def _check_values(path: Path, name: str, tensor: Float32) -> None:
    if not np.isfinite(tensor).all():
        raise CheckpointError(f"{path} holds numbers that are not finite in {name!r}; export the emotion again")
    if np.abs(tensor).max(initial=0) > LARGEST:
        raise CheckpointError(
            f"{path} holds numbers beyond {LARGEST:g} in {name!r}, which no embedder gives; export the emotion again"
        )


def read_space(path: Path) -> str | None:
    """The space of a file's vectors; None if the file does not tell, as those of before 2026-11-26.

    Raises:
        CheckpointError: the file cannot be read.
    """
    return _read(path)[1].get("space")


def _read(path: Path) -> tuple[dict[str, Float32], dict[str, str]]:
    """All tensors of a file, and its metadata."""
    try:
        with safe_open(existing_file(path, MAX_BYTES), "np") as file, np.errstate(over="ignore"):
            names = list(file.keys())
            if not all(file.get_slice(name).get_dtype() in TYPES for name in names):
                raise CheckpointError(f"{path} holds numbers that are not of {', '.join(TYPES)}; export it again")
            return {name: file.get_tensor(name).astype(np.float32) for name in names}, file.metadata() or {}
    except MediaError as error:
        raise CheckpointError(str(error)) from None
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read as safetensors ({error}); export the emotion again") from None

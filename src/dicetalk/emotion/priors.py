"""Named emotions as stored Gaussians: what ships, own ones averaged from clips, files that are safe to share.

A file holds `NAME.mean` and `NAME.std`, each (256,), for every emotion; and for emotions at a certain strength
`NAME@0.6.mean`. Anything between neutral and an emotion, or between several, is made of *offsets from neutral*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn import functional as fn

from dicetalk.emotion.embedder import Gaussian
from dicetalk.errors import CheckpointError, EmotionError
from dicetalk.media.files import claim_temporary, writing

NEUTRAL = "neutral"


@dataclass(frozen=True)
class Prior:
    """One emotion: how clips of it lie.

    Attributes:
        mean: (D,).
        std: (D,), at least 0.
    """

    mean: Tensor
    std: Tensor

    def sample(self, generator: torch.Generator) -> Tensor:
        """One draw, (D,)."""
        return self.mean + self.std * torch.randn(self.mean.shape, generator=generator)


def prior_of(means: Tensor) -> Prior:
    """The prior of an emotion from the means of its clips, `(N, D)`; one clip has no spread."""
    spread = means.std(0) if len(means) > 1 else torch.zeros_like(means[0])
    return Prior(means.mean(0), spread)


def mixed(priors: Mapping[str, Prior], weights: Mapping[str, float]) -> Tensor:
    """The vector of a mixture, (D,): neutral + sum of weight x (emotion - neutral).

    Args:
        priors: by name, neutral among them.
        weights: strength of each emotion, 0 to 1, together at most 1.

    Raises:
        EmotionError: a name has no prior.
    """
    unknown = sorted(set(weights) - set(priors))
    if unknown:
        raise EmotionError(f"no prior of {unknown[0]!r}; there are: {', '.join(sorted(priors))}")
    neutral = priors[NEUTRAL].mean
    vector = neutral.clone()
    for name, weight in weights.items():
        vector += weight * (priors[name].mean - neutral)
    return vector


LIKENESS = 0.3
"""Temperature at which shares are as sure as they are right: of 0.2 to 0.5 the best log-likelihood (1.02) on speech of
RAVDESS actors 13 to 16, by an embedder that learned from 1 to 12; there the mean share is .66 and .61 are right."""


def likeness(
    vectors: Tensor, priors: Mapping[str, Prior], names: Sequence[str], even: Tensor, temperature: float = LIKENESS
) -> Tensor:
    """How much vectors `(N, D)` resemble each named prior, as shares that sum to 1, `(N, len(names))`.

    Angles are taken about the middle of all priors, since most of every vector is common to all, and in directions that
    count alike: `even` `(D, D)` is that of the embedder's `Discriminant`.
    """
    means = torch.stack([priors[name].mean for name in names])
    middle = means.mean(0)
    ours, theirs = (fn.normalize((x - middle) @ even.T, dim=1) for x in (vectors, means))
    similarity = ours @ theirs.T
    return (similarity / temperature).softmax(1)


def average(gaussians: Sequence[Gaussian]) -> Prior:
    """An own emotion from several clips: the mean of their means, the spread of all they could have been.

    Raises:
        EmotionError: no clip.
    """
    if not gaussians:
        raise EmotionError("no clip to average; give at least one")
    means = torch.cat([g.mean for g in gaussians])
    within = torch.cat([g.variance for g in gaussians]).mean(0)
    return Prior(means.mean(0), (within + means.var(0, unbiased=False)).sqrt())


def save_priors(path: Path, priors: Mapping[str, Prior]) -> None:
    """Write priors to one safetensors file, whole or not at all.

    Raises:
        CheckpointError: the vectors are of different widths.
        MediaError: the file cannot be written.
    """
    widths = sorted({len(prior.mean) for prior in priors.values()})
    if len(widths) > 1:
        raise CheckpointError(f"{path} would hold vectors of widths {widths}; write this emotion to another file")
    # Clones: two names may share a tensor, which the format refuses.
    tensors = {f"{name}.mean": prior.mean.clone() for name, prior in priors.items()}
    content = save(tensors | {f"{name}.std": prior.std.clone() for name, prior in priors.items()})
    hidden = claim_temporary(path)
    try:
        with writing(path):
            hidden.write_bytes(content)
            hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)


def read_priors(path: Path) -> dict[str, Prior]:
    """Read priors; a mean without a spread, another width, numbers that are not finite are refused.

    Raises:
        CheckpointError: the file cannot be read or is none of priors.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read as safetensors ({error}); export the emotion again") from None
    names = [name.removesuffix(".mean") for name in tensors if name.endswith(".mean")]
    if not names or sorted(tensors) != sorted([f"{n}.{part}" for n in names for part in ("mean", "std")]):
        raise CheckpointError(f"{path} holds no priors; expected NAME.mean and NAME.std for each emotion")
    shapes = {tuple(tensor.shape) for tensor in tensors.values()}
    if len(shapes) > 1 or len(next(iter(shapes))) != 1:
        raise CheckpointError(f"{path} holds vectors of different shapes {sorted(shapes)}; expected one width")
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise CheckpointError(f"{path} holds numbers that are not finite; export the emotion again")
    return {name: Prior(tensors[f"{name}.mean"], tensors[f"{name}.std"]) for name in names}

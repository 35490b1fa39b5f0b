"""A small embedder of acted faces, whose positives are of other actors or of the same one, and the priors it finds.

What ships was learned with positives of other people, so that it does not tell who somebody is (paper, section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as fn

from dicetalk.data.dataset import held_straight
from dicetalk.data.passages import Acted
from dicetalk.emotion.contrast import TEMPERATURE, balanced_batch, contrast
from dicetalk.emotion.embedder import EmbedderSizes, EmotionEmbedder
from dicetalk.emotion.priors import Prior
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.training.loop import LoopOptions, train

SIZES = EmbedderSizes(inner=96, layers=2, heads=4, rank=8, stride=4, dropout=0.1)
PEOPLE = 6
"""To an emotion in a batch, each with two stretches of motion."""
FRAMES = 64
"""Of a stretch; every performance has one at its beginning and one at its end."""
LEAST = 0.5
"""Strength at which a face shows what it feels."""
CALM = 0.05
"""By which a feeling may change within a stretch."""


@dataclass(frozen=True)
class Faces:
    """Stretches of acted motion in which one thing is felt, N of them, by A actors.

    Attributes:
        motion: `(N, FRAMES, 58)`, its pose relative to how the head is held.
        emotions: number in the vocabulary, `(N,)`.
        identities: which actor, `(N,)`.
        passages: of which passage, `(N,)`.
        resting: `(A, 52)` the actors' faces at rest.
    """

    motion: Tensor
    emotions: Tensor
    identities: Tensor
    passages: Tensor
    resting: Tensor

    def part(self, chosen: Tensor) -> Faces:
        """Some of them, by number."""
        columns = (self.motion, self.emotions, self.identities, self.passages)
        return Faces(*(column[chosen] for column in columns), self.resting)


def faces_of(acted: Acted) -> Faces:
    """The stretches of acted motion that feel something strongly, or nothing."""
    rows, inverse = np.unique(acted.resting.reshape(-1, acted.resting.shape[2]), axis=0, return_inverse=True)
    actors = inverse.reshape(acted.resting.shape[:2])
    found = []
    for passage, (start, stop) in enumerate(zip(acted.starts[:-1], acted.starts[1:], strict=True)):
        for first in {start, stop - FRAMES} if stop - start >= FRAMES else set():
            inside = slice(first, first + FRAMES)
            for performance, felt in enumerate(acted.feelings[:, inside].astype(np.float32)):
                emotion = felt_alone(felt)
                if emotion is not None:
                    motion = acted.motion[performance, inside]
                    found.append((motion, emotion, actors[performance, passage], passage))
    motion, emotions, identities, passages = (torch.from_numpy(np.array(c)) for c in zip(*found, strict=True))
    straight = held_straight(motion.float(), torch.ones(motion.shape[:2], dtype=torch.bool))
    return Faces(straight, emotions, identities, passages, torch.from_numpy(rows).float())


def felt_alone(felt: np.ndarray) -> int | None:
    """The emotion of feelings (T, 8) that last and are strong, neutral among them; None if there is no such."""
    emotion = int(felt[0].argmax())
    lasts = (felt.max(0) - felt.min(0)).max() < CALM
    return emotion if lasts and felt[0, emotion] >= (LEAST if emotion else 1 - CALM) else None


def same_actor_contrast(samples: Tensor, emotions: Tensor, identities: Tensor) -> Tensor:
    """`contrast` with the parts of identities exchanged: positives are of the same actor, those of others neither."""
    unit = fn.normalize(samples, dim=1)
    likeness = unit @ unit.T / TEMPERATURE
    same_emotion = emotions[:, None] == emotions
    positive = same_emotion & (identities[:, None] == identities) & ~torch.eye(len(samples), dtype=torch.bool)
    log_share = likeness - likeness.masked_fill(~(positive | ~same_emotion), -1e9).logsumexp(1, keepdim=True)
    count = positive.sum(1)
    return (-(log_share * positive).sum(1) / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)


class FacesTask:
    """Gathers faces of one emotion, of other actors or of the same."""

    def __init__(self, faces: Faces, seed: int, *, same: bool) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.net = EmotionEmbedder(SIZES)
        rows = faces.motion.flatten(0, 1)
        self.net.motion.mean.copy_(rows.mean(0))
        self.net.motion.scale.copy_(rows.std(0).clamp(min=0.05))
        self.faces, self.same = faces, same

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        faces = self.faces
        chosen = balanced_batch(faces.emotions, faces.identities, len(NAMES), PEOPLE, generator)
        batch = faces.part(torch.cat([chosen, self._again(chosen, generator)]))
        means = read_faces(self.net, batch.motion)
        kind = same_actor_contrast if self.same else contrast
        return {"loss": kind(means, batch.emotions, batch.identities)}

    def _again(self, chosen: Tensor, generator: torch.Generator) -> Tensor:
        """For each of some stretches another one of the same actor in the same emotion, if there is one."""
        faces = self.faces
        alike = (faces.emotions[chosen, None] == faces.emotions) & (faces.identities[chosen, None] == faces.identities)
        weights = alike.float().scatter(1, chosen[:, None], 1e-6)
        return torch.multinomial(weights, 1, generator=generator)[:, 0]


def read_faces(net: EmotionEmbedder, motion: Tensor) -> Tensor:
    """Means `(B, 256)` of what an embedder reads in motion `(B, T, 58)` that is held straight."""
    count = len(motion)
    inside = torch.ones(motion.shape[:2], dtype=torch.bool)
    voice = motion.new_zeros(count, -(-motion.shape[1] // net.sizes.stride), net.sizes.inner)
    there = torch.ones(count, dtype=torch.bool)
    return net.read(voice, motion, inside, ~there, there).mean


def train_faces(faces: Faces, seed: int, steps: int, folder: Path, *, same: bool) -> EmotionEmbedder:
    """Learn a small embedder; `folder` is for curves and state."""
    task = FacesTask(faces, seed, same=same)
    train(task, LoopOptions(steps=steps, rate=2e-3, warmup=10, seed=seed, save_every=steps), folder)
    return task.net


@torch.no_grad()
def all_read(net: EmotionEmbedder, faces: Faces) -> Tensor:
    """Means `(N, 256)` of all stretches."""
    return torch.cat([read_faces(net, part) for part in faces.motion.split(256)])


@dataclass(frozen=True)
class ActorPriors:
    """What a small embedder finds.

    Attributes:
        priors: of `NAMES`.
        resting: `(A, 52)` of the actors.
        offsets: `(A, 256)` how far each actor lies from the priors, whatever is felt.
        readings: `(N, 256)` of the stretches.
    """

    priors: list[Prior]
    resting: Tensor
    offsets: Tensor
    readings: Tensor


def find_actor_priors(net: EmotionEmbedder, faces: Faces, size: float) -> ActorPriors:
    """Priors of names and of actors, scaled so that names lie at the distance `size` from neutral on average."""
    readings = all_read(net, faces)
    means = _means(readings, faces.emotions, len(NAMES))
    scale = size / (means[1:] - means[0]).norm(dim=1).mean()
    readings, means = readings * scale, means * scale
    away = readings - means[faces.emotions]
    offsets = _means(away, faces.identities, len(faces.resting))
    left = away - offsets[faces.identities]
    priors = [Prior(mean.numpy(), left[faces.emotions == number].std(0).numpy()) for number, mean in enumerate(means)]
    return ActorPriors(priors, faces.resting, offsets, readings)


def _means(rows: Tensor, kinds: Tensor, count: int) -> Tensor:
    """Mean of the rows `(N, D)` of each kind, `(count, D)`; 0 of one that is not there."""
    sums = rows.new_zeros(count, rows.shape[1]).index_add(0, kinds, rows)
    return sums / kinds.bincount(minlength=count).clamp(min=1)[:, None]

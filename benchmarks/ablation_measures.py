"""What is measured of a motion diffusion on passages that it did not learn from, for the table of `ablation.py`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from actor_priors import Faces, read_faces
from torch import Tensor

from dicetalk.acting.postures import posture_shapes
from dicetalk.data.dataset import held_straight
from dicetalk.data.passages import Acted
from dicetalk.diffusion.channels import AHEAD, BACK
from dicetalk.diffusion.model import Told
from dicetalk.emotion.embedder import EmotionEmbedder
from dicetalk.emotion.priors import likeness
from dicetalk.emotion.space import Space
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.evaluation.probes import fit_probe, score
from dicetalk.motion.space import SHAPES
from dicetalk.training.motion_checkpoint import LEVELS
from dicetalk.training.stage2_motion import VALIDATION_LEVELS, MotionTask

STRENGTH, WEAK = 0.8, 0.2
"""At which emotions are asked for; at the second they are hard to read."""
SHUT, OPEN = 0.02, 0.06
"""Lips that part by less are shut, by more are open [inter-ocular distances]."""
SEED, OTHER_SEED = 1, 2
"""Of the noise; between them motion is diverse."""
DIVERSE = ("neutral", "happy")
"""Feelings in which that is looked at."""
ACTORS = 20
"""Who are to be told apart by tokens."""
SHOTS = 5
"""Clips from which an emotion is learned."""
SAMPLES = 200
"""Priors of each emotion that are drawn to see which entries of the bank they find."""

Rows = dict[str, list[float]]


@dataclass(frozen=True)
class Scenes:
    """Windows of N frames of held-out passages in which one thing is felt, W of them.

    Attributes:
        speech: `(W, BACK + N + AHEAD, S)`.
        motion: `(W, N, 58)` as it was acted.
        feelings: `(W, 8)`.
        resting: `(W, 52)`.
    """

    speech: Tensor
    motion: Tensor
    feelings: Tensor
    resting: Tensor


def scenes(acted: Acted, count: int, frames: int) -> Scenes:
    """At most `count` windows, evenly spread over the passages that are long enough."""
    found = [scene for passage in range(len(acted.starts) - 1) if (scene := _scene(acted, passage, frames))]
    chosen = np.unique(np.linspace(0, len(found) - 1, count).round().astype(int))
    columns = zip(*(found[number] for number in chosen), strict=True)
    return Scenes(*(torch.from_numpy(np.stack(column)).float() for column in columns))


def _scene(acted: Acted, passage: int, frames: int) -> tuple[np.ndarray, ...] | None:
    """A passage's first window, by the first who feels one thing in it; None if there is none."""
    first, stop = acted.starts[passage], acted.starts[passage + 1]
    heard, own = slice(first, first + BACK + frames + AHEAD), slice(first + BACK, first + BACK + frames)
    if heard.stop > stop:
        return None
    for performance, felt in enumerate(acted.feelings[:, own].astype(np.float32)):
        if (felt.max(0) - felt.min(0)).max() < 1e-3:
            motion = acted.motion[performance, own]
            return acted.speech[0, heard], motion, felt[0], acted.resting[performance, passage]
    return None


def asked(name: str, strength: float = STRENGTH) -> Tensor:
    """Weights `(8,)` of an emotion as it is asked for."""
    weights = torch.zeros(len(NAMES))
    weights[0] += 1 - strength
    weights[NAMES.index(name)] += strength
    return weights


@torch.no_grad()
def told(task: MotionTask, scenes: Scenes, priors: Tensor, level: float) -> Told:
    """What the network is told of scenes, each with its own prior `(W, 256)`, as in use."""
    net, count, frames = task.net.denoiser, len(priors), scenes.motion.shape[1]
    tokens = task.net.bank(priors[:, None])[:, 0]
    resting = scenes.resting / task.windows.spread[: len(SHAPES)]
    condition = net.condition(torch.full((count,), level), resting, torch.ones(count, 2))
    past = torch.zeros(count, task.recipe.sizes.layers, 0, 2 * task.recipe.sizes.width)
    feels = torch.ones(count, frames, tokens.shape[1], dtype=torch.bool)
    nothing = torch.zeros(0, dtype=torch.bool)
    memory = net.speech_memory(scenes.speech)
    return Told(memory, net.near(memory), net.emotion_memory(tokens), feels, condition, past, nothing)


@torch.no_grad()
def sampled(task: MotionTask, scenes: Scenes, priors: Tensor, seed: int) -> Tensor:
    """Motion `(W, N, 58)` made out of noise, as `training.export` does, all windows at once."""
    motion = torch.randn(scenes.motion.shape, generator=torch.Generator().manual_seed(seed))
    for level, following in pairwise(LEVELS):
        clean = task.net.denoiser(motion, torch.full((len(motion),), level), told(task, scenes, priors, level))[0]
        motion = clean + (motion - clean) * (following / level)
    made = motion * task.windows.spread + task.windows.mean
    return torch.cat([made[..., : len(SHAPES)].clamp(0, 1), made[..., len(SHAPES) :]], -1)


@dataclass(frozen=True)
class Judge:
    """Who reads faces: an embedder and the space of its names."""

    embedder: EmotionEmbedder
    space: Space

    def means(self, motion: Tensor) -> Tensor:
        """`(W, N, 58)` -> `(W, 256)`."""
        with torch.no_grad():
            return read_faces(self.embedder, held_straight(motion, torch.ones(motion.shape[:2], dtype=torch.bool)))

    def reads(self, motion: Tensor) -> np.ndarray:
        """Which of `NAMES` each motion shows most, `(W,)`."""
        return likeness(self.means(motion).numpy(), self.space.priors, NAMES).argmax(1)


def measured(task: MotionTask, scenes: Scenes, judge: Judge) -> Rows:
    """All figures, one a window; of the bank's entries one in all."""
    priors = {name: asked(name) @ task.means.detach() for name in NAMES}
    faces = {name: _with(task, scenes, prior) for name, prior in priors.items()}
    weak = {name: _with(task, scenes, asked(name, WEAK) @ task.means.detach()) for name in NAMES[1:]}
    others = {name: _with(task, scenes, priors[name], OTHER_SEED) for name in DIVERSE}
    return {
        "held-out error": _error(task, scenes),
        **_lips(task, scenes),
        **_emotion(faces, judge),
        "weak emotion": _emotion(weak, judge)["emotion"],
        "intensity": _intensity(faces),
        "diversity": _diversity(task, faces, others),
    }


def _with(task: MotionTask, scenes: Scenes, prior: Tensor, seed: int = SEED) -> Tensor:
    """Motion of all windows with one prior `(256,)`."""
    return sampled(task, scenes, prior.expand(len(scenes.motion), -1), seed)


@torch.no_grad()
def _error(task: MotionTask, scenes: Scenes) -> list[float]:
    """Mean squared error of clean motion at some levels of noise, in spreads."""
    true = (scenes.motion - task.windows.mean) / task.windows.spread
    noise = torch.randn(true.shape, generator=torch.Generator().manual_seed(0))
    errors = []
    for level in VALIDATION_LEVELS:
        priors = scenes.feelings @ task.means
        noisy, levels = (1 - level) * true + level * noise, torch.full((len(true),), level)
        clean = task.net.denoiser(noisy, levels, told(task, scenes, priors, level))[0]
        errors.append((clean - true).square().mean((1, 2)))
    return torch.stack(errors).mean(0).tolist()


def _lips(task: MotionTask, scenes: Scenes) -> Rows:
    """How lips move beside those of the actor, in the actor's own feeling."""
    made = sampled(task, scenes, scenes.feelings @ task.means.detach(), SEED)
    gaps = [(motion[..., : len(SHAPES)] @ task.compared.parting).mean(-1) for motion in (made, scenes.motion)]
    centred = [gap - gap.mean(1, keepdim=True) for gap in gaps]
    norms = centred[0].norm(dim=1) * centred[1].norm(dim=1)
    shut, wide = gaps[1] < SHUT, gaps[1] > OPEN
    return {
        "opening": ((centred[0] * centred[1]).sum(1) / norms.clamp(min=1e-9)).tolist(),
        "closure": _share(gaps[0] < SHUT, shut),
        "false closure": _share(gaps[0] < SHUT, wide),
    }


def _share(true: Tensor, among: Tensor) -> list[float]:
    """The share of frames `(W, N)` that are so among some, of each window; NaN where there are none."""
    return ((true & among).sum(1) / among.sum(1)).tolist()


def _emotion(faces: dict[str, Tensor], judge: Judge) -> Rows:
    """Whether each window is read as what was asked for: in all, and by emotion."""
    right = {name: judge.reads(faces[name]) == NAMES.index(name) for name in NAMES[1:]}
    return {
        "emotion": np.mean(list(right.values()), axis=0).tolist(),
        **{f"emotion {name}": row.astype(float).tolist() for name, row in right.items()},
    }


def _intensity(faces: dict[str, Tensor]) -> list[float]:
    """How far motion goes from neutral towards the posture of what is felt, 1 is all of it; mean over seven."""
    return np.mean([towards(faces[name], faces["neutral"], name)[0] for name in NAMES[1:]], axis=0).tolist()


def towards(made: Tensor, neutral: Tensor, name: str) -> tuple[np.ndarray, np.ndarray]:
    """How far the mean face of motion `(W, N, 58)` goes along a posture from neutral `(W,)`, and its cosine to it."""
    offset = (made - neutral)[..., : len(SHAPES)].mean(1).double().numpy()
    posture = posture_shapes(np.eye(len(NAMES))[None, NAMES.index(name)])[0]
    along = offset @ posture / (posture @ posture)
    return along, along * np.linalg.norm(posture) / np.maximum(np.linalg.norm(offset, axis=1), 1e-9)


def _diversity(task: MotionTask, faces: dict[str, Tensor], others: dict[str, Tensor]) -> list[float]:
    """How far two motions of the same words and feeling are apart, in spreads."""
    apart = [
        ((faces[name] - other) / task.windows.spread).square().mean((1, 2)).sqrt() for name, other in others.items()
    ]
    return torch.stack(apart).mean(0).tolist()


@torch.no_grad()
def entries(task: MotionTask) -> dict[str, float | list[list[float]]]:
    """How the bank is used by priors that are drawn: which entries those of each emotion find and attend to, shares
    `(8, codes)`; and how many those are, in all and of an emotion."""
    weights = torch.stack([asked(name) for name in NAMES]).repeat_interleave(SAMPLES, 0)
    drawn = torch.randn(len(weights), task.means.shape[1], generator=torch.Generator().manual_seed(0))
    priors = (weights @ task.means + weights @ task.stds * drawn)[:, None]
    indices = task.net.bank.codebook(priors).indices[:, 0]
    found = torch.nn.functional.one_hot(indices, task.recipe.sizes.bank.codes).float()
    found, attended = (
        each.unflatten(0, (len(NAMES), -1)).mean(1) for each in (found, task.net.bank.attended(priors)[:, 0])
    )
    return {
        "entries found": float(_perplexity(found.mean(0))),
        "entries attended": float(_perplexity(attended).mean()),
        "found": found.tolist(),
        "attended": attended.tolist(),
    }


def _perplexity(shares: Tensor) -> Tensor:
    """How many entries shares `(..., codes)` would be spread over if they were even."""
    return torch.exp(-(shares * shares.clamp(min=1e-12).log()).sum(-1))


@torch.no_grad()
def identity(task: MotionTask, faces: Faces, readings: Tensor) -> dict[str, list[float]]:
    """How well the actor is told: from the mean of faces themselves, from an embedder's readings of them `(N, 256)`,
    from tokens of those, and from tokens of named priors; each accuracy and its 95 % interval. Who is told was seen in
    other passages."""
    chosen = torch.isin(faces.identities, most_seen(faces)).nonzero()[:, 0]
    some = faces.part(chosen)
    drawn = torch.randn(len(chosen), task.means.shape[1], generator=torch.Generator().manual_seed(0))
    named = task.means[some.emotions] + task.stds[some.emotions] * drawn
    given = {
        "faces": some.motion.mean(1),
        "readings": readings[chosen],
        "tokens of readings": task.net.bank(readings[chosen][:, None]).flatten(1),
        "tokens of named priors": task.net.bank(named[:, None]).flatten(1),
    }
    return {what: _told_apart(rows, some) for what, rows in given.items()}


def most_seen(faces: Faces) -> Tensor:
    """The actors of whom there is most."""
    return faces.identities.bincount().topk(min(ACTORS, len(faces.resting))).indices


def _told_apart(rows: Tensor, faces: Faces) -> list[float]:
    vectors, who = rows.double().numpy(), faces.identities.numpy()
    learned = faces.passages.numpy() % 2 == 0
    probe = fit_probe(vectors[learned], who[learned])
    found = score(probe.predict(vectors[~learned]), who[~learned])
    return [found.accuracy, found.low, found.high]


def few_shot_prior(faces: Faces, name: str, judge: Judge) -> Tensor:
    """The prior `(256,)` of an emotion from some clips of it, each by another actor: the mean of what is read."""
    clips = (faces.emotions == NAMES.index(name)).nonzero()[:, 0]
    actors = faces.identities[clips]
    first = [int((actors == who).nonzero()[0]) for who in actors.unique()[:SHOTS]]
    return judge.means(faces.motion[clips[first]]).mean(0)


def few_shot(task: MotionTask, scenes: Scenes, judge: Judge, priors: dict[str, Tensor]) -> dict[str, Rows]:
    """How well emotions are read that are told by priors from a few clips, and how near their motion is to them."""
    neutral, found = _with(task, scenes, task.means.detach()[0]), {}
    for name, prior in priors.items():
        made = _with(task, scenes, prior)
        along, cosine = towards(made, neutral, name)
        read = judge.reads(made) == NAMES.index(name)
        found[name] = {"read": read.astype(float).tolist(), "intensity": along.tolist(), "cosine": cosine.tolist()}
    return found


def without(acted: Acted, name: str) -> Acted:
    """Acted passages in which nobody feels an emotion: another performance of a passage stands in for one that does."""
    felt = acted.feelings[..., NAMES.index(name)] > 0
    kept, rows = [], []
    for passage, (start, stop) in enumerate(zip(acted.starts[:-1], acted.starts[1:], strict=True)):
        free = np.flatnonzero(~felt[:, start:stop].any(1))
        if len(free):
            kept.append((passage, np.resize(free, len(felt))))
            rows.append(np.arange(start, stop))
    own = np.concatenate(rows)
    whose = np.concatenate([np.tile(who[:, None], len(row)) for (_, who), row in zip(kept, rows, strict=True)], 1)
    resting = np.stack([acted.resting[who, passage] for passage, who in kept], 1)
    starts = np.cumsum([0, *(len(row) for row in rows)])
    return Acted(acted.speech[:, own], acted.motion[whose, own], acted.feelings[whose, own], resting, starts)

"""Virtual actors: the performer acts out speech as many people, so that identity is in the data and has to be removed.

What the performer feels and what it says are told apart by acting a clip twice, with the emotion and without; a virtual
actor then shows each in their own way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dicetalk.acting.performer import act
from dicetalk.acting.take import Take, rehearse
from dicetalk.amounts import AS_USUAL, Amounts
from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.motion.space import MIRROR, POSE, SHAPES, Motion
from dicetalk.speech import Speech

LIVELY, LIVELY_OWN = 0.5, 0.25
"""How far people differ in how much their heads move, as a logarithm: in all of it, and in each part. Real ones differ
by 0.7 and 0.3 (docs/decisions/0024); the liveliest would bend a portrait."""

RESTING = 6
"""Shapes that are not at rest in a resting face."""


@dataclass(frozen=True, eq=False)
class VirtualActor:
    """How one person moves.

    Attributes:
        speaking: (52,) how far each shape goes in speech, about 1: proportions of the face and habits.
        feeling: (52,) how far each shape goes in emotion, about 1; left and right differ a little.
        resting: (52,) the resting face, mostly 0.
        posture: (6,) how the head is held, [rad] and [inter-ocular distances].
        lively: (6,) how far the head moves, about 1.
        strength: how much is shown of what is felt, about 1.
        sluggish: how smoothly the face moves, a Gaussian's width [frames].
    """

    speaking: Float64
    feeling: Float64
    resting: Float64
    posture: Float64
    lively: Float64
    strength: float
    sluggish: float


def virtual_actor(seed: int) -> VirtualActor:
    """The actor of a seed."""
    rng = np.random.default_rng([seed, 52])
    resting = np.zeros(len(SHAPES))
    resting[rng.choice(len(SHAPES), RESTING, replace=False)] = rng.uniform(0.03, 0.15, RESTING)
    return VirtualActor(
        speaking=_habits(rng, 0.2, 0.06),
        feeling=_habits(rng, 0.3, 0.12),
        resting=(resting + resting[list(MIRROR)]) / 2,
        posture=rng.normal(0, (0.05, 0.05, 0.03, 0.03, 0.03, 0.03)),
        lively=np.exp(rng.normal(0, LIVELY) + rng.normal(0, LIVELY_OWN, len(POSE))),
        strength=float(rng.uniform(0.7, 1.15)),
        sluggish=float(rng.uniform(0.3, 1.4)),
    )


def _habits(rng: np.random.Generator, spread: float, asymmetry: float) -> Float64:
    """(52,) factors about 1, nearly the same on both sides."""
    both = rng.normal(0, spread, len(SHAPES))
    both = (both + both[list(MIRROR)]) / np.sqrt(2)
    return np.asarray(np.exp(both + rng.normal(0, asymmetry, len(SHAPES))))


def perform_as(actor: VirtualActor, speech: Speech, feeling: Float64, seed: int, amounts: Amounts = AS_USUAL) -> Motion:
    """Act out a clip as someone.

    Args:
        actor: who.
        speech: features of the whole clip, T rows.
        feeling: (8,) weights of `NAMES`, whose sum is 1; or (T, 8), where they change.
        seed: the take; with another one the same person shows the same emotion a little differently.
        amounts: of blinks and glances; the head moves as it does.

    Returns:
        T frames.
    """
    rng = np.random.default_rng([seed, 58])
    take = rehearse(speech.frames, seed, amounts)
    plain = _acted(speech, take, feeling_of("neutral", 1.0))
    moved = _acted(speech, take, _strengthened(feeling, actor.strength * rng.uniform(0.85, 1.1)))
    today = np.exp(rng.normal(0, 0.25, len(SHAPES)))  # nobody smiles twice with the same muscles
    shapes = actor.resting + plain.shapes * actor.speaking + (moved.shapes - plain.shapes) * actor.feeling * today
    pose = actor.posture + (moved.pose - moved.pose.mean(0)) * actor.lively + moved.pose.mean(0)
    smooth = gaussian_filter1d(shapes, actor.sluggish, axis=0)
    return Motion(smooth.astype(np.float32), pose.astype(np.float32)).clipped()


def feeling_of(emotion: str, strength: float) -> Float64:
    """(8,) weights of one emotion of `NAMES`; what its strength, 0 to 1, leaves is neutral."""
    weights = np.zeros(len(NAMES))
    weights[0] = 1 - strength
    weights[NAMES.index(emotion)] += strength
    return weights


def _strengthened(feeling: Float64, factor: float) -> Float64:
    """Weights (..., 8) so many times as strong, but never stronger than all."""
    strength = 1 - feeling[..., :1]
    others = feeling[..., 1:] * np.minimum(factor, 1 / np.maximum(strength, 1e-9))
    return np.concatenate([1 - others.sum(-1, keepdims=True), others], axis=-1)


def _acted(speech: Speech, take: Take, feeling: Float64) -> Motion:
    return act(speech, np.broadcast_to(feeling, (speech.frames, len(NAMES))), take)

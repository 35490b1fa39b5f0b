"""Clips of virtual actors whose feelings are known, and several ways to say what they show.

The sentences are templates: what a track says is told as `reading.caption` tells it, and in four other ways. What the
actors do is read as off a video (`data.augment.misread_motion`), since nothing else is ever read in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dicetalk.arrays import Float32, Float64
from dicetalk.assets import speech as demo_speech
from dicetalk.data.augment import Misreading, misread_motion
from dicetalk.data.dataset import held_straight
from dicetalk.data.procedural import feeling_of, perform_as, virtual_actor
from dicetalk.easing import smoothstep
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.media import read_sound
from dicetalk.rates import FPS
from dicetalk.reading.caption import caption, feeling_words, second
from dicetalk.reading.reading import Reading, Window
from dicetalk.reading.stretches import Stretch, stretches
from dicetalk.speech import Speech, listen

ACTORS = 400
"""To learn from; those of higher numbers are strangers."""
STRANGERS = 100_000
"""The number of the first of them."""
SHORTEST_S, LONGEST_S = 5.0, 9.2
"""Of a clip [s]."""
APART_S = 1.8
"""Between two turns [s]."""
TURN_S = (0.2, 0.8)
"""How long a feeling takes to turn into another one [s]."""
TURNS = (0.3, 0.45, 0.25)
"""Shares of the clips with no turn, one and two."""
STRENGTHS = (0.3, 1.0)
MISREAD = Misreading()
"""What a tracker makes of it, as where the embedder learns."""


@dataclass(frozen=True, eq=False)
class CaptionClip:
    """A clip.

    Attributes:
        motion: (T, 58) what the actor does.
        told: the reading of somebody who knows what is felt.
        actor: their number.
        captions: several ways to say it, that of `reading.caption` first.
    """

    motion: Float32
    told: Reading
    actor: int
    captions: tuple[str, ...]


def known_speech() -> tuple[Speech, ...]:
    """What the actors say who are learned from: the demo's speech, forwards and with its halves changed."""
    sound = read_sound(demo_speech()).waveform
    return tuple(listen(np.roll(sound, shift)) for shift in (0, len(sound) // 2))


def draw_clips(count: int, seed: int, said: Sequence[Speech], actors: range = range(ACTORS)) -> Iterator[CaptionClip]:
    """Clips, the same for the same seed; each says one of some speeches of at least `LONGEST_S`."""
    for number in range(count):
        yield _clip(np.random.default_rng([seed, number, 47]), said, actors)


def _clip(drawn: np.random.Generator, said: Sequence[Speech], actors: range) -> CaptionClip:
    speech = said[int(drawn.integers(len(said)))]
    frames = min(int(drawn.uniform(SHORTEST_S, LONGEST_S) * FPS), speech.frames)
    actor = actors[int(drawn.integers(len(actors)))]
    told, feelings = _track(drawn, frames)
    rest = np.repeat(feelings[-1:], speech.frames - frames, axis=0)
    motion = perform_as(virtual_actor(actor), speech, np.concatenate([feelings, rest]), int(drawn.integers(2**31)))
    rows = np.column_stack([motion.shapes, motion.pose])[:frames]
    return CaptionClip(rows.astype(np.float32), told, actor, ways_to_say(told))


def _track(drawn: np.random.Generator, frames: int) -> tuple[Reading, Float64]:
    """What is felt when, as a reading and as weights (T, 8)."""
    turns = _turns(drawn, frames / FPS)
    names: list[str] = []
    for _ in range(len(turns) + 1):
        names.append(str(drawn.choice([name for name in NAMES if name not in names[-1:]])))
    felt = [feeling_of(name, float(drawn.uniform(*STRENGTHS)) if name != NEUTRAL else 1.0) for name in names]
    weights = np.tile(felt[0], (frames, 1))
    for turn, feeling in zip(turns, felt[1:], strict=True):
        share = smoothstep((np.arange(frames) / FPS - turn) / drawn.uniform(*TURN_S) + 0.5)[:, None]
        weights += share * (feeling - weights)
    ends = [*turns, frames / FPS]
    windows = [
        Window(start, end, tuple(np.eye(len(NAMES))[NAMES.index(name)]), _strength(feeling), 1.0, 1.0)
        for start, end, name, feeling in zip([0.0, *turns], ends, names, felt, strict=True)
    ]
    return Reading(frames / FPS, tuple(windows), face=tuple(windows)), weights


def _turns(drawn: np.random.Generator, seconds: float) -> list[float]:
    """When feelings turn [s], far enough apart to be told."""
    count = min(int(drawn.choice(len(TURNS), p=TURNS)), int(seconds / APART_S) - 1)
    room = seconds - (count + 1) * APART_S
    return [float(at + (n + 1) * APART_S) for n, at in enumerate(np.sort(drawn.uniform(0, room, count)))]


def _strength(feeling: Float64) -> float:
    return 1 - float(feeling[NAMES.index(NEUTRAL)])


def ways_to_say(told: Reading) -> tuple[str, ...]:
    """What a reading says, in five ways."""
    found = stretches(told)
    first, *later = found
    ways = _one(first) if not later else _several(first, later)
    return tuple(" ".join(way.split()) for way in (caption(told), *ways))


def _one(only: Stretch) -> tuple[str, ...]:
    felt = feeling_words(only)
    return (
        f"a face that looks {felt} all the time",
        f"somebody is {felt} from start to end",
        f"{felt}, and it stays so",
        f"the face looks {felt} in the whole clip",
    )


def _several(first: Stretch, later: Sequence[Stretch]) -> tuple[str, ...]:
    felt, turned = feeling_words(first), [(feeling_words(each), second(each.start)) for each in later]
    return (
        f"a face that looks {felt}, {', '.join(f'then {other} from {when}' for other, when in turned)}",
        f"somebody is {felt} and {' and '.join(f'gets {other} at {when}' for other, when in turned)}",
        f"{felt} until {turned[0][1]}, {', '.join(f'{other} from {when} on' for other, when in turned)}",
        f"the face looks {felt} in the beginning and {' and '.join(f'{other} after {when}' for other, when in turned)}",
    )


def read_off(clips: Sequence[CaptionClip], seed: int) -> list[Float32]:
    """The motion (T, 58) of clips as a tracker reads it off a video, each in its own way."""
    generator = torch.Generator().manual_seed(seed)
    rows = [torch.from_numpy(clip.motion)[None] for clip in clips]
    return [misread(row, torch.ones(row.shape[:2], dtype=torch.bool), generator)[0].numpy() for row in rows]


def misread(motion: Tensor, inside: Tensor, generator: torch.Generator) -> Tensor:
    """Motion `(B, T, 58)` as it is read, on a clip's own frames (B, T)."""
    return held_straight(misread_motion(motion, MISREAD, generator), inside)

"""What `motion.py` measures on: held-out voices who say known phones, everybody who moves for them, and noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import islice, zip_longest
from pathlib import Path

import numpy as np

from dicetalk import assets
from dicetalk.acting.backbone import RulesBackbone
from dicetalk.acting.performer import act
from dicetalk.acting.puppet import Puppet
from dicetalk.acting.take import rehearse
from dicetalk.arrays import Float64, UInt8, Waveform
from dicetalk.backbone import Conditions
from dicetalk.data.acted import passages, truly_said
from dicetalk.data.synthetic import read_shards
from dicetalk.diffusion.backbone import MotionBackbone
from dicetalk.diffusion.checkpoint import read_model
from dicetalk.emotion.road import EmotionTrack
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import InputError
from dicetalk.face import Face
from dicetalk.media import read_sound
from dicetalk.motion.space import Motion, concatenate, index
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.speech import Hearing, Speech, listen

PASSAGE_S = 8.0
"""After which a passage ends at the first pause [s]."""
STRONG = 0.8
"""The usual strength of a feeling."""
NOISES = tuple((kind, decibels) for kind in ("white", "babble") for decibels in (20, 10, 5, 0))
"""Kinds of noise, and how much louder speech is [dB]."""
TALKERS = 6
"""Of babble."""
JAW = 0.4
"""How far a jaw that knows but loudness opens for loud speech."""


@dataclass(frozen=True, eq=False)
class Clip:
    """A passage and how it is to be said.

    Attributes:
        name: of the passage.
        sound: (640 T,) int16.
        phones: (4 T,) its true broad phones.
        emotion: what is felt.
        seed: the take.
    """

    name: str
    sound: Waveform
    phones: UInt8
    emotion: str
    seed: int

    @property
    def frames(self) -> int:
        return len(self.phones) // 4

    @property
    def felt(self) -> EmotionTrack:
        return feeling(self.frames, self.emotion, STRONG)


Mover = Callable[[Clip, Waveform, EmotionTrack], Motion]
"""Who moves for a clip that is heard as a sound (N,), which may be another than its own, and feels something."""


def read_clips(folder: Path, count: int) -> list[Clip]:
    """Passages of voices and languages that nobody learned from, one of each voice, then the second of each, ...

    Raises:
        InputError: nothing of this kind in the folder.
    """
    voices = [list(islice(passages(shard, PASSAGE_S), count)) for shard in read_shards(folder) if shard.held_out]
    if not any(voices):
        raise InputError(f"{folder} has no voice that is held out; make more with `dicetalk prepare synthetic`")
    order = np.random.default_rng(0).permutation(len(voices))
    rounds = zip_longest(*(voices[number] for number in order))
    found = [passage for each in rounds for passage in each if passage is not None][:count]
    return [Clip(p.name, p.sound, p.phones, NAMES[n % len(NAMES)], n) for n, p in enumerate(found)]


def feeling(frames: int, emotion: str, strength: float) -> EmotionTrack:
    """The same feeling in every frame."""
    row = (1 - strength) * np.eye(len(NAMES))[0] + strength * np.eye(len(NAMES))[NAMES.index(emotion)]
    return EmotionTrack(np.tile(row.astype(np.float32), (frames, 1)))


def open_model(folder: Path) -> MotionBackbone:
    """As `load_motion`, but not ready to draw.

    Raises:
        CheckpointError: not a motion checkpoint, or a damaged one.
    """
    return MotionBackbone(read_model(folder))


def movers(model: MotionBackbone | None, clips: list[Clip]) -> dict[str, Mover]:
    """Everybody who is measured, by what the tables call them; the ceiling is first."""
    heard = {"rules + PocketSphinx": by_pocketsphinx} if find_spec("pocketsphinx") else {}
    learned: Mapping[str, Mover] = {} if model is None else learned_movers(model, clips)
    rules = partial(by_backbone, RulesBackbone())
    return {
        CEILING: truly, "silent face": still, "loudness-only jaw": by_loudness, **heard, RULES: rules, **learned
    }  # fmt: skip


CEILING, RULES, MODEL = "rules + true phones (ceiling)", "rules + front end", "model"


def learned_movers(model: MotionBackbone, clips: list[Clip]) -> dict[str, Mover]:
    moved = partial(by_backbone, model)
    others = {clip.name: clips[(n + 1) % len(clips)].sound for n, clip in enumerate(clips)}
    return {
        MODEL: moved,
        "model, another's sound": lambda clip, sound, felt: moved(clip, np.resize(others[clip.name], len(sound)), felt),
        "model, no emotion": lambda clip, sound, felt: moved(clip, sound, feeling(clip.frames, NEUTRAL, 0.0)),
    }


def by_backbone(backbone: Puppet, clip: Clip, sound: Waveform, felt: EmotionTrack) -> Motion:
    return concatenate(list(backbone.move(conditions(sound, felt, clip.seed))))


def conditions(sound: Waveform, felt: EmotionTrack, seed: int) -> Conditions:
    """What a backbone is told; only who draws looks at the portrait."""
    nobody = Face(np.zeros((478, 3), np.float32))
    return Conditions(np.zeros((1, 1, 3), np.uint8), nobody, Hearing(sound), felt, seed)


def truly(clip: Clip, sound: Waveform, felt: EmotionTrack) -> Motion:
    """The rules, told the true phones."""
    return by_rules(truly_said(listen(sound), clip.phones), clip, felt)


def by_rules(speech: Speech, clip: Clip, felt: EmotionTrack) -> Motion:
    return act(speech, felt.onto(NAMES).astype(np.float64), rehearse(clip.frames, clip.seed))


def by_pocketsphinx(clip: Clip, sound: Waveform, felt: EmotionTrack) -> Motion:
    from frontend import pocketsphinx

    phones, _ = pocketsphinx(sound)
    return by_rules(truly_said(listen(sound), phones.astype(np.uint8)), clip, felt)


def still(clip: Clip, sound: Waveform, felt: EmotionTrack) -> Motion:
    return Motion.still(clip.frames)


def by_loudness(clip: Clip, sound: Waveform, felt: EmotionTrack) -> Motion:
    motion = Motion.still(clip.frames)
    motion.shapes[:, index("jawOpen")] = np.clip(JAW * listen(sound).loudness, 0, 1)
    return motion


def noisy(clip: Clip, kind: str, decibels: int, clips: list[Clip]) -> Waveform:
    """A clip's sound with white noise, or before others who talk."""
    rng = np.random.default_rng([clip.seed, decibels])
    noise = rng.normal(size=len(clip.sound)) if kind == "white" else _babble(clip, clips, rng)
    scale = _loudness(clip.sound) / _loudness(noise) * 10 ** (-decibels / 20)
    return np.clip(clip.sound + scale * noise, -32768, 32767).astype(np.int16)


def _babble(clip: Clip, clips: list[Clip], rng: np.random.Generator) -> Float64:
    others = [other for other in clips if other is not clip]
    chosen = rng.choice(len(others), min(TALKERS, len(others)), replace=False)
    parts = [np.resize(np.roll(others[n].sound, rng.integers(SPEECH_RATE)), len(clip.sound)) for n in chosen]
    return np.sum([part / _loudness(part) for part in parts], axis=0)


def _loudness(sound: Waveform | Float64) -> float:
    """RMS where there is something."""
    values = sound.astype(np.float64)
    return float(np.sqrt(np.mean(values[np.abs(values) > 1e-3 * np.abs(values).max()] ** 2)))


def demo_sound() -> Waveform:
    """Ten seconds of speech."""
    return np.resize(read_sound(assets.speech()).waveform, 10 * SPEECH_RATE)


def times(frames: int) -> Float64:
    """The middle of each frame [s]."""
    return (np.arange(frames) + 0.5) / FPS

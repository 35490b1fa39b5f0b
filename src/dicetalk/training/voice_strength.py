"""Teach ranking machines how strongly a voice tells an emotion (`voice.strength`), from actors who act it twice.

Zhou et al., "Emotion intensity and its control for emotional voice conversion", IEEE Trans. Affective Computing 14(1),
2023, learn it from emotional and neutral speech alone. Here what was acted strongly comes before the same sentence of
the same actor acted normally, too, and the numbers that are weighed know no level (`voice.effort`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from dicetalk.arrays import Bool, Float64
from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.data.clip import Clip
from dicetalk.data.ravdess import STRENGTHS, read_ravdess
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.errors import InputError
from dicetalk.files import taking_place
from dicetalk.media import read_sound
from dicetalk.training.loop import Progress
from dicetalk.voice.effort import GROUPS, effort
from dicetalk.voice.frames import voice_frames
from dicetalk.voice.ranking import Pairs, fit_ranking
from dicetalk.voice.strength import KIND, MODULE, PLAIN, RANKED, STRONG, VERSION, VoiceStrength

NORMALLY, STRONGLY = STRENGTHS["01"], STRENGTHS["02"]
CALM = "02"
"""RAVDESS's code for an emotion that is acted like none, but is not plain speech."""


@dataclass(frozen=True, kw_only=True)
class VoiceStrengthRecipe:
    """How strength is learned.

    Attributes:
        held_out: identities that are never learned from.
        cost: of a pair out of order.
        plain: how much a pair of an emotion and plain speech counts beside one of strong and normal.
        alike: how much it counts that different people differ who act the same equally strongly.
        others: with how many of those each clip is compared.
        seed: of who they are.
    """

    held_out: tuple[str, ...] = ()
    cost: float = 0.1
    plain: float = 0.2
    alike: float = 0.02
    others: int = 4
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Acted:
    """N clips, and what their voices are like.

    Attributes:
        clips: N.
        numbers: (N, D) of `voice.effort`, or others.
        groups: (D,) how much each column counts, before anything is learned.
    """

    clips: Sequence[Clip]
    numbers: Float64
    groups: Float64

    def of(self, emotion: str, strength: float | None = None) -> Bool:
        """(N,) where it is an emotion, acted so strongly if that is given."""
        return np.array(
            [clip.emotion == emotion and strength in (None, clip.strength) for clip in self.clips], dtype=bool
        )

    def without(self, people: Sequence[str]) -> Acted:
        """The clips of all others."""
        return self.part(np.array([clip.identity not in people for clip in self.clips]))

    def part(self, chosen: Bool) -> Acted:
        """Some of the clips."""
        kept = [clip for clip, keep in zip(self.clips, chosen, strict=True) if keep]
        return Acted(kept, self.numbers[chosen], self.groups)


def train_voice_strength(
    data: Sequence[Path], out: Path, recipe: VoiceStrengthRecipe, progress: Progress | None = None
) -> Path:
    """Learn from folders of RAVDESS; gives the folder of the checkpoint.

    Raises:
        InputError: a folder holds no RAVDESS, or of no actor there is plain speech and an emotion of both strengths.
        MediaError: a recording cannot be read.
    """
    acted = heard_acted(data, recipe.held_out, progress)
    found = fit_strength(acted, recipe)
    out.mkdir(parents=True, exist_ok=True)
    with taking_place(out / f"{MODULE}.safetensors") as hidden:
        save_file({"weight": found.weight, "bias": found.bias}, hidden)
    write_config(out, KIND, VERSION, {"emotions": list(RANKED), "recipe": to_plain(recipe)})
    return out


def heard_acted(data: Sequence[Path], held_out: Sequence[str], progress: Progress | None = None) -> Acted:
    """All clips of folders in which something is said plainly or with an emotion, and voice enough."""
    wanted = [clip for clip in _clips(data) if clip.identity not in held_out]
    clips, rows = [], []
    for done, clip in enumerate(wanted, 1):
        assert clip.sound is not None
        numbers = effort(voice_frames(read_sound(clip.sound).waveform))
        if numbers is not None:
            clips.append(clip)
            rows.append(numbers)
        if progress is not None:
            progress(done, len(wanted))
    if not clips:
        raise InputError(f"nobody speaks in {', '.join(map(str, data))} but those who are held out")
    return Acted(clips, np.stack(rows), group_shares())


def group_shares() -> Float64:
    """(D,) so much of each number that all groups count alike."""
    return np.concatenate([np.full(len(names), len(names) ** -0.5) for names in GROUPS.values()])


def _clips(data: Sequence[Path]) -> Iterator[Clip]:
    for folder in data:
        for clip in read_ravdess(folder).clips:
            if clip.name.split("-")[2] != CALM:
                yield clip


def fit_strength(acted: Acted, recipe: VoiceStrengthRecipe) -> VoiceStrength:
    """Ranking machines of six emotions.

    Raises:
        InputError: of no actor there is what is compared.
    """
    mean, scale = acted.numbers.mean(axis=0), acted.numbers.std(axis=0)
    units = acted.groups / np.where(scale > 0, scale, 1)
    even = Acted(acted.clips, (acted.numbers - mean) * units, acted.groups)
    weights, biases = zip(*(_machine(even, emotion, recipe) for emotion in RANKED), strict=True)
    weight = np.stack(weights) * units
    return VoiceStrength(weight, np.array(biases) - weight @ mean)


def _machine(acted: Acted, emotion: str, recipe: VoiceStrengthRecipe) -> tuple[Float64, float]:
    """Weights (D,) and bias of one emotion, such that plain speech lies at `PLAIN` and strong at `STRONG`."""
    direction = fit_ranking(emotion_pairs(acted, emotion, recipe), recipe.cost)
    scores = acted.numbers @ direction
    low, high = np.median(scores[acted.of(NEUTRAL)]), np.median(scores[acted.of(emotion, STRONGLY)])
    odds = np.log([PLAIN / (1 - PLAIN), STRONG / (1 - STRONG)])
    steepness = (odds[1] - odds[0]) / max(high - low, 1e-9)
    return steepness * direction, float(odds[0] - steepness * low)


def emotion_pairs(acted: Acted, emotion: str, recipe: VoiceStrengthRecipe) -> Pairs:
    """What one machine learns from.

    Raises:
        InputError: there are no pairs.
    """
    stronger = pairs_in_order(acted, acted.of(emotion, STRONGLY), acted.of(emotion, NORMALLY))
    felt = pairs_in_order(acted, acted.of(emotion), acted.of(NEUTRAL))
    if not len(stronger) or not len(felt):
        raise InputError(f"nobody acts {emotion} normally and strongly, and speaks plainly too; it takes all three")
    alike = [acted.of(emotion, NORMALLY), acted.of(emotion, STRONGLY), acted.of(NEUTRAL)]
    draws = np.random.default_rng(recipe.seed)
    similar = np.concatenate([_different_people(acted, some, recipe.others, draws) for some in alike])
    return Pairs(
        ordered=np.concatenate([stronger, felt]),
        similar=recipe.alike**0.5 * similar,
        counts=np.repeat([1.0, recipe.plain], [len(stronger), len(felt)]),
    )


def pairs_in_order(acted: Acted, more: Bool, less: Bool) -> Float64:
    """(N, D) each clip that is more, less each that is less and of the same actor and sentence."""
    pairs = [
        acted.numbers[one] - acted.numbers[other]
        for one, other in product(_places(more), _places(less))
        if _said(acted.clips[one]) == _said(acted.clips[other])
    ]
    return np.array(pairs).reshape(-1, acted.numbers.shape[1])


def _places(chosen: Bool) -> list[int]:
    places: list[int] = np.flatnonzero(chosen).tolist()
    return places


def _said(clip: Clip) -> tuple[str, str]:
    return clip.identity, clip.sentence


def _different_people(acted: Acted, some: Bool, count: int, draws: np.random.Generator) -> Float64:
    """(M, D) differences of each of some clips from others among them, of other people."""
    there = _places(some)
    pairs = []
    for one in there:
        others = [other for other in there if acted.clips[other].identity != acted.clips[one].identity]
        for other in draws.permutation(others)[:count].tolist():
            pairs.append(acted.numbers[one] - acted.numbers[other])
    return np.array(pairs).reshape(-1, acted.numbers.shape[1])

"""How truly the strength of a voice is told: `python benchmarks/voice_strength.py RAVDESS [--heard FILE] [--auto]`.

Prints Markdown. Right is a pair of one actor and sentence that comes in order: an emotion acted strongly above the
same acted normally, and an emotion above plain speech. Five folds of four actors, each told by what was learned from
the others; actors 17 to 20 by the weights that ship, which never heard them. At an unknown level, what goes by energy
is up to 20 dB louder or softer, by lot; ours, which no gain changes, is by lot as it was or 20 dB softer in 16 bits, as
a soft recording is. Intervals are of 95 %, over actors by resampling. `--heard` keeps what was heard, which takes
minutes, for the next time; `--auto` tells how strong the feelings of `--emotion auto` are, and were.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from dicetalk.data.clip import Clip
from dicetalk.data.ravdess import HELD_OUT, read_ravdess
from dicetalk.data.voices import Voices, another_voice
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.media import read_sound
from dicetalk.sources.heard import voice_feeling
from dicetalk.speech import Hearing
from dicetalk.speech.rows import speech_rows
from dicetalk.training.recipes import VOICE_STRENGTH
from dicetalk.training.voice_strength import (
    CALM,
    NORMALLY,
    STRONGLY,
    Acted,
    VoiceStrengthRecipe,
    emotion_pairs,
    fit_strength,
    group_shares,
)
from dicetalk.voice.effort import WIDTH, effort
from dicetalk.voice.frames import voice_frames
from dicetalk.voice.functionals import NAMES, features
from dicetalk.voice.ranking import fit_ranking
from dicetalk.voice.reading import doubts_about
from dicetalk.voice.strength import RANKED, VoiceStrength, squashed

FOLDS = 5
RESAMPLED = 1000
HARDLY = 0.05
"""What a score may change by."""
GAIN = 20.0
"""Of an unknown level, either way [dB]."""
ELSEWHERE = Voices(speaker=0, room=0.3, colour=0.6, noise=0.6, level=0, codec=0.3)
"""Another room and recorder, and the same voice."""
PUBLISHED, MOVED, OURS, SOFTER = ("published", "published, other level", "ours", "20 dB softer")
"""What is heard of each recording."""
LOUDER, ROOM = ("20 dB louder, cut off at full scale", "another room")
"""What is heard of those held out, too."""
CUT = "a warning is given"
"""Whether the louder recording is told to be cut off."""
LOUDNESS = tuple(n for n, name in enumerate(NAMES) if "energy" in name)
PUBLISHED_COST = 0.1

Scores = np.ndarray
"""(N, 6) of each clip, for each emotion of `RANKED`."""
Method = Callable[[Acted], Callable[[np.ndarray], Scores]]
"""What learns from clips how numbers are scored."""


def hear(clips: Sequence[Clip]) -> dict[str, np.ndarray]:
    """What is heard of each clip, by kind, (N, D) each; NaN where there is no voice."""
    heard: dict[str, list[np.ndarray]] = {kind: [] for kind in (PUBLISHED, MOVED, OURS, SOFTER, LOUDER, CUT, ROOM)}
    times = np.float32(10 ** (GAIN / 20))
    for number, clip in enumerate(clips):
        if _is_calm(clip):
            continue
        assert clip.sound is not None
        sound = read_sound(clip.sound).waveform
        samples = sound.astype(np.float32)
        gain = np.random.default_rng([number, 1]).uniform(-GAIN, GAIN)
        heard[PUBLISHED].append(features(sound))
        heard[MOVED].append(features(sound.astype(np.float64) * 10 ** (gain / 20)))
        heard[OURS].append(_numbers(sound))
        heard[SOFTER].append(_numbers(np.round(samples / times).astype(np.int16)))
        if clip.identity in HELD_OUT:
            loud = np.clip(np.round(samples * times), -32768, 32767).astype(np.int16)
            heard[LOUDER].append(_numbers(loud))
            heard[CUT].append(np.array(bool(doubts_about(loud))))
            heard[ROOM].append(_numbers(another_voice(sound, np.random.default_rng(number), ELSEWHERE)))
    return {kind: np.array(rows) for kind, rows in heard.items()}


def _numbers(sound: np.ndarray) -> np.ndarray:
    found = effort(voice_frames(sound))
    return np.full(WIDTH, np.nan) if found is None else found


def _is_calm(clip: Clip) -> bool:
    return clip.name.split("-")[2] == CALM


def published(recipe: VoiceStrengthRecipe, chosen: Sequence[int], strengths: bool) -> Method:
    """The ranker on some of the published features, brought between 0 and 1; with pairs of strengths or without."""

    def learn(acted: Acted) -> Callable[[np.ndarray], Scores]:
        low, high = acted.numbers.min(axis=0), acted.numbers.max(axis=0)
        span = np.where(high > low, high - low, 1)

        def even(numbers: np.ndarray) -> np.ndarray:
            return ((numbers - low) / span)[:, chosen]

        level = replace(acted, numbers=even(acted.numbers))
        directions = []
        for emotion in RANKED:
            pairs = emotion_pairs(level, emotion, recipe)
            kept = np.ones(len(pairs.counts), bool) if strengths else pairs.counts != 1
            plain = replace(pairs, ordered=pairs.ordered[kept], counts=np.ones(kept.sum()))
            directions.append(fit_ranking(plain, PUBLISHED_COST))
        return lambda numbers: even(numbers) @ np.stack(directions).T

    return learn


def ours(recipe: VoiceStrengthRecipe) -> Method:
    """The ranker that ships."""

    def learn(acted: Acted) -> Callable[[np.ndarray], Scores]:
        found = fit_strength(acted, recipe)
        return lambda numbers: squashed(numbers @ found.weight.T + found.bias)

    return learn


def told(acted: Acted, other: np.ndarray, method: Method) -> Scores:
    """Scores of each clip, whose numbers are `other`, by what was learned from the folds without its actor."""
    people = sorted({clip.identity for clip in acted.clips})
    scores = np.zeros((len(acted.clips), len(RANKED)))
    for fold in range(FOLDS):
        four = people[fold * len(people) // FOLDS : (fold + 1) * len(people) // FOLDS]
        there = np.array([clip.identity in four for clip in acted.clips])
        scores[there] = method(acted.without(four))(other[there])
    return scores


@dataclass(frozen=True, eq=False)
class Order:
    """How many pairs of an actor come in order: right and all, (actors, 6) both."""

    right: np.ndarray
    count: np.ndarray

    def share(self, actors: np.ndarray | slice = slice(None), emotions: slice = slice(None)) -> float:
        """The mean over emotions, of some actors."""
        right, count = self.right[actors, emotions].sum(axis=0), self.count[actors, emotions].sum(axis=0)
        return float((right / count).mean())

    def __str__(self) -> str:
        draws = np.random.default_rng(0)
        shares = [self.share(draws.integers(len(self.right), size=len(self.right))) for _ in range(RESAMPLED)]
        low, high = np.quantile(shares, [0.025, 0.975])
        return f"{self.share():.3f} ({low:.3f} to {high:.3f})"


def order(acted: Acted, scores: Scores, strong: bool) -> Order:
    """How often what is stronger scores higher: strong above normal, or felt above plain."""
    people = sorted({clip.identity for clip in acted.clips})
    right, count = np.zeros((2, len(people), len(RANKED)))
    for column, emotion in enumerate(RANKED):
        more = acted.of(emotion, STRONGLY) if strong else acted.of(emotion)
        less = acted.of(emotion, NORMALLY) if strong else acted.of(NEUTRAL)
        for one, other in product(np.flatnonzero(more).tolist(), np.flatnonzero(less).tolist()):
            first, second = acted.clips[one], acted.clips[other]
            if (first.identity, first.sentence) == (second.identity, second.sentence):
                who = people.index(first.identity)
                right[who, column] += scores[one, column] > scores[other, column]
                count[who, column] += 1
    return Order(right, count)


def between_people(acted: Acted, scores: Scores) -> float:
    """The same of strong and normal clips of different people of a fold, whose scores were told alike."""
    people = sorted({clip.identity for clip in acted.clips})
    fold = np.array([people.index(clip.identity) * FOLDS // len(people) for clip in acted.clips])
    who = np.array([clip.identity for clip in acted.clips])
    shares = []
    for column, emotion in enumerate(RANKED):
        more, less = np.flatnonzero(acted.of(emotion, STRONGLY)), np.flatnonzero(acted.of(emotion, NORMALLY))
        apart = (fold[more, None] == fold[less]) & (who[more, None] != who[less])
        shares.append((scores[more, column][:, None] > scores[less, column])[apart].mean())
    return float(np.mean(shares))


def print_auto(clips: Sequence[Clip]) -> None:
    """Print how strong the feelings of `auto` are, of those whom neither part ever heard."""
    unseen = [clip for clip in clips if clip.identity in HELD_OUT]
    before, now = [], []
    for clip in unseen:
        assert clip.sound is not None
        sound = read_sound(clip.sound).waveform
        feeling = voice_feeling(speech_rows(sound, Hearing(sound).whole()), voice_frames(sound))
        shown = sum(feeling.strengths.values())
        whole = float(feeling.why.rsplit("told at ", 1)[1]) if shown else 1.0
        before.append(shown / whole)  # all of it scales with the strength that was told
        now.append(shown)
    acted = Acted(unseen, np.zeros((len(unseen), 1)), np.ones(1))
    print("\n| strength of `auto`, actors 17 to 20 | strong above normal | felt above plain |\n|---|---|---|")
    for name, found in (("how sure it is, as before", before), ("what the voice tells", now)):
        scores = np.repeat(np.array(found)[:, None], len(RANKED), axis=1)
        print(f"| {name} | {order(acted, scores, True)} | {order(acted, scores, False)} |", flush=True)


def report(clips: Sequence[Clip], heard: dict[str, np.ndarray]) -> None:
    """Print all tables."""
    for kind in (SOFTER, LOUDER, ROOM):  # where no voice is left, what is heard is that of the mean
        heard[kind] = np.where(np.isnan(heard[kind]), heard[OURS].mean(axis=0), heard[kind])
    recipe = replace(VOICE_STRENGTH, held_out=())
    acted = Acted(clips, heard[OURS], group_shares())
    print("| what tells | strong above normal | unknown level | felt above plain | unknown level | different people |")
    print("|---|---|---|---|---|---|")
    for name, here, there in (*baselines(acted, heard), *published_rankers(acted, heard, recipe)):
        _print_row(acted, name, here, there)
    mine = ours(recipe)
    found = told(acted, heard[OURS], mine)
    lots = np.random.default_rng(0).random(len(clips))[:, None] < 0.5
    _print_row(acted, "**ours**", found, told(acted, np.where(lots, heard[SOFTER], heard[OURS]), mine))
    print_emotions(acted, found)
    _print_change(SOFTER, found, told(acted, heard[SOFTER], mine))
    print_shipped(acted, heard)


Row = tuple[str, Scores, Scores]
"""What tells; scores as recorded, and at an unknown level."""


def baselines(acted: Acted, heard: dict[str, np.ndarray]) -> list[Row]:
    """Mean energy and mean pitch, the same for every emotion."""
    energy, pitch = NAMES.index("energy: mean"), 0
    rows = []
    for name, column, here, there in (
        ("mean energy alone", energy, heard[PUBLISHED], heard[MOVED]),
        ("mean pitch alone", pitch, heard[OURS], heard[SOFTER]),
    ):
        as_it_is, moved = (np.repeat(numbers[:, [column]], len(RANKED), axis=1) for numbers in (here, there))
        rows.append((name, as_it_is, moved))
    return rows


def published_rankers(acted: Acted, heard: dict[str, np.ndarray], recipe: VoiceStrengthRecipe) -> list[Row]:
    """On the published features: as published, with pairs of strengths, and those without energy."""
    acted = replace(acted, numbers=heard[PUBLISHED])
    every, without = range(len(NAMES)), [n for n in range(len(NAMES)) if n not in LOUDNESS]
    rows = []
    for name, chosen, strengths in (
        ("published features, emotion above plain", every, False),
        ("published features, strengths too", every, True),
        ("the same without energy", without, True),
    ):
        method = published(recipe, chosen, strengths)
        rows.append((name, told(acted, heard[PUBLISHED], method), told(acted, heard[MOVED], method)))
    return rows


def _print_row(acted: Acted, name: str, here: Scores, there: Scores | None) -> None:
    columns = [(strong, scores) for strong in (True, False) for scores in (here, there)]
    cells = ["" if scores is None else str(order(acted, scores, strong)) for strong, scores in columns]
    print(f"| {name} | {' | '.join(cells)} | {between_people(acted, here):.3f} |", flush=True)


def print_emotions(acted: Acted, scores: Scores) -> None:
    """Print how each emotion does."""
    print("\n| ours | " + " | ".join(RANKED) + " |\n|---|" + "---|" * len(RANKED))
    for name, strong in (("strong above normal", True), ("felt above plain", False)):
        each = order(acted, scores, strong)
        shares = (f"{each.share(emotions=slice(n, n + 1)):.3f}" for n in range(len(RANKED)))
        print(f"| {name} | {' | '.join(shares)} |")


def _print_change(kind: str, before: Scores, after: Scores) -> None:
    """Print by how much scores change, and for how many recordings any of its scores does by more than `HARDLY`."""
    change = np.abs(after - before)
    rarely, often = np.quantile(change, 0.95), (change.max(axis=1) > HARDLY).sum()
    print(f"\n{kind}: the score changes by {change.mean():.4f} on average, by more than {rarely:.3f} in 5 of 100;")
    print(f"any of the six by more than {HARDLY} in {often} of {len(change)} recordings, by {change.max():.3f} at most")


def print_shipped(acted: Acted, heard: dict[str, np.ndarray]) -> None:
    """Print what the weights that ship reach on those who were held out."""
    unseen = acted.part(np.array([clip.identity in HELD_OUT for clip in acted.clips]))
    weights = VoiceStrength.load()
    print("\n| the weights that ship, actors 17 to 20 | strong above normal | felt above plain |\n|---|---|---|")
    scores = {}
    for kind, numbers in (("as recorded", unseen.numbers), *((kind, heard[kind]) for kind in (LOUDER, ROOM))):
        scores[kind] = squashed(numbers @ weights.weight.T + weights.bias)
        cells = [order(unseen, scores[kind], strong) for strong in (True, False)]
        print(f"| {kind} | {' | '.join(map(str, cells))} |")
    for kind in (LOUDER, ROOM):
        _print_change(kind, scores["as recorded"], scores[kind])
    told_of = heard[CUT].astype(bool)
    for name, some in ((CUT, told_of), ("none is given", ~told_of)):
        _print_change(f"{LOUDER}, {name}", scores["as recorded"][some], scores[LOUDER][some])


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("ravdess", type=Path)
    arguments.add_argument("--heard", type=Path)
    arguments.add_argument("--auto", action="store_true")
    given = arguments.parse_args()
    clips = read_ravdess(given.ravdess).clips
    if given.heard is not None and given.heard.exists():
        heard = load_file(given.heard)
    else:
        heard = hear(clips)
        if given.heard is not None:
            save_file(heard, given.heard)
    said = [clip for clip in clips if not _is_calm(clip)]
    report(said, heard)
    if given.auto:
        print_auto(said)


if __name__ == "__main__":
    main()

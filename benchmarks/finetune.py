"""Whether `dicetalk finetune` explains a person better than the model of everybody: on real clips, ends kept back.

    OMP_NUM_THREADS=1 python benchmarks/finetune.py clips/ --runs runs/people -o benchmarks/results/

Of each clip that is long enough the beginning is learned from; everything is measured on the end. Rows beside it: the
model as it is; the same with a factor and an offset for each channel, by least squares on the beginning; the models of
the other people. Runs are kept in `--runs`, where the same command goes on. Nothing of a clip is kept but averages.
"""

from __future__ import annotations

import argparse
import csv
import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from motion_clips import conditions, feeling, open_model
from torch import Tensor

from dicetalk.acting.eyes import BLINK_EVERY
from dicetalk.config import changed
from dicetalk.data.passages import Acted, read_acted
from dicetalk.data.person import PREPARED
from dicetalk.diffusion.checkpoint import SHIPPED
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.evaluation.head_motion import Range, log_spectrum
from dicetalk.media import read_sound
from dicetalk.motion.blinks import blink_starts
from dicetalk.motion.space import EYES, MOUTH, SHAPES, Motion, concatenate
from dicetalk.rates import FPS, SAMPLES_PER_FRAME
from dicetalk.tracking.tracker import watch
from dicetalk.training.person_motion import (
    Personal,
    PersonRecipe,
    PersonTask,
    apart,
    finetune_motion,
    open_start,
)

KEPT_BACK = 0.4
"""Of clips that are much shorter than what `finetune` wants."""
LEAST_S = 7.9
TAKES = 3
DRAWS = 10_000
STRONG = 0.8
FELT = ("happy", "angry", "sad")
RIDGE = 20.0
"""Frames' worth of belief that a channel's factor is 1 and its offset 0."""
HEAD = np.arange(len(SHAPES), len(SHAPES) + 6)
BROWS = np.array([i for i, name in enumerate(SHAPES) if name.startswith("brow")])
LIPS = np.flatnonzero(MOUTH & ~EYES)
PARTS = {"all": np.arange(len(SHAPES) + 6), "head": HEAD, "brows": BROWS, "lips and jaw": LIPS}
ROWS = ("model", "factor and offset", "another's", "finetuned")


@dataclass(frozen=True, eq=False)
class Person:
    """A clip and what was learned of it."""

    clip: Path
    made: Personal
    learned: Acted
    kept_back: Acted


def main() -> None:
    """Learn, measure, write a page."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("clips", type=Path)
    words.add_argument("--runs", type=Path, required=True)
    words.add_argument("-o", "--out", type=Path, required=True)
    words.add_argument("--least", type=float, default=LEAST_S, help="of a clip [s]")
    words.add_argument("--leave-out", action="append", default=[], metavar="NAME", help="a clip by how its name begins")
    words.add_argument("--set", action="append", default=[], dest="changes")
    told = words.parse_args()
    torch.set_num_threads(1)
    recipe = changed(replace(PersonRecipe(), kept_back=KEPT_BACK), told.changes)
    people = [person(clip, told.runs, recipe) for clip in clips_of(told.clips, told.least, told.leave_out)]
    lines: list[str] = []
    for part in page(people, recipe):
        print("\n".join(part), flush=True)
        lines += part
    (told.out / f"{datetime.date.today()}-finetune.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def clips_of(folder: Path, least: float, without: Sequence[str]) -> list[Path]:
    with (folder / "clips.csv").open(newline="", encoding="utf-8") as file:
        long = [row["file"] for row in csv.DictReader(file) if float(row["seconds"]) >= least]
    return [folder / name for name in long if not name.startswith(tuple(without))]


def person(clip: Path, runs: Path, recipe: PersonRecipe) -> Person:
    out = runs / clip.stem
    made = finetune_motion([clip], out, recipe)
    print(clip.stem, *made.lines(), sep="\n  ", flush=True)
    return Person(clip, made, *apart(read_acted([out / PREPARED]), recipe.kept_back))


def page(people: Sequence[Person], recipe: PersonRecipe) -> Iterator[list[str]]:
    seconds = [sum(each.made.seconds[part] for each in people) for part in (0, 1)]
    steps = recipe.learning.loop.steps
    yield [
        f"# One person's motion, {datetime.date.today()}",
        "",
        f"{len(people)} people, one clip each: {seconds[0]:.0f} s learned from, {seconds[1]:.0f} s kept back,",
        f"at most {recipe.passes} passes over that, {steps} steps of {recipe.learning.batch} windows.",
        "Neutral is told. Intervals of 95 %, over people.",
        "",
    ]
    yield errors_table(people, recipe)
    yield heads_table(people)
    yield feelings_lines(people)
    yield blinks_lines(people)


def errors_table(people: Sequence[Person], recipe: PersonRecipe) -> list[str]:
    """Mean squared error of standard motion at three levels of noise."""
    found = np.array([errors(each, people, recipe) for each in people])  # (people, rows, parts)
    lines = ["| error on what was kept back | " + " | ".join(PARTS) + " |", "|---" * (len(PARTS) + 1) + "|"]
    for number, name in enumerate(ROWS):
        cells = [str(interval(found[:, number, part])) for part in range(len(PARTS))]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    for number, name in ((0, "model"), (1, "factor and offset"), (2, "another's")):
        ratio = found[:, 3] / found[:, number]
        cells = [
            f"{interval(ratio[:, part])}, {int((ratio[:, part] < 1).sum())} of {len(people)}"
            for part in range(len(PARTS))
        ]
        lines.append(f"| finetuned / {name} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def errors(one: Person, people: Sequence[Person], recipe: PersonRecipe) -> list[list[float]]:
    task = PersonTask(open_start(SHIPPED), one.learned, one.kept_back, recipe)
    true = task.held_out.motion
    plain = task.guesses(task.held_out)
    fitted = least_squares(task)
    others = []
    for other in people:
        if other is not one:
            others.append(parts_of(with_model(other, one, recipe), true))
    own = with_model(one, one, recipe)
    return [parts_of(plain, true), parts_of([fit(x) for fit, x in zip(fitted, plain, strict=True)], true),
            np.mean(others, 0).tolist(), parts_of(own, true)]  # fmt: skip


def with_model(whose: Person, of: Person, recipe: PersonRecipe) -> list[Tensor]:
    """In the standard of the model of everybody: a person's own tells how far the head moves, too."""
    start = replace(open_start(whose.made.folder), standard=open_start(SHIPPED).standard)
    task = PersonTask(start, of.learned, of.kept_back, recipe)
    return task.guesses(task.held_out)


def parts_of(made: Sequence[Tensor], true: Tensor) -> list[float]:
    away = torch.stack([(each - true).square() for each in made]).mean((0, 1, 2)).numpy()
    return [float(away[columns].mean()) for columns in PARTS.values()]


def least_squares(task: PersonTask) -> list[Callable[[Tensor], Tensor]]:
    """At each level of noise, a factor and an offset of each channel, fitted on what is learned from."""
    windows = task.drawn(torch.Generator().manual_seed(5))
    fits = []
    for made in task.guesses(windows):
        x, y = made.flatten(0, 1), windows.motion.flatten(0, 1)
        count = len(x) / 16 + RIDGE  # frames of windows overlap
        mx, my = x.mean(0), y.mean(0)
        factor = (((x - mx) * (y - my)).mean(0) * len(x) / 16 + RIDGE) / (
            (x - mx).square().mean(0) * len(x) / 16 + RIDGE
        )
        offset = (my - factor * mx) * (len(x) / 16) / count
        fits.append(lambda each, factor=factor, offset=offset: factor * each + offset)
    return fits


def heads_table(people: Sequence[Person]) -> list[str]:
    """How far head spectra of motion made for the kept back sound are from the real ones."""
    shipped = open_model(SHIPPED)
    found = []
    for each in people:
        real, own, plain = real_head(each), open_model(each.made.folder), shipped
        sound = kept_sound(each)
        spectra = {}
        for name, model in (("model", plain), ("finetuned", own)):
            frames = len(sound) // SAMPLES_PER_FRAME
            moved = [move(model, sound, feeling(frames, NEUTRAL, 0.0), seed) for seed in range(TAKES)]
            spectra[name] = np.mean([log_spectrum(motion.pose.astype(np.float64)) for motion in moved], 0)
        found.append([rms(spectra[name] - real) for name in ("model", "finetuned")] + [rms(learned_head(each) - real)])
    values = np.array(found)
    lines = ["| head spectrum, distance from what was kept back [log10] | |", "|---|---|"]
    for name, column in (("model", 0), ("finetuned", 1), ("the same person's beginning", 2)):
        lines.append(f"| {name} | {interval(values[:, column])} |")
    less = values[:, 0] - values[:, 1]
    return [*lines, f"| model less finetuned | {interval(less)}, {int((less > 0).sum())} of {len(people)} nearer |", ""]


def rms(x: np.ndarray) -> float:
    return float(np.sqrt((x**2).mean()))


def real_head(each: Person) -> np.ndarray:
    return log_spectrum(each.kept_back.motion[0, :, HEAD].T.astype(np.float64))


def learned_head(each: Person) -> np.ndarray:
    return log_spectrum(each.learned.motion[0, :, HEAD].T.astype(np.float64))


def kept_sound(each: Person) -> np.ndarray:
    waveform, frames = read_sound(each.clip).waveform, int(each.kept_back.starts[-1])
    last = min(len(waveform) // SAMPLES_PER_FRAME, frames + each.learned.motion.shape[1] + FPS)
    return waveform[(last - frames) * SAMPLES_PER_FRAME : last * SAMPLES_PER_FRAME]


def move(model, sound, felt, seed: int) -> Motion:  # type: ignore[no-untyped-def]
    return concatenate(list(model.move(conditions(sound, felt, seed))))


def feelings_lines(people: Sequence[Person]) -> list[str]:
    """How much of what a feeling does to the model's face is left in a person's."""
    shipped, kept = open_model(SHIPPED), []
    for each in people:
        sound, own = kept_sound(each), open_model(each.made.folder)
        frames, shares = len(sound) // SAMPLES_PER_FRAME, []
        plain = [move(model, sound, feeling(frames, NEUTRAL, 0.0), 0).shapes.mean(0) for model in (shipped, own)]
        for name in FELT:
            felt = [move(model, sound, feeling(frames, name, STRONG), 0).shapes.mean(0) for model in (shipped, own)]
            ways = [(one - other)[~EYES] for one, other in zip(felt, plain, strict=True)]
            shares.append(float(ways[0] @ ways[1] / (ways[0] @ ways[0])))
        kept.append(float(np.mean(shares)))
    return [
        f"Of what {', '.join(FELT)} at strength {STRONG} do to the model's face, a person's does",
        f"{interval(np.array(kept))}.",
        "",
    ]


def blinks_lines(people: Sequence[Person]) -> list[str]:
    """Log likelihood of the blinks kept back, a Poisson process: by the person's rate, and by everybody's."""
    gains, count, seconds = [], 0, 0.0
    for each in people:
        shapes = watch(each.clip).motion.shapes
        cut = int(len(shapes) * (1 - KEPT_BACK))
        starts = np.array(blink_starts(shapes))
        before, after = int((starts < cut).sum()), int((starts >= cut).sum())
        own = (cut / FPS + 4 * BLINK_EVERY) / (before + 4)
        left = (len(shapes) - cut) / FPS
        gains.append(after * np.log(BLINK_EVERY / own) - left * (1 / own - 1 / BLINK_EVERY))
        count, seconds = count + after, seconds + left
    told = interval(np.array(gains))
    return [f"{count} blinks in {seconds:.0f} s kept back: the rate of each beginning makes them {told} nats likelier."]


def interval(values: np.ndarray) -> Range:
    picks = np.random.default_rng(0).integers(len(values), size=(DRAWS, len(values)))
    low, high = np.percentile(values[picks].mean(1), [2.5, 97.5])
    return Range(float(values.mean()), float(low), float(high))


if __name__ == "__main__":
    main()

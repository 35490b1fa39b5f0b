"""What loss weights and other options are worth: train a recipe once for each of their settings, judge on people apart.

    python benchmarks/sweep.py PREPARED[,PREPARED] RUNS --judges ravdess_13,ravdess_14 between=0,0.5,1 spread=0,0.5 \
        --set loop.steps=300

Every setting has its folder in RUNS; the same call goes on where it was stopped. The judges are never learned from, and
the people whom the recipe holds out are neither learned from nor looked at: they stay fit to validate what is chosen.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from dicetalk.config import changed
from dicetalk.data.dataset import Recordings, embed, load_recordings
from dicetalk.emotion.priors import likeness, read_priors
from dicetalk.emotion.space import PRIORS
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import ConfigError, InputError
from dicetalk.evaluation.probes import Score, cluster_ratio, score
from dicetalk.training.recipes import Recipe, recipe, train_by
from dicetalk.training.stage1_embedder import load_embedder

STREAMS = {"audio": (True, False), "video": (False, True), "both": (True, True)}


def settings(options: Sequence[str]) -> list[tuple[str, ...]]:
    """Every combination of `a.b=1,2` and `c=3,4`, each as changes of a recipe."""
    choices = []
    for option in options:
        name, sign, values = option.partition("=")
        if not sign or not all(values.split(",")):
            raise ConfigError(f"{option!r} names no values; expected OPTION=VALUE,VALUE")
        choices.append([f"{name}={value}" for value in values.split(",")])
    return list(itertools.product(*choices))


def judged(folder: Path, clips: Recordings) -> Iterator[tuple[str, Score, float]]:
    """Of each stream its name, how often the nearest prior is the right one, and the cluster ratio."""
    net, priors = load_embedder(folder), read_priors(folder / PRIORS)
    names = [name for name in NAMES if name in priors]
    for what, (heard, seen) in STREAMS.items():
        part = clips.part(clips.heard) if heard else clips
        means = embed(net, part, heard=heard, seen=seen).mean
        shares = likeness(means.numpy(), priors, names)
        nearest = np.array([NAMES.index(name) for name in names])[shares.argmax(1)]
        right = score(nearest, part.emotions.numpy())
        yield what, right, cluster_ratio(means.double().numpy(), part.emotions.numpy())


def line(setting: Sequence[str], found: Sequence[tuple[str, Score, float]]) -> str:
    cells = [f"{right}, ratio {ratio:.1f}" for _, right, ratio in found]
    return f"| {' '.join(setting)} | {' | '.join(cells)} |"


def sweep(
    data: Sequence[Path], runs: Path, base: Recipe, judges: Sequence[str], tried: Sequence[tuple[str, ...]]
) -> Iterator[str]:
    """A table in Markdown, line by line as the runs end."""
    everything = load_recordings(*data)
    absent = sorted(set(judges) - set(everything.people))
    if absent or set(judges) & set(base.held_out):
        raise InputError(f"judges are people of the data whom the recipe does not hold out: {', '.join(judges)}")
    yield f"| setting | {' | '.join(STREAMS)} |\n|---|{'---|' * len(STREAMS)}"
    for setting in tried:
        chosen = replace(changed(base, setting), held_out=(*base.held_out, *judges))
        folder = train_by(chosen, data, runs / "_".join(setting))
        yield line(setting, list(judged(folder, everything.of(judges))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=lambda text: [Path(folder) for folder in text.split(",")])
    parser.add_argument("runs", type=Path)
    parser.add_argument("options", nargs="+", metavar="OPTION=VALUE,VALUE")
    parser.add_argument("--judges", required=True, type=lambda text: text.split(","))
    parser.add_argument("--recipe", default="embedder-small")
    parser.add_argument("--set", dest="changes", nargs="*", default=[], metavar="OPTION=VALUE")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    base = changed(recipe(asked.recipe), asked.changes)
    for text in sweep(asked.data, asked.runs, base, asked.judges, settings(asked.options)):
        print(text, flush=True)


if __name__ == "__main__":
    main()

"""Whether a graph of objects is worth it: on drawn scenes, beside a bag of the same objects and the scene alone.

    python benchmarks/scene.py RUNS

Three seeds: of the network, of the scenes and of which pairs of names are kept apart. Intervals are Wilson's, 95 %,
over scenes. What a scene makes one feel follows from which two objects touch (`data.drawn_scenes.felt`), so that this
says what the network can do, and nothing about real pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from dicetalk.training.loop import train
from dicetalk.training.recipes import SCENE_SMALL
from dicetalk.training.scene import Scenes, SceneTask, Sees, scene_task, write_scene

SEEDS = 3
MEASURED = 2000


def taught(base: SceneTask, sees: Sees, out: Path) -> SceneTask:
    """A network that has learned the same scenes by what it may see; kept in a folder."""
    recipe = replace(base.recipe, sees=sees)
    task = SceneTask(recipe, base.learned, base.seen, base.unseen)
    train(task, recipe.loop, out)
    write_scene(out, task)
    return task


def commonest(learned: Scenes, measured: Scenes) -> float:
    """Share that is right if the commonest feeling is told always."""
    return float((measured.labels == torch.bincount(learned.labels).argmax()).float().mean())


def table(runs: Path) -> Iterator[str]:
    rows: dict[str, list[tuple[float, float]]] = {"the commonest feeling": []}
    for seed in range(SEEDS):
        base = scene_task(replace(SCENE_SMALL, loop=replace(SCENE_SMALL.loop, seed=seed)), MEASURED)
        rows["the commonest feeling"].append((commonest(base.learned, base.seen), commonest(base.learned, base.unseen)))
        for sees in reversed(get_args(Sees)):
            task = taught(base, sees, runs / f"{sees}-{seed}")
            rows.setdefault(sees, []).append((task.right(task.seen), task.right(task.unseen)))
    yield f"| sees | pairs seen together: {SEEDS} seeds, mean (95 %) | pairs never seen together |"
    yield "|---|---|---|"
    for name, each in rows.items():
        yield f"| {name} | {' | '.join(_told([float(x) for x in column]) for column in np.array(each).T)} |"


def _told(shares: list[float]) -> str:
    low, high = wilson(round(sum(shares) * MEASURED), MEASURED * len(shares))
    return f"{', '.join(f'{share:.3f}' for share in shares)}; {np.mean(shares):.3f} ({low:.3f} to {high:.3f})"


def wilson(right: int, count: int, deviations: float = 1.96) -> tuple[float, float]:
    """The interval of a share."""
    share, square = right / count, deviations**2 / count
    half = deviations * np.sqrt(share * (1 - share) / count + square / (4 * count))
    return float((share + square / 2 - half) / (1 + square)), float((share + square / 2 + half) / (1 + square))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    torch.set_num_threads(1)
    for line in table(parser.parse_args().runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()

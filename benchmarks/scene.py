"""Whether a graph of objects is worth it: on drawn scenes, beside a bag of the same objects and the scene alone.

    python benchmarks/scene.py table RUNS
    python benchmarks/scene.py draw scene.png

Three seeds: of the network, of the scenes and of which pairs of names are kept apart. Intervals are Wilson's, 95 %,
over scenes. What a scene makes one feel follows from which two objects touch (`data.drawn_scenes.felt`), so that this
says what the network can do, and nothing about real pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import get_args

import numpy as np
import torch

from dicetalk.data.drawn_scenes import HEIGHT, WIDTH, DrawnScene, draw_scenes, pairs_apart
from dicetalk.emotion.circle import MIKELS
from dicetalk.emotion.sheet import Sheet
from dicetalk.media import write_picture
from dicetalk.scene.graph import shipped_graph
from dicetalk.scene.light import light_of
from dicetalk.scene.objects import looks_of
from dicetalk.scene.words import number_of
from dicetalk.training.loop import train
from dicetalk.training.recipes import SCENE_SMALL
from dicetalk.training.scene import Scenes, SceneTask, Sees, scene_task, write_scene

SEEDS = 3


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
        base = scene_task(replace(SCENE_SMALL, loop=replace(SCENE_SMALL.loop, seed=seed)))
        rows["the commonest feeling"].append((commonest(base.learned, base.seen), commonest(base.learned, base.unseen)))
        for sees in reversed(get_args(Sees)):
            task = taught(base, sees, runs / f"{sees}-{seed}")
            rows.setdefault(sees, []).append((task.right(task.seen), task.right(task.unseen)))
    yield f"| sees | pairs seen together: {SEEDS} seeds, mean (95 %) | pairs never seen together |"
    yield "|---|---|---|"
    for name, each in rows.items():
        yield f"| {name} | {' | '.join(_told([float(x) for x in column]) for column in np.array(each).T)} |"


def _told(shares: list[float]) -> str:
    low, high = wilson(round(sum(shares) * SCENE_SMALL.measured), SCENE_SMALL.measured * len(shares))
    return f"{', '.join(f'{share:.3f}' for share in shares)}; {np.mean(shares):.3f} ({low:.3f} to {high:.3f})"


def wilson(right: int, count: int, deviations: float = 1.96) -> tuple[float, float]:
    """The interval of a share."""
    share, square = right / count, deviations**2 / count
    half = deviations * np.sqrt(share * (1 - share) / count + square / (4 * count))
    return float((share + square / 2 - half) / (1 + square)), float((share + square / 2 + half) / (1 + square))


SIDE, ROOM = 640, 150
"""Width of a drawn scene in the figure, and the room below it [px]."""


def draw(path: Path) -> None:
    """Three scenes as the network that ships reads them: who takes from whom, and which count."""
    sheet = Sheet(SIDE * 3 + 4 * 40, 40 + SIDE * HEIGHT // WIDTH + ROOM)
    for number, scene in enumerate(draw_scenes(3, 21, pairs_apart(SCENE_SMALL.loop.seed), unseen=True)):
        _draw_scene(sheet, scene, (40 + number * (SIDE + 40), 40))
    write_picture(path, sheet.picture())


def _draw_scene(sheet: Sheet, scene: DrawnScene, corner: tuple[int, int]) -> None:
    high = SIDE * HEIGHT // WIDTH
    sheet.picture_at(corner, scene.picture, (SIDE, high))
    words = np.array([number_of(some.name) for some in scene.objects], np.int64)
    read = shipped_graph()(light_of(scene.picture), words, looks_of(scene.picture, scene.objects))
    places = [
        (corner[0] + SIDE * (some.box[0] + some.box[2]) / 2, corner[1] + high * (some.box[1] + some.box[3]) / 2)
        for some in scene.objects
    ]
    for one, other in permutations(range(len(places)), 2):
        if read.edges[one, other] > 0.05:
            sheet.line([places[one], places[other]], "#ffffff", 14 * float(read.edges[one, other]))
    for some in scene.objects:
        left, top, right, bottom = some.inside
        sheet.taken.append(
            (corner[0] + SIDE * left, corner[1] + high * top, corner[0] + SIDE * right, corner[1] + high * bottom)
        )
    for wall in (corner[0] - 40, corner[0] + SIDE):
        sheet.taken.append((wall, 0, wall + 40, corner[1] + high))
    ink = "#ffffff" if light_of(scene.picture)[0] < 0.42 else "#000000"
    for some, place, share in zip(scene.objects, places, read.attention, strict=True):
        sheet.label(place, f"{some.name} {share:.2f}", 24, ink, 12)
    middle, low = corner[0] + SIDE / 2, corner[1] + high
    best = int(read.shares.argmax())
    sheet.word((middle, low + 40), f"touching: {' and '.join(sorted(scene.pair))}", 28, "#1c1c1c")
    sheet.word(
        (middle, low + 85),
        f"read as {MIKELS.names[best]} {read.shares[best]:.2f}, is {MIKELS.names[scene.label]}",
        28,
        "#1c1c1c",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("table", "draw"))
    parser.add_argument("path", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.what == "draw":
        draw(chosen.path)
        return
    for line in table(chosen.path):
        print(line, flush=True)


if __name__ == "__main__":
    main()

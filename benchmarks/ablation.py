"""Ablations of the motion diffusion: what each part of it is worth, at small scale, with intervals.

    python benchmarks/ablation.py ACTED... -o FOLDER [--rows full,no-bank] [--seeds 0,1,2] [--set loop.steps=300]

`ACTED` are folders of `dicetalk prepare acted`; voices and languages that are held out are only measured on. Every run
leaves weights and a file of JSON in FOLDER, so that the same command goes on, and measures anew where only the JSON was
deleted; several may work side by side on other rows or seeds.
At the end the report and its pictures are written from all runs there are.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ablated import ROWS, SAME, Row, new_task
from ablation_measures import Judge, entries, few_shot, few_shot_prior, identity, measured, scenes, without
from ablation_report import write_report
from actor_priors import ActorPriors, Faces, all_read, faces_of, find_actor_priors, train_faces
from safetensors.torch import load_file

from dicetalk.config import changed, to_plain
from dicetalk.data.passages import Acted, read_acted
from dicetalk.diffusion.model import MotionSizes
from dicetalk.diffusion.standard import standard_of
from dicetalk.emotion.bank import BankSizes
from dicetalk.emotion.priors import likeness
from dicetalk.emotion.space import SHIPPED, shipped_space
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.files import whole
from dicetalk.modules import save_tensors
from dicetalk.training.loop import LoopOptions, train
from dicetalk.training.motion_recipe import Stage2Motion
from dicetalk.training.stage1_embedder import load_embedder
from dicetalk.training.stage2_motion import MotionTask

SMALL = Stage2Motion(
    sizes=MotionSizes(
        width=96, inner=288, layers=4, heads=4, bank=BankSizes(width=96, hidden=96, tokens=8, codes=64, heads=4)
    ),
    loop=LoopOptions(steps=500, rate=3e-3, warmup=40, decay=0.01, average=0.99),
    batch=32,
    frames=80,
    guided=0.0,
)
SEEDS = (0, 1, 2)
FEW_SHOT_ROWS = ("full", "no-bank")


@dataclass(frozen=True)
class Run:
    """One training: a row, its seed, and the emotion that is left out, if one is."""

    row: str
    seed: int
    left_out: str = ""

    @property
    def name(self) -> str:
        return f"{self.row}{self.left_out and f'-without-{self.left_out}'}-{self.seed}"


class Bench:
    """What all runs share."""

    def __init__(self, learned: Acted, held_out: Acted, recipe: Stage2Motion, windows: int, faces_steps: int) -> None:
        self.learned, self.recipe, self.faces_steps = learned, recipe, faces_steps
        self.space = shipped_space()
        self.priors = [self.space.priors[name] for name in NAMES]
        self.standard = standard_of(learned.motion)
        self.scenes = scenes(held_out, windows, recipe.frames)
        self.judge = Judge(load_embedder(SHIPPED), self.space)

    @cached_property
    def faces(self) -> Faces:
        return faces_of(self.learned)

    @cached_property
    def readings(self) -> torch.Tensor:
        """What the embedder that ships reads in all faces."""
        return all_read(self.judge.embedder, self.faces)

    def run(self, run: Run, out: Path) -> None:
        """Train, unless the weights are there, and measure."""
        recipe = replace(self.recipe, loop=replace(self.recipe.loop, seed=run.seed, save_every=self.recipe.loop.steps))
        acted = without(self.learned, run.left_out) if run.left_out else self.learned
        found = self._actor_priors(ROWS[run.row], run.seed)
        task = new_task(ROWS[run.row], acted, self.priors, recipe, self.standard, found)
        weights, training = out / f"{run.name}.safetensors", out / f"{run.name}.training.json"
        if weights.exists():
            task.net.load_state_dict(load_file(weights))
            task.net.eval()
        else:
            write_json(training, learned_by(task))
            save_tensors(weights, task.net.state_dict())
        told = {"row": run.row, "seed": run.seed, "left out": run.left_out, **json.loads(training.read_text())}
        write_json(out / f"{run.name}.json", told | self._figures(task, run, found))

    def _actor_priors(self, row: Row, seed: int) -> ActorPriors | None:
        if not row.positives:
            return None
        with tempfile.TemporaryDirectory() as folder:
            net = train_faces(self.faces, seed, self.faces_steps, Path(folder), same=row.positives == SAME)
        size = np.mean([np.linalg.norm(each.mean - self.priors[0].mean) for each in self.priors[1:]])
        return find_actor_priors(net, self.faces, float(size))

    def _figures(self, task: MotionTask, run: Run, found: ActorPriors | None) -> dict[str, Any]:
        row = ROWS[run.row]
        if run.left_out:
            return {"few shot": self._few_shot(task, [run.left_out])}
        told: dict[str, Any] = {"figures": measured(task, self.scenes, self.judge)}
        if row.bank:
            told["bank"] = entries(task)
        if run.row == "full":
            told["few shot"] = self._few_shot(task, NAMES[1:])
            told["actors read right"] = self._actors_read_right()
        if run.row == "full" or row.positives:
            readings = self.readings if found is None else found.readings
            told["identity"] = identity(task, self.faces, readings)
        return told

    def _actors_read_right(self) -> float:
        """The share of the actors' own faces of seven feelings, at any strength from a half, that are read right."""
        shown = self.faces.emotions > 0
        read = likeness(self.readings[shown].numpy(), self.space.priors, NAMES).argmax(1)
        return float(np.mean(read == self.faces.emotions[shown].numpy()))

    def _few_shot(self, task: MotionTask, names: Sequence[str]) -> dict[str, dict[str, list[float]]]:
        priors = {name: few_shot_prior(self.faces, name, self.judge) for name in names}
        return few_shot(task, self.scenes, self.judge, priors)


def learned_by(task: MotionTask) -> dict[str, float]:
    """Train; gives how many parameters learned, and in how many seconds."""
    begun = time.time()
    with tempfile.TemporaryDirectory() as folder:
        train(task, task.recipe.loop, Path(folder))
    parts = (task.net.denoiser, task.net.bank)
    count = sum(each.numel() for part in parts for each in part.parameters() if each.grad is not None)
    return {"parameters": count, "training s": time.time() - begun}


def write_json(path: Path, told: Any) -> None:
    with whole(path) as hidden:
        hidden.write_text(json.dumps(told, indent=1), encoding="utf-8")


def ablate(
    data: Sequence[Path], out: Path, recipe: Stage2Motion, runs: Sequence[Run], windows: int, faces_steps: int
) -> None:
    """Make the runs that are not there yet, then write the report of all there are."""
    out.mkdir(parents=True, exist_ok=True)
    missing = [run for run in runs if not (out / f"{run.name}.json").exists()]
    if missing:
        learned, held_out = (read_acted(data, held_out=each) for each in (False, True))
        check_same(out, recipe, learned, windows, faces_steps)
        bench = Bench(learned, held_out, recipe, windows, faces_steps)
        for run in missing:
            bench.run(run, out)
            print(run.name, time.strftime("%H:%M:%S"), flush=True)
    write_report(out, [json.loads(file.read_text()) for file in sorted(out.glob("*-[0-9].json"))])


def check_same(out: Path, recipe: Stage2Motion, learned: Acted, windows: int, faces_steps: int) -> None:
    """Runs of one folder have one budget and the same data."""
    told = {
        "recipe": to_plain(recipe),
        "passages": len(learned.starts) - 1,
        "windows": windows,
        "faces_steps": faces_steps,
    }
    file = out / "budget.json"
    if file.exists() and json.loads(file.read_text()) != told:
        raise SystemExit(f"{file} tells of another budget or other data; use another folder")
    write_json(file, told)


def listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--rows", type=listed, default=list(ROWS), help=f"of {','.join(ROWS)}")
    parser.add_argument("--seeds", type=listed, default=list(map(str, SEEDS)))
    parser.add_argument("--few-shot", type=listed, default=[], help="emotions to leave out, as contempt,surprised")
    parser.add_argument("--set", action="append", default=[], help="an option of the recipe, as loop.steps=300")
    parser.add_argument("--windows", type=int, default=48, help="of held-out passages, on which each run is measured")
    parser.add_argument("--faces-steps", type=int, default=120, help="that the small embedders learn")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    runs = [Run(row, int(seed)) for seed in options.seeds for row in options.rows]
    runs += [Run(row, int(s), name) for s in options.seeds for name in options.few_shot for row in FEW_SHOT_ROWS]
    recipe = changed(SMALL, options.set)
    ablate(options.data, options.out, recipe, runs, options.windows, options.faces_steps)


if __name__ == "__main__":
    main()

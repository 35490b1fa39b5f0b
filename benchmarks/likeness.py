"""The landmark distance (LMD) of backbones to real clips, beside that of a still face.

    python benchmarks/likeness.py CLIPS/ --out FOLDER --backbones rules motion

Each clip of at most 10 s in CLIPS/ (`clips.csv`: file,identity,emotion) is made anew from its own first frame, sound
and emotion. Goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from dicetalk.data.folder import read_folder
from dicetalk.evaluation.clip_set import Options
from dicetalk.evaluation.comparison import REFERENCE, STILL, VIDEOS, Column
from dicetalk.evaluation.figures import Figure, Sums, estimate
from dicetalk.evaluation.likeness import FIGURES
from dicetalk.evaluation.protocol import Plan, Trial
from dicetalk.evaluation.trials import OURS, REAL, Making, make_trials
from dicetalk.evaluation.videos import measure_sets
from dicetalk.media import probe
from dicetalk.pipeline import load

LONGEST_S = 10.1


def plan(folder: Path) -> Plan:
    """The clips that are short enough."""
    clips = [clip for clip in read_folder(folder).clips if clip.video is not None and clip.sound is not None]
    short = [clip for clip in clips if (picture := probe(clip.video)[0]) is not None and picture.seconds <= LONGEST_S]
    return Plan(tuple(Trial(clip, clip) for clip in short), ())


def columns(trials: Plan, backbone: str, folder: Path) -> dict[str, Column]:
    """A backbone's videos and its still faces, measured."""
    made = make_trials(trials, load(backbone), Making(backbone), folder, lambda _done, _total: None, print)
    sets = {VIDEOS: made[OURS], REFERENCE: made[REAL]}
    report = measure_sets(sets, {name: {} for name in sets}, Options(), lambda _done, _total: None, print)
    found = {column.name: column for column in report.comparison.columns}
    return {backbone: found[VIDEOS], f"{backbone}, a still face": found[f"{VIDEOS}, {STILL}"]}


def said(column: Column, figure: Figure, names: list[str]) -> np.ndarray:
    return np.array([column.clips[name][figure.key][0] for name in names])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--backbones", nargs="+", default=["rules", "motion"])
    chosen = parser.parse_args()
    trials, found = plan(chosen.clips), dict[str, Column]()
    for backbone in chosen.backbones:
        found |= columns(trials, backbone, chosen.out / backbone)
    for figure in FIGURES:
        for name, column in found.items():
            print(f"{figure.what}: {name} {column.figures[figure.key].text(figure.digits)}")
        first, *others = found
        for other in others:
            names = [n for n, clip in found[first].clips.items() if figure.key in clip and n in found[other].clips]
            apart = said(found[other], figure, names) - said(found[first], figure, names)
            sums: list[Sums] = [(float(value), 1) for value in apart]
            told = estimate(figure, sums)
            assert told is not None
            print(f"{figure.what}: {other} less {first}, paired {told.text(2)}")


if __name__ == "__main__":
    main()

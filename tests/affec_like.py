"""Files laid out as AFFEC's, of viewers who do not exist: what they answer follows from what they are and do."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

LABELS = ("angry", "happy", "neutral")
GAZE_RATE, PUPIL_RATE = 62.0, 149.0
CLIP, PAUSE = 1.0, 0.5  # s


def write_affec(folder: Path, viewers: int = 4, clips: int = 6, seed: int = 0) -> Path:
    """A folder of one run a viewer."""
    draw = np.random.default_rng(seed)
    people = ["participant_id\tage\tO\tC\tE\tA\tN"]
    for viewer in range(viewers):
        name = f"sub-{'abcdefgh'[viewer]}"
        traits = draw.uniform(1, 5, 5)
        people.append(f"{name}\t30\t" + "\t".join(f"{trait:.2f}" for trait in traits))
        _write_run(folder / name, name, clips, float(traits[4]), draw)
    folder.mkdir(exist_ok=True)
    (folder / "participants.tsv").write_text("\n".join(people) + "\n")
    return folder


def _write_run(place: Path, name: str, clips: int, nervous: float, draw: np.random.Generator) -> None:
    beh, stem = place / "beh", f"{name}_task-fer_run-0"
    beh.mkdir(parents=True)
    events, answers = (
        ["onset\tduration\ttrial_type"],
        ["stim_emo\tp_emotion_arousal\tp_emotion_valence\tf_arousal\tf_valence"],
    )
    wide, aside = np.zeros(clips), np.zeros(clips)
    for clip in range(clips):
        label, wide[clip], aside[clip] = LABELS[clip % 3], draw.uniform(), draw.uniform()
        events.append(f"{clip * (CLIP + PAUSE):.3f}\t{CLIP}\tclip")
        shown = {"angry": (8, 2), "happy": (6, 8), "neutral": (2, 5)}[label]
        felt = 1 + 8 * wide[clip], 1 + 8 * min(aside[clip], nervous / 5)
        answers.append(f"{label}\t{shown[0]}\t{shown[1]}\t{felt[0]:.2f}\t{felt[1]:.2f}")
    (place / f"{stem}_events.tsv").write_text("\n".join(events) + "\n")
    (beh / f"{stem}_beh.tsv").write_text("\n".join(answers) + "\n")
    seconds = clips * (CLIP + PAUSE)
    for kind, rate, names in (
        ("gaze", GAZE_RATE, ["CNT", "FPOGX", "FPOGY", "FPOGV"]),
        ("pupil", PUPIL_RATE, ["LPUPILD", "LPUPILV", "RPUPILD", "RPUPILV", "TTL"]),
    ):
        times = np.arange(int(seconds * rate)) / rate
        clip = np.minimum((times / (CLIP + PAUSE)).astype(int), clips - 1)
        if kind == "gaze":
            rows = np.column_stack([np.arange(len(times)), aside[clip], times / seconds, np.arange(len(times)) % 7 > 0])
        else:
            rows = np.column_stack([3 + wide[clip], np.ones(len(times)), 3 + wide[clip], np.zeros(len(times)), times])
        path = beh / f"{stem}_recording-{kind}_physio"
        with gzip.open(path.with_suffix(".tsv.gz"), "wt") as file:
            file.writelines("\t".join(f"{value:.4f}" for value in row) + "\n" for row in rows)
        path.with_suffix(".json").write_text(json.dumps({"Columns": names, "SamplingFrequency": rate, "StartTime": 0}))

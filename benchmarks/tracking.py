"""How well motion is read off video: what was rendered, and what another reader says of real faces.

    python benchmarks/tracking.py -o benchmarks/results/
    python benchmarks/tracking.py -o benchmarks/results/ --clips recordings/ --task face_landmarker.task

The first half needs nothing: portraits of this repository say the demo's speech in six moods. The second compares with
the 52 blendshapes of MediaPipe's FaceLandmarker, a network, on the videos of a folder; it needs mediapipe==0.10.21,
which the package does not.
"""

from __future__ import annotations

import argparse
import datetime
import platform
from pathlib import Path

import numpy as np

import dicetalk
from dicetalk import assets
from dicetalk.media import read_video
from dicetalk.motion.space import POSE, SHAPES, concatenate, index
from dicetalk.rates import FPS
from dicetalk.tracking.tracker import watch, watch_frames

PORTRAITS = sorted((Path(__file__).resolve().parents[1] / "docs" / "pictures" / "portraits").glob("*.jpg"))
MOODS = ("neutral", "happy", "angry", "surprised", "sad", "disgusted", "neutral")
STILL = 0.015
"""A shape that moves less than this is not compared [standard deviation]."""

MOST_S = 8.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the results")
    parser.add_argument("--clips", type=Path, help="folder of real videos")
    parser.add_argument("--task", type=Path, help="face_landmarker.task")
    options = parser.parse_args()
    lines = [f"# Motion read off video, {datetime.date.today()}, {platform.machine()}", ""]
    lines += round_trip()
    if options.clips and options.task:
        lines += beside_landmarker(options.clips, options.task)
    target = options.output / f"{datetime.date.today()}-tracking.md"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(target)


def round_trip() -> list[str]:
    """A table: correlation of what was rendered with what was read, a column a portrait."""
    moods = dicetalk.Timeline([(1.3 * n + d, name) for n, name in enumerate(MOODS) for d in (0.0, 0.9)])
    found = []
    for portrait in PORTRAITS:
        video = dicetalk.load()(portrait, assets.speech(), emotion=moods, size=400, crop=True, seed=1)
        told = concatenate(list(video.backbone.act(video.conditions)))
        sight = watch_frames(frame for chunk in video.stream() for frame in chunk)
        assert sight is not None
        one, two = (np.column_stack([m.shapes, m.pose]) for m in (told, sight.motion))
        found.append([correlation(a, b) for a, b in zip(one.T, two.T, strict=True)])
    head = ["## Rendered and read again", "", "Correlation over one clip of six moods, 9.3 s, 400 px, seed 1.", ""]
    values = np.array(found).T
    known = np.isfinite(values).any(axis=1)
    means = np.array([np.nanmean(row) if there else np.nan for row, there in zip(values, known, strict=True)])
    names = ["shape", *(path.stem for path in PORTRAITS), "mean"]
    return head + table(names, [*SHAPES, *POSE], np.column_stack([values, means]), means)


def correlation(one: np.ndarray, two: np.ndarray) -> float:
    """Of two (T,); NaN where the first hardly moves."""
    return float(np.corrcoef(one, two)[0, 1]) if one.std() > STILL and two.std() > 1e-4 else float("nan")


def table(names: list[str], rows: list[str], values: np.ndarray, ranks: np.ndarray) -> list[str]:
    """Markdown, the highest of `ranks` first; rows without a rank are left out."""
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    known = [n for n in range(len(rows)) if np.isfinite(ranks[n])]
    for n in sorted(known, key=lambda n: -ranks[n]):
        cells = ["" if np.isnan(v) else f"{v:.2f}" for v in values[n]]
        lines.append(f"| {rows[n]} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def beside_landmarker(clips: Path, task: Path) -> list[str]:
    """A table: likeness to FaceLandmarker's coefficients, within clips and between their means."""
    pairs = []
    for path in sorted(clips.glob("*.mp4")):
        ours, theirs = watch(path).motion.shapes[: round(MOST_S * FPS)], landmarker(path, task)
        frames = min(len(ours), len(theirs))
        pairs.append((ours[:frames], theirs[:frames]))
    means = [np.array([side.mean(0) for side in sides]) for sides in zip(*pairs, strict=True)]
    moves = [np.concatenate([side - side.mean(0) for side in sides]) for sides in zip(*pairs, strict=True)]
    rows = []
    for name in SHAPES:
        k = index(name)
        both = [correlation(theirs[:, k], ours[:, k]) for ours, theirs in (moves, means)]
        rows.append([*both, means[0][:, k].mean(), means[1][:, k].mean()])
    head = [
        f"## Beside FaceLandmarker, {len(pairs)} real clips of at most {MOST_S:g} s",
        "",
        "Correlation within clips (each about its mean) and between the clips' means; mean weight of both.",
        "",
    ]
    values = np.array(rows)
    return head + table(["shape", "within", "between", "ours", "theirs"], list(SHAPES), values, values[:, 0])


def landmarker(path: Path, task: Path) -> np.ndarray:
    """(T, 52) FaceLandmarker's coefficients at 25 frames a second; 0 where it sees no face."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
    )
    rows = []
    with vision.FaceLandmarker.create_from_options(options) as reader:
        for number, frame in enumerate(read_video(path, fps=FPS)):
            if number == round(MOST_S * FPS):
                break
            found = reader.detect_for_video(mp.Image(image_format=mp.ImageFormat.SRGB, data=frame), 40 * number)
            scores = {s.category_name: s.score for s in found.face_blendshapes[0]} if found.face_blendshapes else {}
            rows.append([scores.get(name, 0.0) for name in SHAPES])
    return np.array(rows)


if __name__ == "__main__":
    main()

"""How well faces are found: turned by any angle, small in a large picture, and none where there is none.

    python benchmarks/faces.py make PORTRAITS/ sets/
    python benchmarks/faces.py measure sets/ [--reader MODULE:FUNCTION]

`make` reads the upright portraits of a folder once (look at the pictures before trusting `truth.json`) and writes:
portraits turned by 30 to 180 degrees; the same faces 40 to 100 pixels wide in pictures of 1920 x 1080 made of
face-free crops; and those crops. `measure` counts what a reader finds: any function from a picture (H, W, 3) to faces
with `landmarks`, another package's too. A face is right if both eyes and the mouth lie where they lie in the upright
reading, moved along, on average to a quarter of the distance from eyes to mouth: a mouth on the forehead is wrong.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
Reader = Callable[[Picture], list[Any]]

ANGLES = (30, 60, 90, 120, 150, 180)
WIDTHS = (40, 52, 64, 76, 88, 100)
GROUND = (1920, 1080)
TOLERANCE = 0.25
CROPS = 5
FIVE = ((33, 133), (362, 263), (1,), (61,), (291,))
"""Landmarks of both eyes, the nose, the corners of the mouth."""


def five(landmarks: npt.NDArray[Any]) -> Points:
    return np.array([landmarks[list(group), :2].mean(0) for group in FIVE], np.float64)


def unit(points: Points) -> float:
    """From the eyes to the mouth [px]."""
    return float(np.hypot(*(points[:2].mean(0) - points[3:].mean(0))))


def right(landmarks: npt.NDArray[Any], truth: Points) -> bool:
    return bool(np.hypot(*(five(landmarks) - truth).T).mean() < TOLERANCE * unit(truth))


def read(path: Path) -> Picture:
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


def make(portraits: Path, folder: Path) -> None:
    """Write pictures, and where their faces are, into a folder."""
    from dicetalk.face import choose_face, find_faces

    folder.mkdir(parents=True, exist_ok=True)
    known = {path.stem: read(path) for path in sorted(portraits.glob("*.jpg"))}
    seen = {name: found for name, picture in known.items() if (found := find_faces(picture))}
    faces = {name: choose_face(found).landmarks for name, found in seen.items()}
    rng = np.random.default_rng(0)
    truth: dict[str, Any] = {}

    def write(kind: str, name: str, picture: Picture, points: Points | None) -> None:
        file = f"{kind}_{name}.png"
        cv2.imwrite(str(folder / file), picture[..., ::-1])
        truth[file] = None if points is None else points.tolist()

    crops = [crop for name in faces for crop in face_free(known[name], faces[name], rng)]
    for number, crop in enumerate(crops):
        write("free", f"{number:03}", crop, None)
    for name, landmarks in faces.items():
        for angle in ANGLES:
            write("turned", f"{name}_{angle}", *turned(known[name], five(landmarks), angle))
        for width in WIDTHS:
            write("small", f"{name}_{width}", *small(known[name], landmarks, width, crops, rng))
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    print(Counter(file.partition("_")[0] for file in truth), "without a face:", sorted(set(known) - set(faces)))


def turned(picture: Picture, points: Points, angle: float) -> tuple[Picture, Points]:
    """A picture turned by an angle [degrees] on grey ground that holds all of it."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    size = np.abs(matrix[:, :2]) @ (width, height)
    matrix[:, 2] += (size - (width, height)) / 2
    ground = np.ceil(size).astype(int).tolist()
    moved = cv2.warpAffine(picture, matrix, ground, flags=cv2.INTER_LINEAR, borderValue=(127, 127, 127))
    return np.asarray(moved, np.uint8), points @ matrix[:, :2].T + matrix[:, 2]


def face_free(picture: Picture, landmarks: npt.NDArray[Any], rng: np.random.Generator) -> Iterator[Picture]:
    """Up to five squares of a picture that its face does not touch."""
    height, width = picture.shape[:2]
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    low, high = low - 0.35 * (high - low), high + 0.2 * (high - low)
    given = 0
    for _ in range(400):
        side = int(rng.uniform(0.15, 0.5) * min(height, width))
        corner = np.array([rng.integers(0, width - side), rng.integers(0, height - side)])
        if given == CROPS or ((corner < high) & (corner + side > low)).all():
            continue
        given += 1
        yield picture[corner[1] : corner[1] + side, corner[0] : corner[0] + side]


def small(
    picture: Picture, landmarks: npt.NDArray[Any], width: int, crops: list[Picture], rng: np.random.Generator
) -> tuple[Picture, Points]:
    """The head of a portrait, its face `width` pixels wide, somewhere in a large picture of face-free crops."""
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    scale = width / (high - low)[0]
    head = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    middle, size = (low + high) / 2 * scale, np.array(head.shape[1::-1])
    start, end = (np.clip(middle + way * 1.5 * width, 0, size).astype(int) for way in (-1, 1))
    ground = np.zeros((GROUND[1], GROUND[0], 3), np.uint8)
    for top in range(0, GROUND[1], 360):
        for left in range(0, GROUND[0], 480):
            ground[top : top + 360, left : left + 480] = cv2.resize(crops[rng.integers(len(crops))], (480, 360))
    wide, high_ = end - start
    x, y = rng.integers(0, GROUND[0] - wide), rng.integers(0, GROUND[1] - high_)
    ground[y : y + high_, x : x + wide] = head[start[1] : end[1], start[0] : end[0]]
    # Averaging puts the middle of the first small pixel at the middle of those it stands for.
    return ground, (five(landmarks) + 0.5) * scale - 0.5 - start + (x, y)


def measure(folder: Path, reader: Reader) -> None:
    """Print a row a kind: pictures, faces found right, other faces, seconds a picture; then what was missed."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    counts: Counter[tuple[str, str]] = Counter()
    wrong = []
    for file, points in truth.items():
        kind, picture = file.partition("_")[0], read(folder / file)
        start = time.perf_counter()
        found = [face.landmarks for face in reader(picture)]
        hits = [points is not None and right(landmarks, np.array(points)) for landmarks in found]
        counts[kind, "seconds"] += time.perf_counter() - start
        counts[kind, "pictures"] += 1
        counts[kind, "right"] += any(hits)
        counts[kind, "false"] += len(hits) - sum(hits)
        if len(hits) != sum(hits) or (points and not any(hits)):
            wrong.append(f"{file} {'right' if any(hits) else 'missed' if points else ''} {len(hits) - sum(hits)} false")
    print("| pictures | number | found right | false | s a picture |\n| --- | --- | --- | --- | --- |")
    for kind in dict.fromkeys(kind for kind, _ in counts):
        cells = [counts[kind, what] for what in ("pictures", "right", "false")]
        print(f"| {kind} | {' | '.join(map(str, cells))} | {counts[kind, 'seconds'] / cells[0]:.3f} |")
    print(*wrong, sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("make", "measure"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--reader", default="dicetalk.face:find_faces")
    options = parser.parse_args()
    if options.work == "make":
        make(*options.folders)
    else:
        module, _, function = options.reader.partition(":")
        measure(*options.folders, getattr(import_module(module), function))


if __name__ == "__main__":
    main()

"""Make `src/dicetalk/weights/face_shapes.safetensors`: the 52 face shapes on MediaPipe's 468-point mesh.

    python tools/fit_face_shapes.py SOURCE.npz CLIPS/ face_landmarker.task

SOURCE.npz is the scanned basis (`names`, `neutral`, `delta`, `mirror_perm`, `licence`), CLIPS a folder of videos of
talking faces, one person each, face_landmarker.task MediaPipe's FaceLandmarker. Takes minutes; same input, same file.
Prints the table of the card as Markdown on standard output.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from face_shape_clips import (
    Moments,
    centred,
    correlation,
    cosine,
    explained,
    moments,
    read_clip,
    ridge,
    tempered,
)
from face_shape_rules import Basis, closed_neutral, outline_share, partner, region, scaled, sealed
from safetensors.numpy import save

VERSION = "2"
WEIGHTS = Path(__file__).resolve().parents[1] / "src" / "dicetalk" / "weights" / "face_shapes.safetensors"
PENALTY = 3.0  # flat optimum of the held-out error between 1 and 10
SIZE_LIMITS = (0.9, 1.2)
MIN_RANGE = 0.15  # a shape is corrected if some clip moves its coefficient by this much
MIN_COSINE = 0.75  # below it the reader's idea of the shape is another one, and the scan wins


@dataclass(frozen=True)
class Source:
    """The scanned basis, its neutral face with closed lips (468, 3), the mirror (468,) and the licence text."""

    basis: Basis
    neutral: np.ndarray
    mirror: np.ndarray
    licence: str


@dataclass(frozen=True)
class Faces:
    """Coefficients and displacements of every clip, and their moments."""

    data: list[tuple[np.ndarray, np.ndarray]]
    sums: list[Moments]

    def without(self, index: int) -> list[Moments]:
        """All clips but one: what a fit may see when it is judged on that one."""
        return [clip for other, clip in enumerate(self.sums) if other != index]


def load_source(path: Path) -> Source:
    """Read the scanned basis."""
    with np.load(path, allow_pickle=False) as file:
        mirror = file["mirror_perm"].astype(np.int64)
        basis = {str(n): d.astype(np.float64) for n, d in zip(file["names"], file["delta"], strict=True)}
        neutral = closed_neutral(file["neutral"].astype(np.float64), mirror)
        return Source(basis, neutral, mirror, str(file["licence"]))


def load_faces(folder: Path, task: Path, source: Source) -> Faces:
    """Read every clip of the folder, in the order of names; clips with too few frontal frames are left out."""
    names = list(source.basis)
    data = []
    with click.progressbar(sorted(folder.glob("*.mp4")), label="reading clips", file=sys.stderr) as bar:
        for path in bar:
            moves = centred(read_clip(path, task, names), source.neutral)
            if moves is not None:
                data.append(moves)
    return Faces(data, [moments(x, y, names, source.mirror) for x, y in data])


def freedom(source: Source) -> np.ndarray:
    """How far (S, 468) the clips may change each shape at each point: its region, calm at the outline."""
    return np.stack([region(n, source.neutral) * outline_share(n, source.neutral) for n in source.basis])


def free_fit(clips: list[Moments], prior: np.ndarray, source: Source) -> np.ndarray:
    """The basis (S, 468, 2) that fits the clips when every shape may leave the prior.

    All are free even if only some are kept: else a shape would make up for another one's wrong size.
    """
    return ridge(clips, prior[..., :2], freedom(source), PENALTY)


def fitted(clips: list[Moments], prior: np.ndarray, source: Source, accept: np.ndarray) -> np.ndarray:
    """The basis (S, 468, 3) after the correction of the accepted shapes (S,), lips and lids sealed again.

    Depth stays that of the scan, in the proportion of the new size.
    """
    limited = tempered(free_fit(clips, prior, source), prior[..., :2], *SIZE_LIMITS)
    flat = np.where(accept[:, None, None], limited, prior[..., :2])
    size = np.sqrt(np.sum(flat**2, axis=(1, 2)) / np.maximum(np.sum(prior[..., :2] ** 2, axis=(1, 2)), 1e-12))
    return sealed_array(np.concatenate([flat, prior[..., 2:] * size[:, None, None]], axis=2), source)


def sealed_array(delta: np.ndarray, source: Source) -> np.ndarray:
    """`sealed` for a basis (S, 468, 3) in the order of the source."""
    basis = dict(zip(source.basis, delta, strict=True))
    return np.stack(list(sealed(basis, source.neutral, source.mirror).values()))


def both_sides(wanted: np.ndarray, names: list[str]) -> np.ndarray:
    """The shapes (S,) that are wanted on both sides of the face."""
    return wanted & wanted[[names.index(partner(name)) for name in names]]


def accepted(faces: Faces, prior: np.ndarray, source: Source) -> np.ndarray:
    """Which shapes (S,) the clips may correct: moved enough, still the same shape, better on people not fitted."""
    names, flat = list(source.basis), prior[..., :2]
    free = free_fit(faces.sums, prior, source)
    able = (coefficient_range(faces) > MIN_RANGE) & (cosine(free, flat) > MIN_COSINE)
    folds = [free_fit(faces.without(i), prior, source) for i in range(len(faces.sums))]
    helps = [both_sides_help(index, names, folds, faces, flat) for index in range(len(names))]
    accept = both_sides(able & np.array(helps), names)
    accept[names.index("mouthClose")] = accept[names.index("jawOpen")]  # one undoes the other: both or neither
    return accept


def both_sides_help(index: int, names: list[str], folds: list[np.ndarray], faces: Faces, flat: np.ndarray) -> bool:
    """Whether one shape and its partner predict left-out people better corrected than as the prior `flat`.

    Better is a smaller error and a correlation that does not fall.
    """
    mine = np.array([name in (names[index], partner(names[index])) for name in names])[:, None, None]
    kept = [np.where(mine, tempered(fold, flat, *SIZE_LIMITS), fold) for fold in folds]
    plain = [np.where(mine, flat, fold) for fold in folds]
    smaller_error = explained(faces.sums, kept) > explained(faces.sums, plain)
    return smaller_error and correlation(faces.data, kept, index) >= correlation(faces.data, plain, index)


def coefficient_range(faces: Faces) -> np.ndarray:
    """The widest range (S,), 1st to 99th percentile, of each coefficient within one clip."""
    return np.max([np.percentile(x, 99, axis=0) - np.percentile(x, 1, axis=0) for x, _ in faces.data], axis=0)


def report(faces: Faces, prior: np.ndarray, accept: np.ndarray, source: Source) -> str:
    """Markdown: what the correction brings on clips that the fit has not seen, overall and for each shape."""
    before = sealed_array(prior, source)
    olds = [before[..., :2]] * len(faces.sums)
    news = [fitted(faces.without(i), prior, source, accept)[..., :2] for i in range(len(faces.sums))]
    free = [free_fit(faces.without(i), prior, source) for i in range(len(faces.sums))]
    better = sum(c.error(n) < c.error(o) for c, o, n in zip(faces.sums, olds, news, strict=True))
    rows = [
        f"Held-out share of movement explained (x, y): {explained(faces.sums, olds):.3f} before, "
        f"{explained(faces.sums, news):.3f} after; better on {better} of {len(news)} clips; "
        f"{explained(faces.sums, free):.3f} if every shape took the size and direction of the readings.",
        "",
        "| shape | widest range | correlation before | after | cosine with prior | corrected |",
        "|---|---|---|---|---|---|",
    ]
    likeness = cosine(fitted(faces.sums, prior, source, accept)[..., :2], before[..., :2])
    indices = range(len(prior))
    columns = zip(
        source.basis,
        coefficient_range(faces),
        [correlation(faces.data, olds, i) for i in indices],
        [correlation(faces.data, news, i) for i in indices],
        likeness,
        accept,
        strict=True,
    )
    rows += [
        f"| {n} | {r:.2f} | {b:+.2f} | {a:+.2f} | {c:.2f} | {'yes' if ok else 'no'} |" for n, r, b, a, c, ok in columns
    ]
    return "\n".join(rows)


def save_basis(path: Path, delta: np.ndarray, source: Source) -> None:
    """Write the basis (S, 468, 3) as safetensors, names in the metadata."""
    tensors = {
        "delta": delta.astype(np.float32),
        "neutral": source.neutral.astype(np.float32),
        "mirror": source.mirror,
    }
    metadata = {"names": ",".join(source.basis), "licence": source.licence, "version": VERSION}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(ordered(save(tensors, metadata)))


def ordered(data: bytes) -> bytes:
    """The same safetensors file with its metadata sorted: the library writes them in another order each time."""
    size = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8 : 8 + size]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)  # tensors start at a multiple of 8 bytes
    return len(header).to_bytes(8, "little") + header + data[8 + size :]


@click.command()
@click.argument("source_file", metavar="SOURCE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("clips", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("task", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", default=WEIGHTS, show_default=False, type=click.Path(path_type=Path))
def main(source_file: Path, clips: Path, task: Path, output: Path) -> None:
    """Fit the shipped face shapes from the scanned basis SOURCE, corrected by the videos in CLIPS read by TASK."""
    source = load_source(source_file)
    faces = load_faces(clips, task, source)
    prior = np.stack(list(scaled(source.basis, source.neutral, source.mirror).values()))
    accept = accepted(faces, prior, source)
    save_basis(output, fitted(faces.sums, prior, source, accept), source)
    click.echo(report(faces, prior, accept, source))


if __name__ == "__main__":
    main()

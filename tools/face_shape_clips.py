"""What real faces say about the face shapes: clips -> displacements and coefficients -> a correction of the basis.

MediaPipe's FaceLandmarker reads 52 coefficients and the mesh of each frame. Head pose and identity are removed, and the
displacement of each point is regressed on the coefficients, with a prior at the basis we already have. MediaPipe is no
part of the package's needs: install mediapipe==0.10.21 in an environment of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import mediapipe as mp
import numpy as np
from face_shape_rules import mirrored, partner
from mediapipe.tasks.python import BaseOptions, vision

# Points that expressions hardly move: eye corners, nose bridge, temples, the ears' side of the outline.
STILL_POINTS = np.array([133, 362, 33, 263, 168, 6, 197, 195, 127, 356, 234, 454, 93, 323])
STILL_WEIGHT = np.array([3, 3, 3, 3, 3, 3, 2, 2, 1, 1, 1, 1, 0.5, 0.5])
MAX_YAW = 18.0  # [degrees]; beyond it the far half of the mesh is a guess
MIN_FRAMES = 40
MAX_FRAMES = 380
CLIP_WEIGHT = 100.0  # each clip counts as this many frames, however long it is


@dataclass(frozen=True)
class Readings:
    """One clip: coefficients (T, S) and landmarks (T, 468, 3) [px], and head yaw (T,) [degrees]."""

    name: str
    weights: np.ndarray
    points: np.ndarray
    yaw: np.ndarray


@dataclass(frozen=True)
class Moments:
    """Sums of products of one clip, left and right sides averaged; all a least-squares fit needs."""

    xx: np.ndarray  # (S, S)
    xy: np.ndarray  # (S, 468, 2)
    yy: float

    def error(self, basis: np.ndarray) -> float:
        """Squared error of predicting the displacements by `basis` (S, 468, 2)."""
        flat = basis.reshape(len(basis), -1)
        return float(self.yy - 2 * np.sum(basis * self.xy) + np.sum((self.xx @ flat) * flat))


def frames(path: Path) -> Iterator[np.ndarray]:
    """RGB frames of a video at its own rate, every second one above 40 a second, at most `MAX_FRAMES`."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        step = 2 if stream.average_rate and stream.average_rate > 40 else 1
        for index, frame in enumerate(container.decode(stream)):
            if index >= step * MAX_FRAMES:
                return
            if index % step == 0:
                yield frame.to_ndarray(format="rgb24")


def read_clip(path: Path, task: Path, names: list[str]) -> Readings:
    """Run the FaceLandmarker `task` over a clip; frames without a face are left out."""
    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    rows = []
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for index, image in enumerate(frames(path)):
            picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image))
            result = landmarker.detect_for_video(picture, 40 * index)
            if result.face_landmarks:
                rows.append(_row(result, image.shape[1], image.shape[0], names))
    weights, points, yaw = (np.array(column) for column in zip(*rows, strict=True))
    return Readings(path.stem, weights, points, yaw)


def _row(
    result: vision.FaceLandmarkerResult, width: int, height: int, names: list[str]
) -> tuple[list[float], list[list[float]], float]:
    """Coefficients in the order of `names` (0 where the reader has none), landmarks [px] and yaw [degrees]."""
    score = {category.category_name: category.score for category in result.face_blendshapes[0]}
    points = [[p.x * width, p.y * height, p.z * width] for p in result.face_landmarks[0][:468]]
    yaw = float(np.degrees(np.arcsin(np.clip(result.facial_transformation_matrixes[0][0, 2], -1, 1))))
    return [score.get(name, 0.0) for name in names], points, yaw


def aligned(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """`points` (468, 3) turned, scaled and moved so that the still points fit those of `target` best."""
    weight = STILL_WEIGHT / STILL_WEIGHT.sum()
    p, t = points[STILL_POINTS], target[STILL_POINTS]
    p_mean, t_mean = weight @ p, weight @ t
    u, s, v = np.linalg.svd(((p - p_mean) * weight[:, None]).T @ (t - t_mean))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    scale = np.sum(s * sign) / np.sum(weight[:, None] * (p - p_mean) ** 2)
    return scale * (points - p_mean) @ ((u * sign) @ v) + t_mean


def frontalised(points: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """Landmarks (T, 468, 3) of one clip without head pose, inter-ocular distance 1, axes of `neutral`."""
    template = neutral
    for _ in range(3):
        template = aligned(np.median([aligned(p, template) for p in points], axis=0), neutral)
        eyes = template[[33, 133]].mean(axis=0) - template[[263, 362]].mean(axis=0)
        template = template / np.linalg.norm(eyes)
    return np.array([aligned(p, template) for p in points])


def centred(clip: Readings, neutral: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients and displacements about the clip's own mean, which removes the identity; None if too few frames.

    Only x and y: the mesh's depth is a guess from one picture.
    """
    facing = np.abs(clip.yaw) < MAX_YAW
    if facing.sum() < MIN_FRAMES:
        return None
    points, weights = frontalised(clip.points[facing], neutral)[..., :2], clip.weights[facing]
    return weights - weights.mean(axis=0), points - points.mean(axis=0)


def moments(weights: np.ndarray, moves: np.ndarray, names: list[str], mirror: np.ndarray) -> Moments:
    """Sums of products of a clip and of its mirror image, averaged; every clip weighs the same."""
    swap = [names.index(partner(name)) for name in names]
    flipped = np.array([mirrored(np.pad(m, ((0, 0), (0, 1))), mirror)[:, :2] for m in moves])
    pairs = [(weights, moves), (weights[:, swap], flipped)]
    part = CLIP_WEIGHT / len(weights) / 2
    return Moments(
        xx=part * sum(x.T @ x for x, _ in pairs),
        xy=part * sum(np.einsum("ts,tij->sij", x, y) for x, y in pairs),
        yy=float(2 * part * np.sum(moves**2)),
    )


def total(clips: list[Moments]) -> Moments:
    """The sums over several clips."""
    return Moments(sum(c.xx for c in clips), sum(c.xy for c in clips), sum(c.yy for c in clips))


def ridge(clips: list[Moments], prior: np.ndarray, freedom: np.ndarray, penalty: float) -> np.ndarray:
    """The basis (S, 468, 2) that fits the clips best while staying near `prior`.

    A shape that is hardly exercised stays where it is; `freedom` (S, 468), 0 to 1, keeps each shape to its region.
    """
    sums = total(clips)
    rest = sums.xy - np.einsum("st,tij->sij", sums.xx, prior)
    out = prior.copy()
    for point in range(prior.shape[1]):
        free = np.flatnonzero(freedom[:, point] > 0.02)
        if len(free):
            system = sums.xx[np.ix_(free, free)] + np.diag(penalty / freedom[free, point] ** 2)
            out[free, point] += np.linalg.solve(system, rest[free, point])
    return out


def tempered(fitted: np.ndarray, prior: np.ndarray, low: float, high: float) -> np.ndarray:
    """`fitted` with each shape's size kept within `low` to `high` times that of the prior.

    The reader's scores saturate early (a light pucker reads 0.9), so that direction is trusted further than size.
    """
    size = np.sqrt(np.sum(fitted**2, axis=(1, 2)) / np.maximum(np.sum(prior**2, axis=(1, 2)), 1e-12))
    factor = np.clip(size, low, high) / np.maximum(size, 1e-12)
    return np.where(size[:, None, None] > 1e-6, fitted * factor[:, None, None], prior)


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Likeness (S,) of the shapes of two bases, 1 for the same direction."""
    dot = np.sum(a * b, axis=(1, 2))
    return dot / np.maximum(np.sqrt(np.sum(a**2, axis=(1, 2)) * np.sum(b**2, axis=(1, 2))), 1e-12)


def explained(clips: list[Moments], bases: list[np.ndarray]) -> float:
    """Share of the movement of each clip that its own basis predicts, over all clips."""
    errors = sum(clip.error(basis) for clip, basis in zip(clips, bases, strict=True))
    return 1 - errors / sum(clip.yy for clip in clips)


def correlation(folds: list[tuple[np.ndarray, np.ndarray]], bases: list[np.ndarray], index: int) -> float:
    """How well one shape's prediction follows what all other shapes leave, at the points it moves most.

    `folds` are coefficients (T, S) and displacements (T, 468, 2) of each clip, `bases` the basis to judge it by.
    """
    sums = np.zeros(3)
    for (weights, moves), basis in zip(folds, bases, strict=True):
        size = np.linalg.norm(basis[index], axis=1)
        own = np.flatnonzero(size > 0.3 * max(size.max(), 1e-12))
        predicted = weights[:, index, None, None] * basis[index, own]
        explained_by_all = np.tensordot(weights, basis[:, own], axes=1)
        measured = moves[:, own] - explained_by_all + predicted
        products = [np.sum(predicted * measured), np.sum(predicted**2), np.sum(measured**2)]
        sums += np.array(products) / len(weights)
    return float(sums[0] / max(np.sqrt(sums[1] * sums[2]), 1e-12))

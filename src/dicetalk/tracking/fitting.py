"""Landmarks -> 52 shapes and head pose: bounded least squares on the face's own rig, about its own resting face.

Nobody tells how a face looks at rest, and few clips show it. Two things are known. A shape never goes below zero, so
that a mouth rests at the least that is seen of it. And faces at rest differ only so far from the usual one: what lies
beyond that is expression, even if it stays for the whole clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import convolve1d, median_filter
from scipy.optimize import lsq_linear, nnls
from scipy.spatial.transform import Rotation

from dicetalk.arrays import Bool, Float64
from dicetalk.motion.basis import face_shapes
from dicetalk.motion.landmarks import (
    FACE_VERTICES,
    LEFT_LOWER_LID,
    LEFT_UPPER_LID,
    RIGHT_LOWER_LID,
    RIGHT_UPPER_LID,
)
from dicetalk.motion.resting import reading_statistics, square_system, stiffness_of_unread, unusual
from dicetalk.motion.space import EYE_PITCH, EYE_YAW, SHAPES, Motion, angles, index
from dicetalk.portrait.rig import NECK, shapes_of, usual_rest

STILL = (
    *(133, 362, 33, 263, 168, 6, 197, 195, 127, 356, 234, 454, 93, 323, 10, 109, 338, 67, 297, 103, 332),
    *(54, 284, 21, 251, 162, 389, 8, 9, 151, 122, 351, 174, 399),
)
"""Landmarks that hold the head's pose."""

FIRMNESS = {133: 3, 362: 3, 33: 3, 263: 3, 168: 3, 6: 3, 197: 2, 195: 2, 93: 0.5, 323: 0.5, 109: 0.5}
"""How much some of them count; the others count 1."""

BEYOND = 0.7
"""So many spreads from the usual face still count as the way a face is made."""

LEAST_SEEN = 15
"""The share of a clip's frames [%] that may show less of a shape than rest: misreadings."""

STIFFNESS = 0.02
"""Error of the mesh, squared [inter-ocular distances]: how far what faces usually do outweighs what is read. Best of
0.001 to 0.3 on rendered clips (docs/decisions/0007)."""

LOOSE = 0.05
"""Deviation of a shape that faces usually do not use at all."""

LEAST_LEFT = 0.3
"""A shape of which the fit leaves less is not blown up any further."""

ROUNDS = 3
"""Between weights and resting face, until both hold still."""

SMOOTH = np.array([-3, 12, 17, 12, -3]) / 35
"""What weights are smoothed by: a parabola through five frames (Savitzky and Golay 1964); nothing comes late."""


@dataclass(frozen=True)
class Heads:
    """Where the head is in each frame, and the face on it.

    Attributes:
        faces: (T, 468, 3) the mesh in the head's frame [inter-ocular distances].
        axes: (T, 3, 3) the head's axes as columns, in the picture's frame.
        middles: (T, 3) the middle of the eyes [px].
        unit: inter-ocular distance [px].
        usual: (468, 3) the face as it is most of the time.
    """

    faces: Float64
    axes: Float64
    middles: Float64
    unit: float
    usual: Float64


def read_landmarks(landmarks: Float64) -> Motion:
    """Motion of one person's landmarks (T, 478, 3) [px], at least one frame, 25 a second.

    The head's pose is relative to how it is held on average; z, the distance to the camera, is not read.
    """
    heads = find_heads(landmarks)
    resting = resting_face(heads)
    own = face_shapes_of(resting)
    weights = _weights(heads.faces - resting, own) / _shrinkage(own)
    motion = np.column_stack([weights, _pose(heads)])
    motion = convolve1d(motion, SMOOTH, axis=0, mode="nearest")
    shapes, pose = motion[:, : len(SHAPES)], motion[:, len(SHAPES) :]
    # Eyes jump and blink within two frames: they are not smoothed.
    _look(shapes, gaze_of(landmarks, heads))
    shapes[:, [index("eyeBlinkLeft"), index("eyeBlinkRight")]] = blinks_of(heads.faces)
    return Motion(shapes, pose).clipped()


def find_heads(landmarks: Float64) -> Heads:
    """Take the head's pose and size out of landmarks (T, 478, 3), by fits of the face's own usual look."""
    points = landmarks[:, :FACE_VERTICES]
    mean = usual = face_shapes()["neutral"]
    for _ in range(3):
        usual = _upright(np.median(_aligned(points, usual)[0], axis=0), mean)
    faces, axes, scales, middles = _aligned(points, usual)
    return Heads(faces, axes, middles, float(np.median(1 / scales)), usual)


def _upright(face: Float64, mean: Float64) -> Float64:
    """A face (468, 3) turned as the mean face is, the middle of its eyes at 0, their distance 1."""
    face = _aligned(face[None], mean)[0][0]
    right, left = face[[33, 133]].mean(0), face[[263, 362]].mean(0)
    return np.asarray((face - (right + left) / 2) / np.linalg.norm(left - right))


def _aligned(points: Float64, target: Float64) -> tuple[Float64, Float64, Float64, Float64]:
    """Points (T, 468, 3) laid on a target (468, 3) by similarities (Umeyama 1991) of what holds still.

    Returns:
        the points laid on it, and how: axes (T, 3, 3), scales (T,), the target's origin in the picture (T, 3).
    """
    still = list(STILL)
    weight = np.array([FIRMNESS.get(i, 1.0) for i in STILL])
    weight /= weight.sum()
    here, there = points[:, still], target[still]
    middle, aim = weight @ here, weight @ there
    spread = here - middle[:, None]
    left, size, right = np.linalg.svd(np.einsum("tni,n,nj->tij", spread, weight, there - aim))
    sign = np.ones((len(points), 3))
    sign[:, 2] = np.sign(np.linalg.det(left @ right))
    axes = (left * sign[:, None]) @ right
    scales = (size * sign).sum(1) / np.einsum("tni,n->t", spread**2, weight)
    laid = scales[:, None, None] * (points - middle[:, None]) @ axes + aim
    return laid, axes, scales, middle - (axes @ aim) / scales[:, None]


def resting_face(heads: Heads) -> Float64:
    """The person's face at rest, (468, 3): the usual look without the expression that is in it."""
    shapes = face_shapes_of(heads.usual)
    moves = _signed_weights(heads.faces - heads.usual, shapes)
    least = np.clip(-np.percentile(moves, LEAST_SEEN, axis=0), 0, 1)
    expression = np.where(_of_speech(), least, unusual(heads.usual, *usual_rest(), BEYOND))
    resting = heads.usual - np.tensordot(expression, shapes, axes=1)
    some = heads.faces[:: max(1, len(heads.faces) // 100)]
    for _ in range(ROUNDS):
        shapes = face_shapes_of(resting)
        explained = np.tensordot(_weights(some - resting, shapes), shapes, axes=1)
        resting = resting + np.median(some - resting - explained, axis=0)
    return np.asarray(resting)


def _of_speech() -> Bool:
    """(52,) True for shapes of speech: at rest they tell how a face is built, and the least that is seen is rest."""
    spread = reading_statistics()["spread"]
    return np.array([far == 0 and not name.startswith("eye") for name, far in zip(SHAPES, spread, strict=True)])


def face_shapes_of(face: Float64) -> Float64:
    """(52, 468, 3) the shapes on a face at rest."""
    return shapes_of(face)[:, :FACE_VERTICES]


def _weights(moves: Float64, shapes: Float64) -> Float64:
    """(T, 52) weights of 0 to 1 that explain moves (T, 468, 3) best."""
    matrix, targets = _system(shapes, moves)
    found = np.array([_not_negative(matrix, target) for target in targets])
    for frame in np.flatnonzero((found > 1).any(axis=1)):
        found[frame] = lsq_linear(matrix, targets[frame], (0, 1)).x
    return found


def _not_negative(matrix: Float64, target: Float64) -> Float64:
    """(52,) weights from 0, which may pass 1."""
    try:
        return np.asarray(nnls(matrix, target)[0])
    except RuntimeError:  # it gave up; the slower one does not
        return np.asarray(lsq_linear(matrix, target, (0, 1)).x)


def _signed_weights(moves: Float64, shapes: Float64) -> Float64:
    """(T, 52) weights of any sign that explain moves (T, 468, 3) best."""
    matrix, targets = _system(shapes, moves)
    return np.asarray(np.linalg.solve(matrix, targets.T).T)


def _system(shapes: Float64, moves: Float64) -> tuple[Float64, Float64]:
    """The square system of a fit that leans on what faces usually do: matrix (52, 52), targets (T, 52)."""
    return square_system(shapes, moves, _leaning())


@cache
def _leaning() -> Float64:
    """(52, 52) the stiffness that stands for what faces usually do."""
    together = reading_statistics()["together"]
    return np.asarray(STIFFNESS * np.linalg.inv(together + LOOSE**2 * np.eye(len(SHAPES))), np.float64)


def _shrinkage(shapes: Float64) -> Float64:
    """(52,) the share of each weight that the leaning fit leaves of it, on average over what faces usually do."""
    together = reading_statistics()["together"]
    matrix, _ = _system(shapes, np.zeros((1, *shapes.shape[1:])))
    whole = matrix.T @ matrix
    left = np.eye(len(SHAPES)) - np.linalg.solve(whole, _leaning() + stiffness_of_unread())
    share = (left * together).sum(1) / np.maximum(np.diag(together), 1e-9)
    return np.asarray(np.clip(share, LEAST_LEFT, 1.0))


def _pose(heads: Heads) -> Float64:
    """(T, 6) turns [rad] and shifts [inter-ocular distances] from how the head is held on average."""
    held = Rotation.from_matrix(heads.axes).mean().as_matrix()
    turns = held.T @ heads.axes
    middles = (heads.middles - np.median(heads.middles, axis=0)) @ held / heads.unit
    shifts = middles - (NECK - turns @ NECK)
    shifts[:, 2] = 0
    return np.column_stack([angles(turns), shifts - np.median(shifts, axis=0)])


EYEBALL = 0.19
"""Radius of an eyeball [inter-ocular distances]: 12 of 63 mm."""

EYES = (((33, 133), 468), ((263, 362), 473))
"""Corners and iris centre of the right eye and of the left one."""


def gaze_of(landmarks: Float64, heads: Heads) -> Float64:
    """(T, 2) turn of both eyes in the head [rad]: to the right of the image, and down; 0 is the clip's usual gaze."""
    turns = []
    for corners, iris in EYES:
        middle = landmarks[:, list(corners)].mean(1)
        away = np.einsum("ti,tij->tj", landmarks[:, iris] - middle, heads.axes) / heads.unit
        turns.append(np.arcsin(np.clip(away[:, :2] / EYEBALL, -0.9, 0.9)))
    turn = np.mean(turns, axis=0)
    return np.asarray(turn - np.median(turn, axis=0))


def _look(shapes: Float64, gaze: Float64) -> None:
    """Put a gaze (T, 2) [rad] into the eyeLook columns of shapes (T, 52)."""
    right, down = gaze[:, 0] / EYE_YAW, gaze[:, 1] / EYE_PITCH
    for side, out in (("Left", right), ("Right", -right)):
        for name, turned in (("Out", out), ("In", -out), ("Down", down), ("Up", -down)):
            shapes[:, index(f"eyeLook{name}{side}")] = np.clip(turned, 0, 1)


BLINK_AROUND = 51
"""Frames around a blink that tell how far the eye is open without it."""

NO_BLINK, SHUT = 0.15, 0.75
"""Share of its opening by which an eye closes without blinking, and by which the mesh closes a shut one."""


def blinks_of(faces: Float64) -> Float64:
    """(T, 2) how far the lids of the left and the right eye are closed for a moment, 0 to 1, of faces (T, 468, 3).

    Weights would lean on what lids do most of the time, which is to stay open.
    """
    lids = ((LEFT_UPPER_LID, LEFT_LOWER_LID), (RIGHT_UPPER_LID, RIGHT_LOWER_LID))
    gaps = [(faces[:, list(lower[1:-1]), 1] - faces[:, list(upper[1:-1]), 1]).mean(1) for upper, lower in lids]
    opening = np.stack(gaps, axis=1)
    around = median_filter(opening, (BLINK_AROUND, 1), mode="nearest")
    closed = 1 - opening / np.maximum(around, 0.5 * np.median(opening, axis=0))
    return np.asarray(np.clip((closed - NO_BLINK) / (SHUT - NO_BLINK), 0, 1))

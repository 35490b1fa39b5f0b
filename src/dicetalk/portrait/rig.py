"""A portrait's rig: its face mesh with the 52 shapes on it, and the rings that carry hair and neck along.

The shapes are those of `weights/face_shapes.safetensors`, in units of the distance between the eyes and in the frame
of the head; a portrait's rig turns and scales them onto its own mesh, so that a shape looks the same on a close-up, a
three-quarter view and a child.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.face import Face, person_mask
from dicetalk.media import Picture
from dicetalk.motion.basis import emphasis, face_shapes
from dicetalk.motion.landmarks import (
    FACE_VERTICES,
    LEFT_LID_FOLDS,
    LEFT_LOWER_LID,
    LEFT_UPPER_LID,
    LOWER_LIP,
    OVAL,
    RIGHT_LID_FOLDS,
    RIGHT_LOWER_LID,
    RIGHT_UPPER_LID,
    RIGID,
    UPPER_LIP,
)
from dicetalk.motion.resting import reading_statistics, unusual
from dicetalk.motion.space import MIRROR, SHAPES, Motion, index, rotations
from dicetalk.portrait import brows, glasses, lips, turned
from dicetalk.portrait.smile import smile
from dicetalk.portrait.topology import RING_SCALES, ring_vertices

EYES = {"Right": (RIGHT_UPPER_LID, RIGHT_LOWER_LID), "Left": (LEFT_UPPER_LID, LEFT_LOWER_LID)}
LID_FOLDS = {"Right": RIGHT_LID_FOLDS, "Left": LEFT_LID_FOLDS}

FOLD_FOLLOWS = (0.8, 0.22)
"""How far the skin over an upper lid follows it: lid and lashes come down whole, the skin under the brow unfolds."""

NECK = np.array([0.0, 1.75, 1.0])
"""Where the head turns, from the middle of the eyes [inter-ocular distances]: the top of the spine."""

CARRY = (0.8, 0.5, 0.22, 0.07, 0.0)
"""How much of the oval's own movement (a dropping jaw, say) each outer ring takes over."""

TURN_HAIR = (1.0, 0.97, 0.8, 0.36, 0.0)
TURN_NECK = (0.8, 0.5, 0.22, 0.06, 0.0)
"""How much of the head's turn each outer ring takes over, above and below."""

TOUCH = 0.05
"""Lips and lids this close [inter-ocular distances] begin to share their depth."""

LID_RIM = 0.012
"""How far below the mesh's lower lid line its skin begins [inter-ocular distances]: a rim of white that stayed with the
skin would show as a slit in closed eyes."""

LEAST_FOLD = 0.15
"""The least height the skin between a lid and its brow can be folded to, as a share of what it is at rest."""

BELOW_LIP = (
    (91, 181, 84, 17, 314, 405, 321),
    (106, 182, 83, 18, 313, 406, 335),
    (204, 194, 201, 200, 421, 418, 424),
)
"""Rows of the mesh from the lower lip's outer rim down to the chin."""

LEAST_CHIN = 0.35
"""The least height the skin between two of these rows can be folded to, as a share of what it is at rest."""

LID_MEETING = 0.18
"""Where closed lids meet, from the lower lid, as a share of the opening."""


@dataclass(frozen=True)
class Rig:
    """A portrait's mesh and how it moves.

    Attributes:
        points: (V, 3) the mesh as it lies in the picture: x, y [px], z [px] away from the camera.
        axes: (3, 3) the head's axes as columns, in the picture's frame.
        unit: inter-ocular distance [px].
        shapes: (52, V, 3) displacement of each shape at 1 [px].
        rigid: (V,) how far each vertex follows the head's turn, 0 to 1.
        pivot: (3,) what the head turns about [px].
        rest: (52,) the expression already in the picture, which stands in the way of another.
        seal: (V, 3) displacement that closes lips which stand apart in the picture [px].
        mouth_is_open: whether they do.
    """

    points: Float64
    axes: Float64
    unit: float
    shapes: Float64
    rigid: Float64
    pivot: Float64
    rest: Float64
    seal: Float64
    mouth_is_open: bool

    def deformed(self, motion: Motion, *, settle: float | Float32 = 1.0) -> Float64:
        """The mesh of each frame of a motion.

        Args:
            motion: T frames. Without any motion and with `settle` 0 the mesh lies as in the picture.
            settle: 0 takes the motion as change from the picture; 1 first takes out the picture's own look and closes
                its lips, so that a motion looks the same on a laughing portrait and on a stern one. One for all frames,
                or (T,).

        Returns:
            (T, V, 3) positions [px].
        """
        share = np.broadcast_to(np.asarray(settle, np.float64), len(motion))[:, None]
        weights = motion.shapes.astype(np.float64) - share * self.rest
        settled = self.points + share[..., None] * self.seal
        # Not by BLAS, which keeps a second core waiting for its next call.
        moved = settled + np.einsum("tk,kvc->tvc", weights, self.shapes)
        self._keep_lips_and_lids_apart(moved, settled)
        return self._turned(moved, motion)

    def skull(self, points: Float64, motion: Motion) -> Float64:
        """Points (N, 3) [px] fixed to the skull, as they lie in each frame of a motion: (T, N, 3)."""
        turn, shift = self._head_motion(motion)
        return np.asarray(np.einsum("tij,nj->tni", turn, points - self.pivot) + self.pivot + shift)

    def _head_motion(self, motion: Motion) -> tuple[Float64, Float64]:
        """Turns (T, 3, 3) about and shifts (T, 1, 3) along the head's own axes, however it is held, in the picture."""
        pose = motion.pose * np.array([1 - turned.LESS_YAW * turned.amount(self.axes), 1, 1, 1, 1, 1], np.float32)
        turn = self.axes @ rotations(pose).astype(np.float64) @ self.axes.T
        return turn, (motion.pose[:, None, 3:].astype(np.float64) * self.unit) @ self.axes.T

    def _turned(self, moved: Float64, motion: Motion) -> Float64:
        turn, shift = self._head_motion(motion)
        whole = np.einsum("tij,tnj->tni", turn, moved - self.pivot) + self.pivot + shift
        return np.asarray(moved + self.rigid[:, None] * (whole - moved))

    def _keep_lips_and_lids_apart(self, moved: Float64, settled: Float64) -> None:
        """Shapes add up, lips and lids cannot pass through each other: where they would, they meet half way.

        Lips that touch touch at one depth as well, that of the settled mesh (T, V, 3); else a head that nods would part
        them again.
        """
        down, deep = self.axes[:, 1], self.axes[:, 2]
        for upper, lower in ((UPPER_LIP, LOWER_LIP), *EYES.values()):
            one, two = list(upper[1:-1]), list(lower[1:-1])
            crossing = np.minimum((moved[:, two] - moved[:, one]) @ down, 0)[..., None] * down / 2
            moved[:, one] += crossing
            moved[:, two] -= crossing
            apart = moved[:, two] - moved[:, one]
            touching = np.clip(1 - (apart @ down) / (TOUCH * self.unit), 0, 1)
            step = (touching * ((apart - settled[:, two] + settled[:, one]) @ deep))[..., None] * deep / 2
            moved[:, one] += step
            moved[:, two] -= step
        self._keep_skin_above_lids(moved)
        self._keep_chin_below_lip(moved)

    def _keep_skin_above_lids(self, moved: Float64) -> None:
        """However far brows come down, the skin under them folds above the lid, not over the eye."""
        for side, (upper, _) in EYES.items():
            below = list(upper[1:-1])
            for row in LID_FOLDS[side]:
                rest = (self.points[below] - self.points[list(row)]) @ self.axes[:, 1]
                apart = (moved[:, below] - moved[:, list(row)]) @ self.axes[:, 1]
                over = np.maximum(np.minimum(LEAST_FOLD * rest, rest) - apart, 0)
                moved[:, list(row)] -= over[..., None] * self.axes[:, 1]
                below = list(row)

    def _keep_chin_below_lip(self, moved: Float64) -> None:
        """However far a lower lip is drawn down, the skin below it folds under, not behind it."""
        for above, below in pairwise(BELOW_LIP):
            rest = (self.points[list(below)] - self.points[list(above)]) @ self.axes[:, 1]
            apart = (moved[:, list(below)] - moved[:, list(above)]) @ self.axes[:, 1]
            over = np.maximum(np.minimum(LEAST_CHIN * rest, rest) - apart, 0)
            moved[:, list(below)] += over[..., None] * self.axes[:, 1]


def build_rig(picture: Picture, face: Face) -> Rig:
    """The rig of one face of a picture (H, W, 3)."""
    basis = face_shapes()
    landmarks = face.landmarks[:FACE_VERTICES].astype(np.float64)
    axes, unit, origin = _head_frame(landmarks, basis["neutral"])
    covered = "mouth" in face.hidden
    closed = covered or lips.is_closed(landmarks, axes[:, 1], unit)
    if covered:
        landmarks[list(UPPER_LIP)] = landmarks[list(LOWER_LIP)] = _middle(landmarks)
    elif closed:
        _lay_lips_on_their_seam(landmarks, picture, unit)
    local = _with_rings((landmarks - origin) @ axes / unit)
    for _, lower in EYES.values():
        local[list(lower[1:-1]), 1] += LID_RIM
    frame = glasses.give(local) if glasses.wears_glasses(picture, local, (axes * unit, origin)) else np.ones(len(local))
    points = local @ axes.T * unit + origin
    mask = person_mask(picture)
    shown = turned.shown(mask, points[:FACE_VERTICES], axes, unit)
    delta = _fitted_shapes(local, basis, frame)
    _hold(delta, face.hidden)
    shapes = delta @ axes.T * unit
    shapes[:, :FACE_VERTICES] *= shown[:, None]
    turned.hold_outline(shapes[:, :FACE_VERTICES], points[:FACE_VERTICES], axes, unit)
    rigid = _rigid_weights(local) * _stillness(mask, points, unit)
    rigid[:FACE_VERTICES] *= shown
    rest = _rest(local, basis)
    # A smile that is taken out lets go of the lips it held together.
    gaps = lips.lip_gaps(local - np.tensordot(rest, delta, axes=1), np.array([0.0, 1.0, 0.0]))
    seal = lips.sealing(local, np.maximum(gaps, 0)) @ axes.T * unit
    seal[:FACE_VERTICES] *= shown[:, None]
    return Rig(
        points=points,
        axes=axes,
        unit=unit,
        shapes=shapes,
        rigid=rigid,
        pivot=axes @ NECK * unit + origin,
        rest=rest,
        seal=seal,
        mouth_is_open=not closed,
    )


def _middle(points: Float64) -> Float64:
    """The line (..., N, 3) half way between both inner outlines of the lips."""
    return np.asarray((points[..., list(UPPER_LIP), :] + points[..., list(LOWER_LIP), :]) / 2)


def _hold(delta: Float64, hidden: frozenset[str]) -> None:
    """Take from shapes (52, V, 3) what would show something behind a cover: lips that part, lids that close."""
    if "mouth" in hidden:
        delta[:, list(UPPER_LIP)] = delta[:, list(LOWER_LIP)] = _middle(delta)
    for side in ("Right", "Left"):
        if f"{side.lower()} eye" in hidden:
            delta[[name.startswith("eye") and name.endswith(side) for name in SHAPES]] = 0


def _lay_lips_on_their_seam(landmarks: Float64, picture: Picture, unit: float) -> None:
    """Put both inner outlines (468, 3) [px] of closed lips where the picture shows that they meet."""
    landmarks[list(UPPER_LIP), :2] = landmarks[list(LOWER_LIP), :2] = lips.seam(picture, landmarks, unit)
    landmarks[list(LOWER_LIP), 2] = landmarks[list(UPPER_LIP), 2]


def shapes_of(landmarks: Float64) -> Float64:
    """The shapes on a resting face without glasses (468, 3), in the head's frame: (52, V, 3), outer rings included."""
    local = _with_rings(landmarks)
    return _fitted_shapes(local, face_shapes(), np.ones(len(local)))


def _head_frame(landmarks: Float64, neutral: Float64) -> tuple[Float64, float, Float64]:
    """Axes (3, 3), inter-ocular distance [px] and origin (3,) [px] of the head, by a rigid fit of the mean face."""
    rigid = list(RIGID)
    ours, mean = landmarks[rigid], neutral[rigid]
    left, _, right = np.linalg.svd((ours - ours.mean(0)).T @ (mean - mean.mean(0)))
    turn = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    eyes = [landmarks[[33, 133]].mean(0), landmarks[[263, 362]].mean(0)]
    return turn, float(np.linalg.norm(eyes[1] - eyes[0])), (eyes[0] + eyes[1]) / 2


def _with_rings(local: Float64) -> Float64:
    """The face (468, 3) and its outer rings, (V, 3), in the head's frame."""
    oval = local[list(OVAL)]
    middle = np.array([local[1, 0], (oval[:, 1].max() + oval[:, 1].min()) / 2, 0])
    rings = []
    for scale in RING_SCALES:
        ring = middle + (oval - middle) * scale
        ring[:, 2] = oval[:, 2] + (scale - 1) * 0.5
        rings.append(ring)
    return np.vstack([local, *rings])


def _rigid_weights(local: Float64) -> Float64:
    """How far each vertex follows the head's turn (V,): hair nearly whole, the neck less, the surroundings not."""
    neck = _below_nose(local) ** 2
    weights = np.ones(len(local))
    for ring, (hair, throat) in enumerate(zip(TURN_HAIR, TURN_NECK, strict=True)):
        weights[ring_vertices(ring)] = hair + (throat - hair) * neck
    return weights


def _below_nose(local: Float64) -> Float64:
    """For each point of the oval (36,): 0 down to the nose, rising to 1 at the chin."""
    nose, chin = local[2, 1], local[152, 1]
    return np.asarray(np.clip((local[list(OVAL), 1] - nose) / (chin - nose), 0, 1))


def _stillness(mask: Float32, points: Float64, unit: float) -> Float64:
    """How far each vertex (V,) may follow the head, for what it lies on in the picture: `mask` (H, W) is of persons.

    The background stays where it is, and so does the border of the picture: nothing is known beyond it. The face itself
    always moves.
    """
    height, width = mask.shape
    places = points[:, :2]
    inside = np.minimum(places, (width - 1, height - 1) - places).min(1)
    still = np.clip(inside / (BORDER * unit), 0, 1)
    person = cv2.GaussianBlur(mask, (0, 0), 0.12 * unit)
    x, y = np.clip(places, 0, (width - 1, height - 1)).astype(int).T
    if person[y[:FACE_VERTICES], x[:FACE_VERTICES]].mean() > PERSON_FOUND:
        still *= BACKGROUND + (1 - BACKGROUND) * person[y, x]
    still[:FACE_VERTICES] = 1
    return np.asarray(still)


BORDER = 0.35
"""Width of the strip along the picture's border that holds still [inter-ocular distances]."""

BACKGROUND = 0.25
"""How much the background next to the head gives way, so that it is not torn."""

PERSON_FOUND = 0.7
"""A person's mask that does not even hold the face (a statue, a drawing) is not used."""


def _fitted_shapes(local: Float64, basis: dict[str, Float64], give: Float64) -> Float64:
    """The shapes on this face and its rings, (52, V, 3), in the head's frame; `give` (V,) is what glasses leave."""
    neutral = basis["neutral"]
    stretch = np.array([1.0, _feature_height(local) / _feature_height(neutral), 1.0])
    delta = np.zeros((len(SHAPES), len(local), 3))
    delta[:, :FACE_VERTICES] = basis["delta"] * np.clip(stretch, 0.8, 1.25)
    delta *= emphasis()[:, None, None]
    brows.carry_whole(delta, local)
    # Lids move behind the lenses; what would bend the frame gives way.
    lids = np.isin(np.arange(len(local)), [i for side in EYES for rim in (*EYES[side], *LID_FOLDS[side]) for i in rim])
    for i, name in enumerate(SHAPES):
        delta[i] *= np.where(lids if name.startswith("eye") else False, 1, give)[:, None]
    for side, (upper, lower) in EYES.items():
        _fit_lids(delta, local, neutral, side, upper, lower)
    # Only the jaw takes along what lies outside the face; a working jaw must not pull at ears and background.
    jaw = _below_nose(local)[:, None]
    for ring, carry in enumerate(CARRY):
        delta[:, ring_vertices(ring)] = carry * jaw * delta[:, list(OVAL)]
    return delta


def _feature_height(points: Float64) -> float:
    """From the eyes to below the nose [inter-ocular distances]: what no expression changes."""
    return float(points[2, 1] - (points[[33, 133, 263, 362], 1]).mean())


def _fit_lids(
    delta: Float64, local: Float64, neutral: Float64, side: str, upper: tuple[int, ...], lower: tuple[int, ...]
) -> None:
    """Scale a side's lid shapes to this eye's opening, and let the blink close it exactly."""
    one, two = list(upper), list(lower)
    opening = local[two] - local[one]
    usual = (neutral[two] - neutral[one])[:, 1].mean()
    scale = float(np.clip(opening[:, 1].mean() / usual, 0.5, 1.6))
    for name in ("eyeBlink", "eyeLookDown", "eyeLookUp", "eyeSquint", "eyeWide"):
        shape = delta[index(name + side)]
        near = np.abs(local[: len(neutral), 1] - local[one + two, 1].mean()) < 0.35
        shape[:FACE_VERTICES][near] *= scale
    blink = delta[index("eyeBlink" + side)]
    blink[one] = opening * (1 - LID_MEETING)
    blink[two] = -opening * LID_MEETING
    for fold, follows in zip(LID_FOLDS[side], FOLD_FOLLOWS, strict=True):
        blink[list(fold)] = follows * blink[one[1:-1]]


@cache
def usual_rest() -> tuple[Float64, Float64]:
    """How faces look at rest (468, 3), in the head's frame, and the shapes on that one (52, 468, 3)."""
    mean = face_shapes()["neutral"]
    rest = mean + np.tensordot(reading_statistics()["usual"], shapes_of(mean)[:, :FACE_VERTICES], axes=1)
    return rest, shapes_of(rest)[:, :FACE_VERTICES]


def _rest(local: Float64, basis: dict[str, Float64]) -> Float64:
    """The look already in the picture, as weights (52,): stern or raised brows, wide or narrow eyes, a sad mouth, a
    smile; the same on both sides, since most of what differs between them is the light."""
    look = unusual(local[:FACE_VERTICES], *usual_rest(), MADE_SO)
    look = np.where(OF_LOOKS, (look + look[list(MIRROR)]) / 2, 0.0)
    return np.maximum(look, smile(local, basis))


MADE_SO = 0.3
"""So many spreads from the usual face still count as the way a face is made."""

OF_LOOKS = np.array([name.startswith(("brow", "eyeSquint", "eyeWide", "mouthFrown")) for name in SHAPES])
"""Shapes (52,) that a look is read from, beside a smile's; the others would be taken for one where a smile is."""

"""Motion -> frames: the picture itself, deformed by its rig; eyeballs behind the lids, teeth behind the lips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64, Int64, UInt8
from dicetalk.face import Face
from dicetalk.media import Picture
from dicetalk.motion.basis import face_shapes
from dicetalk.motion.landmarks import FACE_VERTICES, LEFT_IRIS, LIP_CORNERS, RIGHT_IRIS
from dicetalk.motion.space import Motion, index
from dicetalk.portrait.cutout import off_white
from dicetalk.portrait.eyes import Eyeball, draw_lids, eyeball
from dicetalk.portrait.folds import Shading, fold_shading
from dicetalk.portrait.mouth import Mouth, draw_mouth
from dicetalk.portrait.opening import Opening, around, opening_of
from dicetalk.portrait.own_mouth import OwnMouth, own_mouth
from dicetalk.portrait.palette import read_palette
from dicetalk.portrait.rig import EYES as LIDS
from dicetalk.portrait.rig import Rig, build_rig
from dicetalk.portrait.silhouette import soften
from dicetalk.portrait.topology import Topology, topology
from dicetalk.portrait.warp import Warp
from dicetalk.rates import FPS

LIP_MIDDLES = (13, 14)
LOWER_LIP_MIDDLE = 14
JAW_SHAPES = ("jawOpen", "jawLeft", "jawRight", "jawForward")
TEETH_FOLLOW_LIP = 0.9
"""The lower lip drops a little further than the teeth behind it."""

LIP_EDGE = 0.012
"""Openings between lips much thinner than this are none [inter-ocular distances]."""

MOST_LEAN = 0.8
"""The most a mouth is taken to be seen from the side or from below (a tangent)."""

RIM = 0.025
"""How far lids or lips move before the rim of the picture's own opening is hidden [inter-ocular distances]."""


AT_ONCE = FPS
"""Frames whose meshes are deformed together: a second's."""


class Renderer:
    """Draws one face of one picture in motion."""

    def __init__(self, picture: Picture, face: Face, cover: UInt8 | None = None) -> None:
        """Read the portrait.

        Args:
            picture: (H, W, 3) RGB.
            face: the face to animate, in the picture's coordinates.
            cover: (H, W) how much each pixel covers what is behind; the picture lies on white there. None covers all.
        """
        self._cover = None if cover is None else _room_around(np.ascontiguousarray(cover), face)[0]
        picture, face, self._cut = _room_around(np.ascontiguousarray(picture), face)
        self.picture = picture
        self.rig: Rig = build_rig(picture, face)
        self._mesh: Topology = topology()
        fine = self._still = self._fine(self.rig.points)
        left, top, right, bottom = self._region = _region(fine, picture.shape)
        self._still_in_region = (fine[:, :2] - (left, top)).astype(np.float32)
        self._warp = Warp(picture[top:bottom, left:right], fine[:, :2] - (left, top))
        outlines = {"Right": self._mesh.right_eye, "Left": self._mesh.left_eye}
        irises = {"Right": RIGHT_IRIS, "Left": LEFT_IRIS}
        self._outlines = outlines
        self._anchors = _anchors(
            self.rig, [*(fine[loop].mean(0) for loop in outlines.values()), _middle_of_mouth(self.rig)]
        )
        self._hidden = face.hidden
        self._eyes: list[Eyeball] = [
            eyeball(picture, fine[outlines[side], :2], face.landmarks[list(irises[side]), :2].astype(np.float64), side)
            for side in outlines
        ]
        self._folds = _folds(picture, self.rig).seen_from(left, top)
        self._own_mouth = own_mouth(picture, fine[self._mesh.mouth, :2]) if self.rig.mouth_is_open else None
        self._mouth: Mouth = _drawn_mouth(picture, self.rig, self._eyes, self._own_mouth)

    def render(self, motion: Motion, *, settle: float | Float32 = 1.0) -> Iterator[Picture]:
        """Frames (H, W, 3) uint8 of a motion, one after the other; (H, W, 4) with a cover, off the white.

        Args:
            motion: any number of frames.
            settle: as in `Rig.deformed`; with 0 and no motion the picture comes back as it is.
        """
        for draw in self.drafts(motion, settle=settle):
            yield draw()

    def drafts(self, motion: Motion, *, settle: float | Float32 = 1.0) -> Iterator[Callable[[], Picture]]:
        """The same frames, each of which is drawn where that is called."""
        shares = np.broadcast_to(np.asarray(settle, np.float32), len(motion))
        for start in range(0, len(motion), AT_ONCE):
            part, share = motion[start : start + AT_ONCE], shares[start : start + AT_ONCE]
            meshes, anchors = self.rig.deformed(part, settle=share), self.rig.skull(self._anchors, part)
            for i, (mesh, moved) in enumerate(zip(meshes, anchors, strict=True)):
                yield partial(self._frame, mesh, part[i : i + 1], float(share[i]), self._back_to_picture(moved))

    def _fine(self, mesh: Float64) -> Float64:
        return self._mesh.fine(mesh)

    def _frame(self, mesh: Float64, motion: Motion, settle: float, back: dict[str, Float64]) -> Picture:
        left, top, right, bottom = self._region
        fine = self._fine(mesh)
        target = (fine - (left, top, 0)).astype(np.float32)
        self._warp.move(target, self._mesh.triangles)
        shape = (bottom - top, right - left)
        openings = {name: opening_of(target[loop, :2], shape) for name, loop in self._loops().items()}
        for loop in self._loops().values():
            # Pixels that are partly skin: the skin goes on into the rim of the opening. Of one that is shut as well:
            # some pixels stay open between two rims that touch, and would show what lay there before.
            self._warp.grow(around(target[loop, :2], shape), 2)
        frame = self.picture.copy()
        region = frame[top:bottom, left:right]
        self._warp.draw(region)
        soften(region, target[:, :2], self._still_in_region, self._mesh.triangles)
        face = _box(target[:FACE_VERTICES], region.shape)
        x, y = self._warp.x[face], self._warp.y[face]
        self._folds.apply(region[face], motion.shapes[0] - settle * self.rig.rest, x, y, self._warp.detail)
        for eye in self._eyes:
            self._draw_eye(region, openings[eye.side], eye, fine, motion, back[eye.side])
        self._draw_mouth(region, openings["mouth"], fine, motion, back["mouth"])
        return np.ascontiguousarray(frame[self._cut]) if self._cover is None else self._cut_out(frame, self._cover)

    def _cut_out(self, frame: Picture, cover: UInt8) -> Picture:
        """A frame off the white, (H, W, 4), with the cover (H, W) moved as its colours were."""
        left, top, right, bottom = self._region
        maps = self._warp.x / self._warp.detail, self._warp.y / self._warp.detail
        moved = cover.copy()
        moved[top:bottom, left:right] = cv2.remap(
            cover[top:bottom, left:right], *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        return off_white(frame[self._cut], moved[self._cut])

    def _loops(self) -> dict[str, Int64]:
        return {**self._outlines, "mouth": self._mesh.mouth}

    def _back_to_picture(self, moved: Float64) -> dict[str, Float64]:
        """(2, 3) affine maps from the region of the frame to the picture for what is fixed to the skull behind each
        opening, whose anchors (9, 3) have moved to some places [px]."""
        before, after = (points[:, :2].astype(np.float32).reshape(-1, 3, 2) for points in (self._anchors, moved))
        corner = np.array(self._region[:2], np.float32)
        affines = (cv2.getAffineTransform(there - corner, here) for here, there in zip(before, after, strict=True))
        return dict(zip(self._loops(), map(np.asarray, affines), strict=True))

    def _draw_eye(
        self, region: Picture, opening: Opening | None, eye: Eyeball, fine: Float64, motion: Motion, back: Float64
    ) -> None:
        loop = self._outlines[eye.side]
        moved = self._moved(loop, fine, back)
        seen = f"{eye.side.lower()} eye" not in self._hidden
        if opening is not None:
            places = opening.places(back)
            gaze = eye.gaze(motion.shapes[0]) * self.rig.unit * seen
            shift = (self.rig.axes[:2, :2] @ gaze) if gaze.any() else np.zeros(2)
            ball = eye.look(places, shift, moved).astype(np.float32)
            # Where the lids are as in the picture, their shadow is in the picture too.
            opening.fill(region, ball * (1 - 0.45 * moved * opening.shadow(0.09 * self.rig.unit))[..., None])
        upper, lower = (fine[list(lid), :2] - self._region[:2] for lid in LIDS[eye.side])
        draw_lids(region, upper, lower, eye.lashes, self.rig.unit, moved)

    def _at_rest(self, vertices: Int64 | list[int], fine: Float64, back: Float64) -> Float64:
        """Where vertices (N,) of the frame's mesh would lie in the picture (N, 2) [px], had the head not moved."""
        return _apply(back, fine[vertices, :2] - self._region[:2])

    def _moved(self, loop: Int64, fine: Float64, back: Float64) -> float:
        """How far an outline has left its place in the picture: 0, to 1 where nothing of its old rim may show."""
        away = np.abs(self._at_rest(loop, fine, back) - self._still[loop, :2]).max()
        return float(np.clip(away / (RIM * self.rig.unit), 0, 1))

    def _draw_mouth(
        self, region: Picture, opening: Opening | None, fine: Float64, motion: Motion, back: Float64
    ) -> None:
        if opening is None:
            return
        rig = self.rig
        opening = opening.parted(LIP_EDGE * rig.unit)
        in_picture = opening.places(back)
        lips = _in_the_skull(rig, self._at_rest(list(LIP_MIDDLES), fine, back))[:, 1]
        tongue_out = float(motion.shapes[0, index("tongueOut")])
        inside = self._mouth.inside(_in_the_skull(rig, in_picture), self._jaw(motion), lips, tongue_out)
        inside *= 1 - 0.5 * opening.shadow(0.075 * rig.unit)[..., None]
        if self._own_mouth is not None:
            inside = self._own_mouth.laid_over(inside, in_picture, self._moved(self._mesh.mouth, fine, back))
        opening.fill(region, inside)

    def _jaw(self, motion: Motion) -> Float64:
        """How far the lower teeth have moved, (2,) in the head's frame [inter-ocular distances]."""
        columns = [index(name) for name in JAW_SHAPES]
        moved = motion.shapes[0, columns].astype(np.float64) @ self.rig.shapes[columns, LOWER_LIP_MIDDLE]
        return np.asarray((moved @ self.rig.axes)[:2] / self.rig.unit * TEETH_FOLLOW_LIP)


def _room_around(picture: Picture, face: Face) -> tuple[Picture, Face, tuple[slice, slice]]:
    """A picture whose border cuts the face, continued so that the whole face lies inside it.

    Returns:
        the picture, the face in it, and the part of it that was there before.
    """
    height, width = picture.shape[:2]
    left, top, right, bottom = face.box
    margin = (right - left) // 8
    before = max(margin - left, 0), max(margin - top, 0)
    after = max(right + margin - width, 0), max(bottom + margin - height, 0)
    cut = (slice(before[1], before[1] + height), slice(before[0], before[0] + width))
    if not any(before + after):
        return picture, face, cut
    wide = cv2.copyMakeBorder(picture, before[1], after[1], before[0], after[0], cv2.BORDER_REPLICATE)
    return np.asarray(wide, np.uint8), face.shifted(-before[0], -before[1]), cut


def _folds(picture: Picture, rig: Rig) -> Shading:
    local = (rig.points - rig.pivot) @ rig.axes / rig.unit
    return fold_shading(picture, local, (rig.axes * rig.unit, rig.pivot), face_shapes()["mirror"].astype(int))


def _drawn_mouth(picture: Picture, rig: Rig, eyes: list[Eyeball], own: OwnMouth | None) -> Mouth:
    teeth = None if own is None else own.teeth
    colours = read_palette(picture, rig.points[:, :2], rig.unit, eyes, teeth)
    corners = (rig.points[list(LIP_CORNERS)] @ rig.axes)[:, 0]
    width = float(np.ptp(corners)) / rig.unit
    lean = np.clip(np.linalg.inv(rig.axes[:2, :2]) @ rig.axes[:2, 2], -MOST_LEAN, MOST_LEAN)
    edge = None if own is None or own.edge is None else float(_in_the_skull(rig, own.edge)[1])
    return draw_mouth(colours, width, rig.unit, lean=lean, own_edge=edge)


def _middle_of_mouth(rig: Rig) -> Float64:
    """Where the lips meet in the middle (3,) [px]."""
    return np.asarray((rig.points[[13, 14]] + rig.seal[[13, 14]]).mean(0))


def _in_the_skull(rig: Rig, places: Float64) -> Float64:
    """Places (..., 2) of the picture [px], from the middle of the mouth along the head's axes [unit]."""
    turn = np.linalg.inv(rig.axes[:2, :2]) / rig.unit
    return _apply(np.column_stack([turn, -turn @ _middle_of_mouth(rig)[:2]]), places)


def _region(fine: Float64, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The part of the picture that can change: the box of the mesh, cut to the picture."""
    low, high = np.floor(fine[:, :2].min(0)).astype(int), np.ceil(fine[:, :2].max(0)).astype(int)
    return max(low[0], 0), max(low[1], 0), min(high[0] + 1, shape[1]), min(high[1] + 1, shape[0])


def _box(points: Float32, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The part of a frame that holds points (N, >=2) [px]."""
    left, top = np.floor(points.min(0)[:2]).astype(int).clip(0)
    right, bottom = np.minimum(np.ceil(points.max(0)[:2]).astype(int) + 1, (shape[1], shape[0]))
    return slice(top, bottom), slice(left, right)


def _anchors(rig: Rig, places: list[Float64]) -> Float64:
    """Three points of the skull around each of some places (3,) [px], that tell how it lies there: (3 * N, 3)."""
    step = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]]) @ rig.axes.T * (0.3 * rig.unit)
    return np.concatenate([near + step for near in places])


def _apply(affine: Float64, places: Float64) -> Float64:
    """An affine map (2, 3) on places (..., 2). Written out: BLAS keeps a second core waiting for its next call."""
    x, y = places[..., :1], places[..., 1:]
    return np.asarray(x * affine[:, 0] + y * affine[:, 1] + affine[:, 2])

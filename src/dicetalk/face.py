"""Find faces in a picture: 478 landmarks each, boxes, crops, the person's mask.

MediaPipe does the reading, offline. A picture is searched as a whole first, then around boxes of the two face
detectors (near and far), then in overlapping tiles, so that a small face in a large painting is found too.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dicetalk.errors import InputError, NoFaceError

Picture = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

MESH_SIZE = 640
"""Long side [px] of the crop the mesh is read from: steady from 300 to 1000, and twice as fast as the latter."""

SEARCHED = "the whole picture, around two face detectors' boxes and in tiles"


@dataclass(frozen=True)
class Face:
    """One face of a picture.

    Attributes:
        landmarks: (478, 3) MediaPipe's refined mesh: x, y [px] in the picture, z [px] away from the camera.
    """

    landmarks: npt.NDArray[np.float32]

    @property
    def box(self) -> Box:
        """Bounding box (left, top, right, bottom) [px] of the landmarks."""
        low, high = self.landmarks[:, :2].min(0), self.landmarks[:, :2].max(0)
        return (int(low[0]), int(low[1]), int(np.ceil(high[0])), int(np.ceil(high[1])))

    @property
    def area(self) -> float:
        """Area of the box [px²]."""
        left, top, right, bottom = self.box
        return float((right - left) * (bottom - top))

    def scaled(self, factor: float) -> Face:
        """The same face in a picture resized by `factor`."""
        return Face(self.landmarks * np.float32(factor))

    def shifted(self, x: float, y: float) -> Face:
        """The same face in a picture whose origin moved to (x, y) [px]."""
        return Face(self.landmarks - np.array([x, y, 0], np.float32))


def find_faces(picture: Picture, *, thorough: bool = False) -> list[Face]:
    """The faces in a picture (H, W, 3), left to right; an empty list if there is none.

    Args:
        picture: (H, W, 3).
        thorough: search in tiles for small faces even where a larger one was found already.
    """
    with _quiet(), _readers() as (mesh, detectors):
        faces = _read(mesh, picture, (0, 0, picture.shape[1], picture.shape[0]))
        for box in _detected_boxes(detectors, picture):
            faces = _merge(faces, _read(mesh, picture, box))
        if thorough or not faces:
            for tile in _tiles(picture):
                certain = [face for face in _read(mesh, picture, tile) if _seen_twice(mesh, picture, face)]
                faces = _merge(faces, certain)
        faces = [_refined(mesh, picture, face) for face in faces]
    return sorted(faces, key=lambda face: face.box[0] + face.box[2])


FOLLOWED_AROUND = 0.6
"""Margin around a face that is followed, as a share of its larger side, on each side."""

FOLLOWED_SIZE = 320
"""Long side [px] of the crop in which a face is followed: the mesh's own input is 192 pixels wide."""

LOST_FOR = 12
"""Frames between two searches for a face that is not seen."""


def follow_face(frames: Iterable[Picture]) -> Iterator[Face | None]:
    """The largest face, followed through frames (H, W, 3); None where it is not seen.

    Where it was lost, the largest face is looked for anew.
    """
    from mediapipe.python.solutions.face_mesh import FaceMesh

    with _quiet():
        mesh = FaceMesh(max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.4)
        mesh.process(np.zeros((64, 64, 3), np.uint8))  # it starts, and logs, with its first picture
    box: Box | None = None
    wait = 0
    with mesh:
        for frame in frames:
            if box is None and wait == 0:
                box, wait = _largest_around(frame), LOST_FOR
            face = _followed(mesh, frame, box)
            yield face
            wait = max(wait - 1, 0)
            if face is None:
                box = None
            elif _leaves(face.box, box, frame):
                box = _around(face.box, frame, FOLLOWED_AROUND)
                with _quiet():
                    mesh.reset()  # it looks where the face was in the last crop
                    mesh.process(np.zeros((64, 64, 3), np.uint8))


def _largest_around(picture: Picture) -> Box | None:
    """The crop in which to follow the largest face, None without one."""
    with _quiet(), _readers() as (mesh, detectors):
        faces = _read(mesh, picture, (0, 0, picture.shape[1], picture.shape[0]))
        for box in _detected_boxes(detectors, picture):
            faces = _merge(faces, _read(mesh, picture, box))
    return _around(choose_face(faces).box, picture, FOLLOWED_AROUND) if faces else None


def _followed(mesh: Any, frame: Picture, box: Box | None) -> Face | None:
    if box is None:
        return None
    with _quiet():
        # A face that moved too fast for the tracker is detected anew on the second call.
        faces = _read(mesh, frame, box, FOLLOWED_SIZE) or _read(mesh, frame, box, FOLLOWED_SIZE)
    return faces[0] if faces else None


def _leaves(face: Box, crop: Box | None, picture: Picture) -> bool:
    """Whether a face has come close to a border of its crop beyond which the picture goes on."""
    if crop is None:
        return True
    near = FOLLOWED_AROUND / 4 * max(face[2] - face[0], face[3] - face[1])
    height, width = picture.shape[:2]
    gaps = (face[0] - crop[0], face[1] - crop[1], crop[2] - face[2], crop[3] - face[3])
    ends = (crop[0] == 0, crop[1] == 0, crop[2] == width, crop[3] == height)
    return any(gap < near and not end for gap, end in zip(gaps, ends, strict=True))


def choose_face(faces: list[Face], number: int | None = None) -> Face:
    """The face asked for, or the largest one.

    Args:
        faces: as `find_faces` gives them.
        number: 1 is the leftmost face; None takes the largest.

    Raises:
        NoFaceError: there is none, or fewer than `number`.
    """
    if not faces:
        raise NoFaceError(
            f"no face found (searched {SEARCHED}); use a picture in which both eyes and the mouth can be seen, "
            "upright and at least 60 pixels wide"
        )
    if number is None:
        return max(faces, key=lambda face: face.area)
    if not 1 <= number <= len(faces):
        count = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
        raise NoFaceError(
            f"face {number} asked for, {count} found; pass a number from 1 (leftmost) to {len(faces)}",
            [face.box for face in faces],
        )
    return faces[number - 1]


def face_crop(picture: Picture, face: Face, expand: float = 2.0) -> tuple[Box, Face]:
    """The square around a face, `expand` times its larger side, kept inside the picture.

    Returns:
        the box (left, top, right, bottom) [px], and the face in the coordinates of that box.
    """
    height, width = picture.shape[:2]
    left, top, right, bottom = face.box
    side = min(int(max(right - left, bottom - top) * expand), width, height)
    if side < 32:
        raise InputError(f"the face is {right - left} x {bottom - top} pixels, too small to crop; use a larger picture")
    x = min(max((left + right - side) // 2, 0), width - side)
    y = min(max((top + bottom - side) // 2, 0), height - side)
    return (x, y, x + side, y + side), face.shifted(x, y)


def person_mask(picture: Picture) -> npt.NDArray[np.float32]:
    """How much each pixel of a picture (H, W, 3) belongs to a person, (H, W) in [0, 1]."""
    with _quiet():
        from mediapipe.python.solutions.selfie_segmentation import SelfieSegmentation

        with SelfieSegmentation(model_selection=0) as segmenter:
            mask: npt.NDArray[np.float32] = segmenter.process(picture).segmentation_mask
    return mask


@contextlib.contextmanager
def _readers() -> Iterator[tuple[Any, list[Any]]]:
    from mediapipe.python.solutions.face_detection import FaceDetection
    from mediapipe.python.solutions.face_mesh import FaceMesh

    with (
        FaceMesh(static_image_mode=True, max_num_faces=8, refine_landmarks=True, min_detection_confidence=0.4) as mesh,
        FaceDetection(model_selection=0, min_detection_confidence=0.4) as near,
        FaceDetection(model_selection=1, min_detection_confidence=0.4) as far,
    ):
        yield mesh, [near, far]


def _read(mesh: Any, picture: Picture, box: Box, size: int = MESH_SIZE) -> list[Face]:
    """Faces the mesh finds inside a box, in the picture's coordinates."""
    import cv2

    left, top, right, bottom = box
    crop = picture[top:bottom, left:right]
    scale = size / max(crop.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=way)
    found = mesh.process(small).multi_face_landmarks or []
    # z is in units of the width, like x.
    extent = np.array([crop.shape[1], crop.shape[0], crop.shape[1]], np.float32)
    faces = [np.array([[p.x, p.y, p.z] for p in face.landmark], np.float32) for face in found]
    return [Face(points * extent + np.array([left, top, 0], np.float32)) for points in faces]


def _seen_twice(mesh: Any, picture: Picture, face: Face) -> bool:
    """Whether a face found in a tile is found in wider and in closer crops too: in folds and emblems it is not."""
    return all(
        any(_overlap(other.box, face.box) > 0.4 for other in _read(mesh, picture, _around(face.box, picture, margin)))
        for margin in (0.35, 1.5)
    )


def _refined(mesh: Any, picture: Picture, face: Face) -> Face:
    """The face read again from a close crop, where the mesh is most exact."""
    closer = _merge([], _read(mesh, picture, _around(face.box, picture, 1.0)))
    same = [other for other in closer if _overlap(other.box, face.box) > 0.4]
    return max(same, key=lambda other: _overlap(other.box, face.box)) if same else face


def _detected_boxes(detectors: list[Any], picture: Picture) -> list[Box]:
    height, width = picture.shape[:2]
    boxes = []
    for detector in detectors:
        for detection in detector.process(picture).detections or []:
            box = detection.location_data.relative_bounding_box
            left, top = int(box.xmin * width), int(box.ymin * height)
            boxes.append((left, top, left + int(box.width * width), top + int(box.height * height)))
    return [_around(box, picture, 0.8) for box in boxes if box[2] - box[0] >= 16 and box[3] - box[1] >= 16]


def _around(box: Box, picture: Picture, margin: float) -> Box:
    """The square around a box, with `margin` of its larger side on each side, cut to the picture."""
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    half = int(max(right - left, bottom - top) * (0.5 + margin))
    x, y = (left + right) // 2, (top + bottom) // 2
    return (max(x - half, 0), max(y - half, 0), min(x + half, width), min(y + half, height))


def _tiles(picture: Picture) -> list[Box]:
    """Overlapping squares of a half and a third of the picture's short side."""
    height, width = picture.shape[:2]
    tiles = []
    for side in (min(height, width) // 2, min(height, width) // 3):
        tops, lefts = (_starts(length, side) for length in (height, width))
        tiles += [(left, top, left + side, top + side) for top in tops for left in lefts]
    return tiles


def _starts(length: int, side: int) -> list[int]:
    """Where tiles of a side begin that cover a length, each half over the one before."""
    return [*range(0, length - side, max(side // 2, 1)), length - side]


def _merge(known: list[Face], new: list[Face]) -> list[Face]:
    """Known faces and those new ones that are not already among them."""
    result = list(known)
    for face in new:
        if all(_overlap(face.box, other.box) < 0.3 for other in result):
            result.append(face)
    return result


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    total = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return width * height / (total - width * height)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep MediaPipe's native log lines off standard error: they cannot be turned off from Python."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    sys.stderr.flush()
    keep = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(keep, 2)
        os.close(keep)

"""Stills of a portrait with an emotion, and its faces: what somebody looks at before a video is made."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import dicetalk
from dicetalk.acting.postures import posture_pose, posture_shapes
from dicetalk.backbone import DEFAULT
from dicetalk.emotion.road import track
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.typed import parse
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import NoFaceError
from dicetalk.face import Face
from dicetalk.marks.carriers import with_segment
from dicetalk.marks.origin import Origin
from dicetalk.marks.seal import sealed_picture
from dicetalk.media import Photo, Picture, read_photo
from dicetalk.motion.space import Motion
from dicetalk.portrait.cover import look_over
from dicetalk.portrait.framing import faces_of
from dicetalk.portrait.look import look_of
from dicetalk.portrait.renderer import Renderer

READY = 8
"""Portraits that are kept ready to be drawn: 30 MB each at 512 px."""
JPEG_QUALITY = 88


@dataclass(frozen=True)
class Framing:
    """How a portrait is shown.

    Attributes:
        path: of the picture; its name says what it holds.
        face, size, crop, anyway: as in `jobs.Job`.
    """

    path: Path
    face: int | None
    size: int
    crop: bool
    anyway: bool


class Stills:
    """Draws stills; the portraits that were seen last are ready."""

    def __init__(self) -> None:
        self._ready: OrderedDict[Framing, Renderer] = OrderedDict()

    def draw(self, framing: Framing, emotion: str) -> tuple[bytes, float]:
        """A JPEG of a portrait with an emotion, and how long that took [ms].

        Raises:
            DiceTalkError: the picture, its face or the emotion cannot be used.
        """
        start = time.perf_counter()
        motion = held(emotion)
        (frame,) = self._renderer(framing).render(motion)
        content = BytesIO()
        Image.fromarray(frame).save(content, "JPEG", quality=JPEG_QUALITY)
        still = sealed_picture(content.getvalue(), _origin(framing, emotion), with_segment)
        return still, 1000 * (time.perf_counter() - start)

    def _renderer(self, framing: Framing) -> Renderer:
        found = self._ready.pop(framing, None) or _renderer(framing)
        self._ready[framing] = found
        if len(self._ready) > READY:
            self._ready.popitem(last=False)
        return found


def _origin(framing: Framing, emotion: str) -> dict[str, Any]:
    """What a still tells of where it comes from."""
    inputs = {"portrait": framing.path.name}
    return Origin(version=dicetalk.__version__, backbone=DEFAULT, emotion=emotion, seed=0, inputs=inputs).to_json()


def _renderer(framing: Framing) -> Renderer:
    photo = Photo(read_photo(framing.path).picture)
    look = look_of(photo, framing.face, framing.anyway, framing.size, framing.crop)
    return Renderer(look.portrait, look.face)


def held(emotion: str) -> Motion:
    """One frame of an emotion, names and strengths as typed, in a face that does not speak.

    Raises:
        EmotionError: it cannot be understood.
    """
    weights = track(Timeline([(0.0, parse(emotion))]), [0.0]).onto(NAMES).astype(np.float64)
    shapes, pose = posture_shapes(weights), posture_pose(weights)
    return Motion(shapes.astype(np.float32), pose.astype(np.float32)).clipped()


def seen_in(path: Path) -> dict[str, Any]:
    """The faces of a picture, left to right, and which of them can be used.

    Raises:
        MediaError: it is no picture that can be read.
    """
    photo = read_photo(path)
    height, width = photo.picture.shape[:2]
    faces = [_told(photo.picture, *some) for some in enumerate(faces_of(photo.picture, thorough=True), 1)]
    return {"width": width, "height": height, "faces": faces, "warnings": list(photo.warnings)}


def _told(picture: Picture, number: int, face: Face) -> dict[str, Any]:
    place = {"number": number, "box": list(face.box)}
    try:
        warnings = look_over(picture, face, anyway=False)[1]
    except NoFaceError as error:
        return {**place, "usable": False, "problem": str(error), "warnings": []}
    return {**place, "usable": True, "problem": None, "warnings": list(warnings)}

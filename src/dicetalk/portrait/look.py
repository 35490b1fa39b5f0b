"""A picture that was given, ready to be animated: at the size of the frames, with its face, and what is doubtful."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import UInt8
from dicetalk.errors import naming
from dicetalk.face import Face
from dicetalk.files import PathLike
from dicetalk.media import Photo, Picture, read_photo
from dicetalk.portrait.cover import look_over
from dicetalk.portrait.framing import checked_picture, face_of, framed


@dataclass(frozen=True, eq=False)
class Look:
    """A portrait to animate.

    Attributes:
        portrait: (H, W, 3) at the size of the frames.
        face: in it.
        cover: (H, W) how much of it covers what is behind; None covers all.
        warnings: what is doubtful, one line each.
    """

    portrait: Picture
    face: Face
    cover: UInt8 | None
    warnings: tuple[str, ...]


def photo_of(portrait: PathLike | Picture) -> Photo:
    """What was given as a portrait: a picture file, or (H, W, 3) uint8 RGB.

    Raises:
        MediaError: it cannot be read.
        InputError: an array is no picture.
    """
    return Photo(checked_picture(portrait)) if isinstance(portrait, np.ndarray) else read_photo(portrait)


def look_of(photo: Photo, face: int | None, anyway: bool, size: int, crop: bool) -> Look:
    """One face of a photo.

    Raises:
        NoFaceError: there is none, or its mouth or an eye is covered, unless `anyway`.
    """
    with naming(photo.path):
        found, doubts = look_over(photo.picture, face_of(photo.picture, face), anyway)
    if photo.cover is None:
        return Look(*framed(photo.picture, found, size, crop), None, tuple(doubts))
    frame, found = framed(np.dstack([photo.picture, photo.cover]), found, size, crop)
    return Look(np.ascontiguousarray(frame[..., :3]), found, np.ascontiguousarray(frame[..., 3]), tuple(doubts))

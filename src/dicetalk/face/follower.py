"""Follow a face through the frames of a video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dicetalk.arrays import Picture
from dicetalk.face.face import Face, choose_face
from dicetalk.face.finder import find_faces, find_upright_faces
from dicetalk.face.mesh import PRESENT, around, read

LOST_FOR = 12
"""Frames between two searches for a face that is not seen."""


def follow_face(frames: Iterable[Picture]) -> Iterator[Face | None]:
    """The largest face, followed through frames (H, W, 3); None where it is not seen.

    Each frame is read, at its full size, where the face was in the one before. In the first frame the largest face is
    looked for whichever way up it is; where it was lost, the largest upright one.
    """
    face: Face | None = None
    wait = 0
    search: Callable[[Picture], list[Face]] = find_faces
    for frame in frames:
        face = _followed(frame, face)
        if face is None and wait == 0:
            faces = search(frame)
            face, wait = (choose_face(faces), 0) if faces else (None, LOST_FOR)
            search = find_upright_faces
        wait = max(wait - 1, 0)
        yield face


def _followed(frame: Picture, face: Face | None) -> Face | None:
    if face is None:
        return None
    reading = read(frame, around(face.landmarks))
    return reading.face if reading.presence >= PRESENT else None

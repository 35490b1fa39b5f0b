"""Read the face back from rendered frames: lip gaps and the marks of a posture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dicetalk.face import follow_face

Array = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]


def landmarks(frames: Iterable[Picture]) -> Array:
    """(T, 478, 3) landmarks [px] of the face in each frame; NaN where none is found. Frames are read one by one."""
    missing = np.full((478, 3), np.nan)
    return np.array([missing if face is None else face.landmarks for face in follow_face(frames)], np.float64)


def lip_gap(points: Array) -> Array:
    """Inner-lip gap (T,) as a share of the face's height."""
    gap = np.linalg.norm(points[:, 13, :2] - points[:, 14, :2], axis=1)
    return np.asarray(gap / np.linalg.norm(points[:, 10, :2] - points[:, 152, :2], axis=1))


def posture(points: Array) -> dict[str, Array]:
    """Marks of a posture, each (T,), in inter-ocular distances, in the head's own upright frame."""
    right, left = points[:, [33, 133], :2].mean(1), points[:, [263, 362], :2].mean(1)
    unit = np.linalg.norm(left - right, axis=1)
    across = (left - right) / unit[:, None]
    down = np.stack([-across[:, 1], across[:, 0]], 1)

    def place(i: int | list[int]) -> Array:
        spot = points[:, [i] if isinstance(i, int) else i, :2].mean(1) - (left + right) / 2
        return np.stack([(spot * across).sum(1), (spot * down).sum(1)], 1) / unit[:, None]

    def height(upper: list[int], lower: list[int]) -> Array:
        return place(lower)[:, 1] - place(upper)[:, 1]

    corners = [61, 291]
    return {
        "smile width": place(291)[:, 0] - place(61)[:, 0],
        "corner height": height(corners, [0, 17]),
        "left corner over right": height([291], [61]),
        "inner brow height": -place([107, 336, 55, 285])[:, 1],
        "outer brow height": -place([105, 334, 70, 300])[:, 1],
        "brow distance": place(285)[:, 0] - place(55)[:, 0],
        "lid opening": (height([159, 158, 160], [145, 153, 144]) + height([386, 385, 387], [374, 380, 373])) / 2,
        "upper lip to nose": height([2], [0]),
        "lip gap": lip_gap(points),
    }

"""Glasses: seen by their bridge or their dark lenses, and kept from bending with the skin."""

from __future__ import annotations

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.media import Picture

BRIDGE_STEP = 45.0
"""Change of colour (CIELAB, summed) over a few pixels down the nose that only a frame makes: bare noses in 25 portraits
reach 34, frames start at 58."""

LENS_DARKNESS = 0.45
"""Skin around both eyes this dark beside the cheeks lies behind sunglasses."""

AROUND_EYES = (23, 24, 22, 253, 254, 252, 223, 224, 443, 444)
CHEEKS = (50, 280, 205, 425)

FRAME_TOP, FRAME_BOTTOM, FRAME_SIDE = -0.56, 0.52, 1.1
"""Where a frame sits: above and below the eyes, and beside the middle [inter-ocular distances]."""

SLACK = 0.2
"""How much a frame may still give with the skin: none at all would tear the brows from it."""


def wears_glasses(picture: Picture, local: Float64, to_picture: tuple[Float64, Float64]) -> bool:
    """Whether a portrait shows glasses.

    Args:
        picture: (H, W, 3).
        local: (>=468, 3) the mesh in the head's frame [inter-ocular distances].
        to_picture: matrix (3, 3) and origin (3,) that take that frame to the picture [px].
    """
    matrix, origin = to_picture
    unit = float(np.linalg.norm(matrix[:, 0]))
    soft = cv2.GaussianBlur(picture, (0, 0), max(0.7, 0.012 * unit))
    lab = cv2.cvtColor(soft, cv2.COLOR_RGB2LAB).astype(np.float32)
    down = np.median(_colours(lab, _bridge(local) @ matrix.T + origin), axis=1)
    if np.abs(down[4:] - down[:-4]).sum(1).max() > BRIDGE_STEP:
        return True
    eyes, cheeks = (_colours(lab, local[list(i)] @ matrix.T + origin)[..., 0] for i in (AROUND_EYES, CHEEKS))
    return bool(np.median(eyes) < LENS_DARKNESS * np.median(cheeks))


def _bridge(local: Float64) -> Float64:
    """A strip of places (64, 15, 3) down the root of the nose, where glasses rest."""
    spine = local[[8, 168, 6, 197, 195]]
    height = local[[33, 263], 1].mean() + np.linspace(-0.12, 0.30, 64)
    x, y = np.meshgrid(local[168, 0] + np.linspace(-0.07, 0.07, 15), height)
    return np.stack([x, y, np.interp(y, spine[:, 1], spine[:, 2])], -1)


def _colours(picture: Float32, places: Float64) -> Float32:
    """Colours (..., 3) of a picture at places (..., >=2) [px]."""
    shape = places.shape[:-1]
    maps = places.reshape(1, -1, places.shape[-1]).astype(np.float32)
    found = cv2.remap(picture, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(*shape, 3)


def give(local: Float64) -> Float64:
    """How far each vertex (V,) may move with the skin under a frame, `SLACK` to 1."""
    eyes = local[[33, 133, 263, 362], 1].mean()
    above, below = local[:, 1] - (eyes + FRAME_TOP), (eyes + FRAME_BOTTOM) - local[:, 1]
    beside = FRAME_SIDE - np.abs(local[:, 0])
    inside = np.clip(np.minimum(np.minimum(above, below), beside) / 0.12, 0, 1)
    return np.asarray(1 - (1 - SLACK) * inside)

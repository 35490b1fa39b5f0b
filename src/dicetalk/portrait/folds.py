"""Folds of the skin: furrows, crow's feet, nasolabial folds, shaded sockets, as light and dark over the picture.

A deformed picture moves skin but grows no wrinkle, and much of anger, disgust and fear is read from wrinkles. Each fold
is a line on the mesh, dark with light ridges beside it, as strong as the shapes that cause it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64, Int64
from dicetalk.media import Picture
from dicetalk.motion.landmarks import OVAL
from dicetalk.motion.space import SHAPES, index


@dataclass(frozen=True)
class Fold:
    """One fold on the subject's right half, mirrored to the left.

    Attributes:
        line: places along it: a landmark and its offset inwards and down [inter-ocular distances].
        causes: shapes (without side) and how dark each at 1 makes it; negative values lighten.
        width: [inter-ocular distances].
        ridge: light beside the dark, as a share of it.
    """

    line: tuple[tuple[int, float, float], ...]
    causes: dict[str, float]
    width: float = 0.022
    ridge: float = 0.08


FOLDS = (
    # Nose wing to beside the mouth: smile, raised upper lip, wrinkled nose.
    Fold(((129, -0.03, -0.05), (203, -0.02, 0), (206, -0.02, 0.01), (216, -0.02, -0.01), (212, 0.01, -0.06)),
         dict(mouthSmile=0.26, mouthUpperUp=0.22, noseSneer=0.26, cheekSquint=0.05), 0.024, 0.2),
    # Frown lines between the brows.
    Fold(((9, -0.085, -0.11), (9, -0.075, -0.02), (8, -0.07, 0.03)), dict(browDown=0.38, noseSneer=0.08), 0.028),
    # Across the root and the sides of the nose.
    Fold(((168, 0.0, -0.02), (168, -0.07, -0.015)), dict(noseSneer=0.24, browDown=0.12), 0.022),
    Fold(((6, -0.05, 0.03), (6, -0.12, -0.04), (6, -0.17, -0.08)), dict(noseSneer=0.3), 0.021),
    Fold(((197, -0.07, 0.0), (197, -0.14, -0.06), (197, -0.2, -0.09)), dict(noseSneer=0.3), 0.021),
    # Forehead: the middle part for the inner brows, the outer part for the outer ones; never two lines alike.
    Fold(((9, 0.0, -0.19), (107, 0.04, -0.175), (107, -0.05, -0.155), (107, -0.14, -0.12)),
         dict(browInnerUp=0.2, browOuterUp=0.04), 0.03),
    Fold(((9, 0.0, -0.305), (107, 0.0, -0.31), (107, -0.1, -0.265)), dict(browInnerUp=0.15, browOuterUp=0.07), 0.034),
    Fold(((107, -0.1, -0.15), (66, -0.02, -0.175), (105, -0.02, -0.15)), dict(browOuterUp=0.17), 0.03),
    Fold(((107, -0.15, -0.255), (66, -0.08, -0.285), (105, 0.0, -0.24)), dict(browOuterUp=0.13), 0.036),
    # Crow's feet.
    Fold(((33, -0.1, -0.03), (33, -0.24, -0.09)), dict(cheekSquint=0.16, mouthSmile=0.1, eyeSquint=0.06), 0.014),
    Fold(((33, -0.11, 0.02), (33, -0.26, 0.03)), dict(cheekSquint=0.18, mouthSmile=0.1, eyeSquint=0.06), 0.014),
    Fold(((33, -0.1, 0.07), (33, -0.22, 0.15)), dict(cheekSquint=0.16, mouthSmile=0.08), 0.014),
    # Under the eye: pushed up by the cheek.
    Fold(((110, 0.0, 0.03), (24, 0.0, 0.035), (23, 0.0, 0.04), (22, 0.0, 0.04), (26, 0.0, 0.035)),
         dict(cheekSquint=0.18, eyeSquint=0.16, noseSneer=0.08), 0.016, 0.25),
    # Sockets: in the shadow of lowered brows, open to the light under raised ones.
    Fold(((225, -0.02, 0.0), (224, 0.0, 0.01), (223, 0.0, 0.01), (222, 0.0, 0.01), (221, 0.03, 0.02)),
         dict(browDown=0.34, eyeSquint=0.08, browOuterUp=-0.08, browInnerUp=-0.06), 0.045, 0.0),
    # Cheeks that rise catch light.
    Fold(((50, 0.02, -0.02), (101, -0.02, 0.02)), dict(cheekSquint=-0.05, mouthSmile=-0.03), 0.07, 0.0),
    # From the corners of the mouth down, and under the lower lip.
    Fold(((61, -0.04, 0.03), (43, -0.03, 0.02), (106, -0.06, 0.03)), dict(mouthFrown=0.3, mouthStretch=0.14), 0.02),
    Fold(((18, 0.0, 0.02), (83, -0.05, 0.03), (182, -0.05, 0.04)), dict(mouthShrugLower=0.3, mouthFrown=0.1), 0.024),
    # Cords of the stretched mouth.
    Fold(((61, -0.12, -0.08), (61, -0.15, 0.06), (61, -0.12, 0.2)), dict(mouthStretch=0.3, mouthDimple=0.2), 0.018),
)  # fmt: skip


DEEPEST = 0.36
"""The darkest a fold gets, as a share of the light on it."""


SHADE = np.array([0.84, 1.04, 1.18], np.float32)
"""How much of a fold's dark falls on red, green and blue: light scattered under the skin fills shadows with red."""


@dataclass(frozen=True)
class Shading:
    """The folds of one portrait.

    Attributes:
        left, top: of the shaded part in the picture [px].
        masks: (K, h, w) light and dark of each fold, both sides apart, -1 to 1; negative is dark.
        causes: (K, 52) strength of each fold for each shape.
        shade: (3,) how much of the dark each channel takes.
    """

    left: int
    top: int
    masks: Float32
    causes: Float32
    shade: Float32

    def apply(self, picture: Picture, shaded: Picture, shapes: Float64) -> None:
        """Write the part of `picture` that can fold into `shaded`, folded as the shapes (52,) ask for."""
        height, width = self.masks.shape[1:]
        part = (slice(self.top, self.top + height), slice(self.left, self.left + width))
        strength = self.causes @ np.maximum(shapes, 0).astype(np.float32)
        strength = DEEPEST * np.tanh(strength / DEEPEST)
        active = np.abs(strength) > 1e-3
        if not active.any():
            shaded[part] = picture[part]
            return
        dark = np.tensordot(strength[active], self.masks[active], axes=1)
        cv2.multiply(
            picture[part], cv2.merge([1 + share * dark for share in self.shade]), shaded[part], dtype=cv2.CV_8U
        )


def fold_shading(picture: Picture, local: Float64, to_picture: tuple[Float64, Float64], mirror: Int64) -> Shading:
    """Lay the folds over a portrait.

    Args:
        picture: (H, W, 3).
        local: (>=468, 3) the mesh in the head's frame [inter-ocular distances].
        to_picture: matrix (3, 3) and origin (3,) that take that frame to the picture [px].
        mirror: (468,) the mirror image of each landmark.
    """
    matrix, origin = to_picture
    unit = float(np.linalg.norm(matrix[:, 0]))
    outline = (local[list(OVAL)] @ matrix.T + origin)[:, :2]
    left, top = np.floor(outline.min(0)).astype(int).clip(0)
    right, bottom = np.minimum(np.ceil(outline.max(0)).astype(int), (picture.shape[1], picture.shape[0]))
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    pixels = np.stack([x, y], -1)
    skin = _skin(picture, local, to_picture)[top:bottom, left:right]
    masks, causes = [], []
    for side, sign in (("Right", 1.0), ("Left", -1.0)):
        for fold in FOLDS:
            points = np.array([local[i if sign > 0 else mirror[i]] + (sign * dx, dy, 0) for i, dx, dy in fold.line])
            line = (points @ matrix.T + origin)[:, :2]
            masks.append(_drawn(pixels, line, fold, unit) * skin)
            causes.append(_causes(fold, side))
    tint = 1 + (SHADE - 1) * _colourfulness(picture[top:bottom, left:right])
    return Shading(int(left), int(top), np.array(masks, np.float32), np.array(causes, np.float32), tint)


def _colourfulness(face: Picture) -> np.float32:
    """0 for a black-and-white face, 1 for one in the colours of life."""
    chroma = np.ptp(face.reshape(-1, 3).astype(np.float32), axis=1).mean()
    return np.float32(min(chroma / 50, 1))


def _drawn(pixels: Float32, line: Float64, fold: Fold, unit: float) -> Float32:
    """One fold (h, w): -1 along its line, light ridges beside it, fading out at the ends."""
    along = np.linspace(0, 1, 24)
    knots = np.linspace(0, 1, len(line))
    curve = np.stack([np.interp(along, knots, line[:, k]) for k in (0, 1)], 1).astype(np.float32)
    width = max(fold.width * unit, 0.8)
    fade = np.sin(np.pi * (0.04 + 0.92 * along)).astype(np.float32)
    result = np.zeros(pixels.shape[:2], np.float32)
    reach = 7 * width
    (x0, y0), (x1, y1) = pixels[0, 0], pixels[-1, -1]
    low = np.clip(curve.min(0) - reach - (x0, y0), 0, (x1 - x0, y1 - y0)).astype(int)
    high = np.clip(curve.max(0) + reach - (x0, y0), 0, (x1 - x0, y1 - y0)).astype(int) + 1
    part = pixels[low[1] : high[1], low[0] : high[0]]
    if part.size == 0:
        return result
    squared = (part[..., :1] - curve[:, 0]) ** 2 + (part[..., 1:] - curve[:, 1]) ** 2
    nearest = squared.argmin(-1)
    away = np.sqrt(np.take_along_axis(squared, nearest[..., None], -1)[..., 0]) / width
    # A crease in a soft shadow: either alone looks painted on.
    dark = 0.45 * np.exp(-(away**2)) + 0.55 * np.exp(-((away / 2.4) ** 2))
    dark -= fold.ridge * np.exp(-((away - 4) ** 2) / 3)
    result[low[1] : high[1], low[0] : high[0]] = -dark * fade[nearest]
    return result


def _causes(fold: Fold, side: str) -> Float64:
    row = np.zeros(len(SHAPES))
    for name, strength in fold.causes.items():
        row[index(name if name in SHAPES else name + side)] = strength
    return row


def _skin(picture: Picture, local: Float64, to_picture: tuple[Float64, Float64]) -> Float32:
    """How much each pixel looks like this face's skin (H, W): no furrow is drawn on hair or glasses."""
    matrix, origin = to_picture
    unit = float(np.linalg.norm(matrix[:, 0]))
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), max(0.8, unit * 0.02)), cv2.COLOR_RGB2LAB).astype(np.float32)
    samples = (local[[50, 280, 205, 425, 151, 4, 101, 330]] @ matrix.T + origin)[:, :2]
    samples = np.clip(samples, 0, (picture.shape[1] - 1, picture.shape[0] - 1)).astype(int)
    colours = lab[samples[:, 1], samples[:, 0]]
    middle, spread = np.median(colours, axis=0), np.maximum(colours.std(0), (12, 4, 4))
    away = np.sqrt((((lab - middle) / (3.0 * spread)) ** 2).sum(-1))
    return np.asarray(1 / (1 + away**4), np.float32)

"""Folds of the skin: furrows, crow's feet, nasolabial folds, shaded sockets, as light and dark over the picture.

A deformed picture moves skin but grows no wrinkle, and much of anger, disgust and fear is read from wrinkles. Each fold
is a curve on the mesh: a faint crease in a wide soft shadow, with light on the skin that bulges beside it, as strong as
the shapes that cause it. Most of what is read lies in the wide shadow; a dark line alone looks painted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64, Int64
from dicetalk.easing import smoothstep
from dicetalk.media import Picture
from dicetalk.motion.landmarks import OVAL
from dicetalk.motion.space import SHAPES, index
from dicetalk.portrait.raster import mixed, shade


@dataclass(frozen=True)
class Fold:
    """One fold on the subject's right half, mirrored to the left.

    Attributes:
        line: places along it: a landmark and its offset inwards and down [inter-ocular distances]. A line that begins
            on the middle of the face runs on into its mirror image.
        causes: shapes (without side) and how dark each at 1 makes it; negative values lighten.
        width: of the crease [inter-ocular distances].
        ridge: light on the skin that bulges beside the crease, on the right of the line, as a share of its dark.
        crease: share of the dark that lies in the crease itself; the rest is soft.
        deepest: where along the line it is deepest, 0 to 1; it fades out towards both ends.
    """

    line: tuple[tuple[int, float, float], ...]
    causes: dict[str, float]
    width: float = 0.02
    ridge: float = 0.15
    crease: float = 0.3
    deepest: float = 0.5

    @property
    def crosses_the_middle(self) -> bool:
        """Whether it runs on into its mirror image."""
        landmark, inwards, _ = self.line[0]
        return landmark in MIDLINE and inwards == 0


MIDLINE = (9, 8, 168, 6, 197, 18)
"""Landmarks on the middle of a face."""

FOLDS = (
    # Nose wing to beside the mouth: smile, raised upper lip, wrinkled nose.
    Fold(((129, 0.0, -0.12), (129, -0.035, -0.03), (203, -0.035, 0.01), (206, -0.05, 0.01), (216, -0.045, -0.01),
          (212, 0.01, -0.06)),
         dict(mouthSmile=0.24, mouthUpperUp=0.2, noseSneer=0.26, cheekSquint=0.05), 0.022, 0.1, 0.15, 0.4),
    # Frown lines between the brows.
    Fold(((9, -0.095, -0.13), (9, -0.08, -0.03), (8, -0.075, 0.04)),
         dict(browDown=0.3, noseSneer=0.07), 0.015, 0.1, 0.12),
    # Across the root of the nose, and down its sides.
    Fold(((168, 0.0, -0.01), (168, -0.06, -0.01), (168, -0.12, -0.03)),
         dict(noseSneer=0.16, browDown=0.06), 0.026, 0.08, 0.05),
    Fold(((6, -0.05, -0.05), (6, -0.11, 0.0), (6, -0.18, 0.07), (197, -0.24, 0.08)),
         dict(noseSneer=0.18), 0.029, 0.08, 0.04),
    # Forehead: lines from temple to temple, the middle part for the inner brows, the outer part for the outer ones.
    Fold(((9, 0.0, -0.205), (107, -0.06, -0.16), (105, -0.02, -0.13)),
         dict(browInnerUp=0.22, browOuterUp=0.13), 0.018, 0.21, 0.15),
    Fold(((9, 0.0, -0.325), (107, -0.08, -0.275), (105, 0.0, -0.22)),
         dict(browInnerUp=0.19, browOuterUp=0.16), 0.019, 0.21, 0.15),
    Fold(((9, 0.0, -0.43), (107, -0.10, -0.385)), dict(browInnerUp=0.08, browOuterUp=0.07), 0.018, 0.15, 0.12),
    # Crow's feet.
    Fold(((33, -0.1, -0.03), (33, -0.17, -0.065), (33, -0.24, -0.10)),
         dict(cheekSquint=0.21, mouthSmile=0.11, eyeSquint=0.08), 0.013, 0.12, 0.14),
    Fold(((33, -0.11, 0.02), (33, -0.18, 0.03), (33, -0.26, 0.03)),
         dict(cheekSquint=0.22, mouthSmile=0.11, eyeSquint=0.08), 0.013, 0.12, 0.14),
    Fold(((33, -0.1, 0.07), (33, -0.16, 0.115), (33, -0.22, 0.15)),
         dict(cheekSquint=0.21, mouthSmile=0.1), 0.013, 0.12, 0.14),
    # Under the eye: pushed up by the cheek.
    Fold(((110, 0.0, 0.03), (24, 0.0, 0.035), (23, 0.0, 0.04), (22, 0.0, 0.04), (26, 0.0, 0.035)),
         dict(cheekSquint=0.27, eyeSquint=0.22, noseSneer=0.13), 0.017, 0.18, 0.1),
    # Sockets: in the shadow of lowered brows, open to the light under raised ones.
    Fold(((225, -0.02, 0.0), (224, 0.0, 0.01), (223, 0.0, 0.01), (222, 0.0, 0.01), (221, 0.03, 0.02)),
         dict(browDown=0.66, eyeSquint=0.16, browOuterUp=-0.13, browInnerUp=-0.1), 0.036, 0.0, 0.0),
    # Cheeks that rise catch light.
    Fold(((50, 0.02, -0.02), (101, -0.02, 0.02)), dict(cheekSquint=-0.05, mouthSmile=-0.03), 0.06, 0.0, 0.0),
    # From the corners of the mouth down, and under the lower lip.
    Fold(((61, -0.05, 0.0), (43, -0.05, 0.02), (106, -0.09, 0.06)),
         dict(mouthFrown=0.14, mouthStretch=0.06), 0.024, 0.06, 0.1),
    Fold(((18, 0.0, 0.02), (83, -0.05, 0.03), (182, -0.05, 0.04)),
         dict(mouthShrugLower=0.28, mouthFrown=0.1), 0.024, 0.09, 0.05),
    # Cords of the stretched mouth.
    Fold(((61, -0.10, -0.14), (61, -0.17, 0.04), (61, -0.13, 0.27)),
         dict(mouthStretch=0.22, mouthDimple=0.16), 0.026, 0.15, 0.04),
)  # fmt: skip


DEEPEST = 0.36
"""The darkest a fold gets, as a share of the light on it."""

SHADOW = 3.0
"""How far the soft shadow around a crease reaches, in its widths."""

COARSE = 2
"""Folds are drawn at one pixel in so many, each way: they are soft."""

STEPS = 48
"""Places along a fold."""


SHADE = np.array([0.74, 1.05, 1.22], np.float32)
"""How much of a fold's dark falls on red, green and blue: light scattered under the skin fills shadows with red."""


@dataclass(frozen=True)
class Shading:
    """The folds of one portrait.

    Attributes:
        left, top: of the shaded part in the picture [px].
        masks: (K, h, w) light and dark of each fold, a side each: -1 to 1, negative is dark; `COARSE` pixels apart.
        causes: (K, 52) strength of each fold for each shape.
        shade: (3,) how much of the dark each channel takes.
    """

    left: int
    top: int
    masks: Float32
    causes: Float32
    shade: Float32

    def seen_from(self, left: int, top: int) -> Shading:
        """The same, of a part of the picture that begins at a place [px]."""
        return replace(self, left=self.left - left, top=self.top - top)

    def apply(self, frame: Picture, shapes: Float64, map_x: Float32, map_y: Float32, detail: int = 1) -> None:
        """Fold a part of a frame as the shapes (52,) ask for.

        Args:
            frame: (H, W, 3), without folds; changed in place.
            shapes: (52,) weights.
            map_x: (H, W) the column of the picture that each pixel comes from, in steps of 1 / `detail` [px].
            map_y: (H, W) likewise the row.
            detail: see `map_x`.
        """
        strength = self.causes @ np.maximum(shapes, 0).astype(np.float32)
        strength = DEEPEST * np.tanh(strength / DEEPEST)
        if np.abs(strength).max() < 1e-3:
            return
        # The first coarse pixel lies in the middle of the picture's first ones.
        left, top = ((start + (COARSE - 1) / 2) * detail for start in (self.left, self.top))
        shade(frame, map_x, map_y, mixed(strength, self.masks), self.shade, 1 / (COARSE * detail), left, top)


def fold_shading(picture: Picture, local: Float64, to_picture: tuple[Float64, Float64], mirror: Int64) -> Shading:
    """Lay the folds over a portrait.

    Args:
        picture: (H, W, 3).
        local: (>=468, 3) the mesh in the head's frame [inter-ocular distances].
        to_picture: matrix (3, 3) and origin (3,) that take that frame to the picture [px].
        mirror: (468,) the mirror image of each landmark.
    """
    matrix, origin = to_picture
    outline = (local[list(OVAL)] @ matrix.T + origin)[:, :2]
    left, top = np.floor(outline.min(0)).astype(int).clip(0)
    right, bottom = np.minimum(np.ceil(outline.max(0)).astype(int), (picture.shape[1], picture.shape[0]))
    right, bottom = (end - (end - start) % COARSE for start, end in ((left, right), (top, bottom)))
    # The middles of the coarse pixels, as a resize to the whole part takes them.
    y, x = np.mgrid[top:bottom:COARSE, left:right:COARSE].astype(np.float32) + np.float32((COARSE - 1) / 2)
    pixels = np.stack([x, y], -1)
    coarse = slice(top, bottom, COARSE), slice(left, right, COARSE)
    skin = _skin(picture, local, to_picture, coarse) * _fade(x.shape)
    masks, causes = [], []
    for fold in FOLDS:
        for side, mask in _both_sides(fold, pixels, local, to_picture, mirror):
            masks.append(mask * skin)
            causes.append(_causes(fold, side))
    tint = 1 + (SHADE - 1) * _colourfulness(picture[top:bottom, left:right])
    return Shading(int(left), int(top), np.array(masks, np.float32), np.array(causes, np.float32), tint)


def _fade(shape: tuple[int, int]) -> Float32:
    """1 over the face (h, w), 0 at the border of its box: no fold ends in a cut."""
    down, across = (np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.08 * n), 0, 1) for n in shape)
    return np.asarray(smoothstep(down)[:, None] * smoothstep(across), np.float32)


def _both_sides(
    fold: Fold, pixels: Float32, local: Float64, to_picture: tuple[Float64, Float64], mirror: Int64
) -> list[tuple[str, Float32]]:
    """A fold (h, w) on either side of the face; one that crosses the middle is one curve, shared out."""
    matrix, origin = to_picture
    unit = float(np.linalg.norm(matrix[:, 0]))
    halves = {}
    for side, sign in (("Right", 1.0), ("Left", -1.0)):
        points = np.array([local[i if sign > 0 else mirror[i]] + (sign * dx, dy, 0) for i, dx, dy in fold.line])
        halves[side] = (points @ matrix.T + origin)[:, :2]
    if not fold.crosses_the_middle:
        # The ridge lies on the right of a line: on the mirrored half that is the other side.
        return [(side, _drawn(pixels, line, fold, unit, side == "Left")) for side, line in halves.items()]
    whole = _drawn(pixels, np.vstack([halves["Right"][:0:-1], halves["Left"]]), fold, unit, False)
    across = halves["Left"][-1] - halves["Right"][-1]
    beyond = (pixels - halves["Left"][0].astype(np.float32)) @ across.astype(np.float32) / np.linalg.norm(across)
    left = smoothstep(beyond / (0.3 * unit) + 0.5).astype(np.float32)
    return [("Right", whole * (1 - left)), ("Left", whole * left)]


def _colourfulness(face: Picture) -> np.float32:
    """0 for a black-and-white face, 1 for one in the colours of life."""
    chroma = np.ptp(face.reshape(-1, 3).astype(np.float32), axis=1).mean()
    return np.float32(min(chroma / 50, 1))


def _drawn(pixels: Float32, knots: Float64, fold: Fold, unit: float, mirrored: bool) -> Float32:
    """One fold (h, w) through its knots (N, 2) [px]: dark along its curve, lit beside it, fading out at the ends."""
    curve = curve_through(knots)
    width = max(fold.width * unit, 0.8)
    result = np.zeros(pixels.shape[:2], np.float32)
    reach = 2.5 * SHADOW * width
    near = np.abs(pixels - (curve.max(0) + curve.min(0)) / 2) <= np.ptp(curve, axis=0) / 2 + reach
    rows, columns = np.flatnonzero(near[..., 1].any(1)), np.flatnonzero(near[..., 0].any(0))
    if not len(rows) or not len(columns):
        return result
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    away, side, along = _beside(pixels[box], curve)
    # A crease wavers: it is nowhere quite as deep and as wide as beside.
    waver = 1 + 0.12 * np.sin(6.0 * along + 40 * fold.width + len(fold.causes))
    away = away / (width * (0.6 + 0.4 * np.sin(np.pi * along)) * (2 - waver))
    lit = 0.5 + 0.5 * (side if mirrored else -side)
    soft = np.exp(-((away / (SHADOW * (1.2 - 0.5 * lit))) ** 2))
    dark = fold.crease * np.exp(-(away**2)) + (1 - fold.crease) * soft
    ridge = fold.ridge * lit**2 * np.exp(-(((away - SHADOW) / 1.5) ** 2))
    fading = np.sin(np.pi * (0.02 + 0.96 * along ** (np.log(0.5) / np.log(fold.deepest)))) ** 1.3
    result[box] = (ridge - dark) * fading * waver
    return result


def curve_through(knots: Float64) -> Float32:
    """A smooth curve (STEPS, 2) through knots (N, 2): a cubic spline that bends at none but the inner ones."""
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1) + 1e-6)])
    at, degree = lengths / lengths[-1], min(len(knots) - 1, 3)

    def powers(x: Float64) -> Float64:
        bends = np.maximum(x[:, None] - at[2:-2], 0) ** 3
        return np.hstack([x[:, None] ** np.arange(degree + 1), bends])

    weights = np.linalg.solve(powers(at), knots)
    return np.asarray(powers(np.linspace(0, 1, STEPS)) @ weights, np.float32)


def _beside(places: Float32, curve: Float32) -> tuple[Float32, Float32, Float32]:
    """Where places (h, w, 2) lie beside a curve (N, 2).

    Returns:
        how far from it [px]; on which side, from -1, straight to its right as it runs, to 1, straight to its left; and
        where along it, 0 to 1: each (h, w).
    """
    squared = (places[..., :1] - curve[:, 0]) ** 2 + (places[..., 1:] - curve[:, 1]) ** 2
    nearest = squared.argmin(-1)
    away = np.sqrt(np.take_along_axis(squared, nearest[..., None], -1)[..., 0])
    tangent = np.gradient(curve, axis=0)[nearest]
    offset = places - curve[nearest]
    side = tangent[..., 1] * offset[..., 0] - tangent[..., 0] * offset[..., 1]
    side /= np.linalg.norm(tangent, axis=-1) * away + 1e-6
    return away, side, nearest.astype(np.float32) / (len(curve) - 1)


def _causes(fold: Fold, side: str) -> Float64:
    row = np.zeros(len(SHAPES))
    for name, strength in fold.causes.items():
        row[index(name if name in SHAPES else name + side)] = strength
    return row


def _skin(
    picture: Picture, local: Float64, to_picture: tuple[Float64, Float64], chosen: tuple[slice, slice]
) -> Float32:
    """How much each chosen pixel looks like this face's skin (h, w): no furrow is drawn on hair or glasses."""
    matrix, origin = to_picture
    unit = float(np.linalg.norm(matrix[:, 0]))
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), max(0.8, unit * 0.02)), cv2.COLOR_RGB2LAB)
    samples = (local[[50, 280, 205, 425, 151, 4, 101, 330]] @ matrix.T + origin)[:, :2]
    samples = np.clip(samples, 0, (picture.shape[1] - 1, picture.shape[0] - 1)).astype(int)
    colours = lab[samples[:, 1], samples[:, 0]].astype(np.float32)
    middle, spread = np.median(colours, axis=0), np.maximum(colours.std(0), (12, 4, 4))
    away = np.sqrt((((lab[chosen].astype(np.float32) - middle) / (3.0 * spread)) ** 2).sum(-1))
    return np.asarray(1 / (1 + away**4), np.float32)

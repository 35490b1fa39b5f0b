"""What hides a mouth or an eye: a mask, a microphone, a hand, dark glasses.

The mesh lays lips and lids over whatever is there. Where they are truly seen, the picture changes along them: across
the line between the lips, from lips to skin, over lids, white and iris. Where something is before them, it does not.
Figures are of CIELAB; the "66 faces" are the portraits and frames of clips beside the repository, 2026-11-26, with and
without the covers of `tests/covers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.errors import NoFaceError
from dicetalk.face import Face, open_finder, open_person
from dicetalk.media import Picture
from dicetalk.motion.landmarks import (
    LEFT_LOWER_LID,
    LEFT_UPPER_LID,
    LOWER_LIP,
    RIGHT_LOWER_LID,
    RIGHT_UPPER_LID,
    UPPER_LIP,
)
from dicetalk.portrait.drawing import is_drawn, with_drawn_eyes
from dicetalk.portrait.view import view_of

LEAST_UNIT = 20.0
"""Distance between the eyes under which too little is seen to judge [px]."""

FLAT, NEARLY_FLAT = 6.0, 18.0
"""Change of colour down through the lips under which nothing is there, or perhaps folds and fingers: uncovered mouths
of 66 faces begin at 11, with a weak lens; 95 of 100 have 22; plain covers reach 3, folds and fingers 18."""
NO_LIPS = 5.0
"""Difference between lips and the skin around them, under which folds and fingers are no mouth: uncovered ones with so
small a difference had a change of 28 and more."""
NOT_RED = -9.0
"""How much less red than the forehead lips may be: uncovered ones reach -3.5."""
EYE_DOWN, EYE_ACROSS = 15.0, 10.0
"""Change of colour down through an eye, and of lightness along it, under which there is none: uncovered ones have 15
and 12 at least, covered ones 13 and 9 in 19 of 20."""
NOTHING = 4.0
"""One of these two alone under which nothing is there: of a bar, a patch or a lock the other one may see the rim."""
DARK = 0.45
"""Lightness of the skin around an eye, beside that of the forehead, under which it lies behind a dark lens."""
CONTRAST, MOST_CONTRAST = 130.0, 6.0
"""Grey levels between the dark and the light of a face that is lit well: dark and pale ones are brought up to it, this
many times at most."""

UNSURE = 6.0
"""Evidence for a face under which the reader is unsure: upright human ones have 6.5 and more, painted ones 10."""

OUTER_UPPER = (40, 39, 37, 0, 267, 269, 270)
OUTER_LOWER = (91, 181, 84, 17, 314, 405, 321)
FOREHEAD = (151, 9, 108, 337, 107, 336)
AROUND = {"right": (23, 24, 22, 223, 224), "left": (253, 254, 252, 443, 444)}
LIDS = {"right": (RIGHT_UPPER_LID, RIGHT_LOWER_LID), "left": (LEFT_UPPER_LID, LEFT_LOWER_LID)}


@dataclass(frozen=True)
class Covers:
    """What cannot be seen of a face.

    Attributes:
        hidden: some of "mouth", "right eye" and "left eye", the person's own sides.
        dark_glasses: whether it is dark lenses that hide the eyes.
    """

    hidden: frozenset[str] = frozenset()
    dark_glasses: bool = False

    @property
    def in_words(self) -> str:
        """What is covered: "the mouth", "an eye" ...; "" where all can be seen, be it through dark glasses."""
        eyes = [] if self.dark_glasses else sorted(self.hidden - {"mouth"})
        words = ["the mouth"] if "mouth" in self.hidden else []
        return " and ".join([*words, *(["an eye"] if len(eyes) == 1 else ["both eyes"] if eyes else [])])


def ready_to_look() -> None:
    """Open the networks that look at a portrait, and let OpenCV make its tables of CIELAB, which takes .07 s."""
    open_finder()
    cv2.cvtColor(np.zeros((1, 1, 3), np.float32), cv2.COLOR_RGB2LAB)
    open_person()


def look_over(picture: Picture, face: Face, anyway: bool) -> tuple[Face, tuple[str, ...]]:
    """A face that is to be animated in a picture (H, W, 3), with what is hidden of it, and what is doubtful.

    Args:
        picture: (H, W, 3).
        face: in the picture.
        anyway: go on where something is covered.

    Raises:
        NoFaceError: its mouth or an eye is covered, and nobody said to go on; of a drawing it is only told.
    """
    covers, drawn = find_covers(picture, face), is_drawn(picture, face)
    if covers.in_words and not (anyway or drawn):
        raise NoFaceError(
            f"{covers.in_words} of the face cannot be seen (a mask, a hand, a microphone?); use another picture, or go "
            "on with --anyway (in Python anyway=True)",
            [face.box],
        )
    warnings = []
    if drawn or face.evidence < UNSURE:
        warnings.append("the reader is unsure of this face (a drawing, an animal, a profile?); see if it moves well")
    if covers.in_words:
        warnings.append(f"{covers.in_words} of the face cannot be seen; what is hidden stays still")
    if covers.dark_glasses:
        warnings.append("dark glasses hide the eyes; what is behind them stays still")
    fitted = with_drawn_eyes(picture, face) if drawn else face
    return replace(fitted, hidden=covers.hidden), tuple(warnings)


def find_covers(picture: Picture, face: Face) -> Covers:
    """What hides parts of a face of a picture (H, W, 3)."""
    look = _Look(picture, face)
    if look.unit < LEAST_UNIT:
        return Covers()
    mouth = {"mouth"} if look.mouth().is_hidden else set()
    eyes = {f"{side} eye" for side in LIDS if look.eye(side).is_hidden}
    dark_glasses = bool(eyes) and all(look.is_dark_about(side) for side in LIDS)
    if dark_glasses:
        eyes = {f"{side} eye" for side in LIDS}
    return Covers(frozenset(mouth | eyes), dark_glasses)


@dataclass(frozen=True)
class _Mouth:
    """Change of colour down through the lips, their difference from the skin around, and how much redder they are."""

    down: float
    apart: float
    redder: float

    @property
    def is_hidden(self) -> bool:
        """Whether no mouth is seen."""
        fingers = self.down < NEARLY_FLAT and self.apart < NO_LIPS
        return self.down < FLAT or fingers or self.redder < NOT_RED


@dataclass(frozen=True)
class _Eye:
    """Change of colour down through an eye, and of lightness along it."""

    down: float
    across: float

    @property
    def is_hidden(self) -> bool:
        """Whether no eye is seen."""
        return (self.down < EYE_DOWN and self.across < EYE_ACROSS) or min(self.down, self.across) < NOTHING


class _Look:
    """The colours of a face as if it were lit well."""

    def __init__(self, picture: Picture, face: Face) -> None:
        self.view = view_of(picture, face)
        self.points, self.unit = self.view.points, self.view.unit
        soft = np.asarray(cv2.GaussianBlur(self.view.picture, (0, 0), max(0.6, 0.012 * self.unit)), np.uint8)
        self.lab = np.asarray(cv2.cvtColor(_lit(soft, self.points), cv2.COLOR_RGB2LAB), np.float32)
        self.forehead = np.median(self._colours(self.points[list(FOREHEAD)]), axis=0)

    def mouth(self) -> _Mouth:
        """What is seen where the mouth should be."""
        inner = [self.points[list(line)][_spread(len(line))] for line in (UPPER_LIP, LOWER_LIP)]
        outer = [self.points[list(line)] for line in (OUTER_UPPER, OUTER_LOWER)]
        lips = np.stack([(one + two) / 2 for one, two in zip(inner, outer, strict=True)])
        step = 0.09 * self.unit * self.view.down
        around = np.stack([outer[0] - step, outer[1] + step])
        here = self._colours(lips)
        difference = np.median((here - self._colours(around)).reshape(-1, 3), axis=0)
        redder = np.median(here[:, 1:-1].reshape(-1, 3), axis=0)[1] - self.forehead[1]
        down = self._change((inner[0] + inner[1]) / 2, 0.16)
        return _Mouth(down, float(np.linalg.norm(difference)), float(redder))

    def eye(self, side: str) -> _Eye:
        """What is seen where an eye should be."""
        upper, lower = (self.points[list(line)] for line in LIDS[side])
        middle = ((upper + lower) / 2)[1:-1]
        return _Eye(self._change(middle, 0.2), float(np.ptp(self._colours(middle)[:, 0])))

    def is_dark_about(self, side: str) -> bool:
        """Whether the skin around an eye lies behind a dark lens."""
        around = np.median(self._colours(self.points[list(AROUND[side])])[:, 0])
        return bool(around < DARK * self.forehead[0])

    def _change(self, line: Float64, reach: float) -> float:
        """Range of colour down across a line (N, 2), as far as its points agree."""
        steps = np.linspace(-reach, reach, 33)[None, :, None] * self.unit * self.view.down
        colours = self._colours(line[:, None] + steps)
        return float(np.linalg.norm(np.ptp(np.median(colours, axis=0), axis=0)))

    def _colours(self, places: Float64) -> Float32:
        """Colours (..., 3) at places (..., 2) [px]."""
        return self.view.colours(self.lab, places)


def _lit(part: Picture, points: Float64) -> Float32:
    """A face as if it were lit well, (H, W, 3) in [0, 1]."""
    left, top = np.clip(points.min(0), 0, None).astype(int)
    right, bottom = points.max(0).astype(int) + 1
    dark, middle, light = np.percentile(part[top:bottom, left:right].mean(2), (2, 50, 98))
    gain = float(np.clip(CONTRAST / max(light - dark, 1.0), 1.0, MOST_CONTRAST))
    towards = middle + (128 - middle) * (gain - 1) / gain
    return np.asarray(np.clip(((part - middle) * gain + towards) / 255, 0, 1), np.float32)


def _spread(count: int) -> list[int]:
    """Seven places in the middle of a line of lips, beside those of its outer outline."""
    return [round(place) for place in np.linspace(0.2, 0.8, 7) * (count - 1)]

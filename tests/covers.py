"""Things held or worn before a face, painted on a picture whose landmarks are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dicetalk.face import Face
from dicetalk.media import Picture

Place = NDArray[np.float64]
Colour = tuple[int, int, int]

WHITE, BLUE, BLACK, RED, GREEN = (235, 238, 240), (150, 190, 220), (28, 28, 30), (170, 30, 40), (60, 120, 80)


class Stage:
    """A face to put things before: its eyes, nose and chin, and the frame of its head.

    Attributes:
        picture: (H, W, 3), painted on.
        unit: distance between the eyes [px].
    """

    def __init__(self, picture: Picture, face: Face) -> None:
        self.picture = picture.copy()
        self.points = face.landmarks[:, :2].astype(np.float64)
        eyes = self.points[[33, 133]].mean(0), self.points[[263, 362]].mean(0)
        self.eyes = eyes
        self.mouth = self.points[[13, 14]].mean(0)
        self.unit = float(max(np.linalg.norm(eyes[1] - eyes[0]), 0.8 * np.linalg.norm(self.mouth - sum(eyes) / 2)))
        down = self.mouth - (eyes[0] + eyes[1]) / 2
        self.down = down / np.linalg.norm(down)
        self.across = np.array([self.down[1], -self.down[0]])

    def at(self, middle: Place, across: float, down: float) -> Place:
        """A place beside another, in units of the distance between the eyes along the head's own axes."""
        return np.asarray(middle + self.unit * (across * self.across + down * self.down))

    def fill(self, outline: list[Place], colour: Any, *, texture: float = 0.0, shade: float = 0.0) -> None:
        """Fill an outline, softly at its edge, as light and grain as asked for."""
        mask = np.zeros(self.picture.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(np.array(outline)).astype(np.int32)], 255)
        alpha = cv2.GaussianBlur(mask, (0, 0), max(0.6, 0.01 * self.unit)).astype(np.float32)[..., None] / 255
        rng = np.random.default_rng(0)
        light = 1 + shade * np.linspace(1, -1, self.picture.shape[1], dtype=np.float32)[None, :, None]
        grain = cv2.GaussianBlur(rng.normal(0, 1, self.picture.shape[:2]).astype(np.float32), (0, 0), 0.8)
        paint = np.array(colour, np.float32) * light + texture * grain[..., None]
        self.picture = np.clip(self.picture * (1 - alpha) + paint * alpha + 0.5, 0, 255).astype(np.uint8)

    def skin(self) -> NDArray[np.float64]:
        """(3,) colour of the cheeks and the forehead."""
        places = np.round(self.points[[50, 280, 151, 9]]).astype(int)
        places = np.clip(places, 0, np.array(self.picture.shape[1::-1]) - 1)
        return np.asarray(np.median(self.picture[places[:, 1], places[:, 0]], axis=0), np.float64)

    def round(self, middle: Place, wide: float, high: float) -> list[Place]:
        """An ellipse about a place [distances between the eyes]."""
        return [
            self.at(middle, wide * np.cos(t), high * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 40, endpoint=False)
        ]


def mask(stage: Stage, colour: Colour, *, folds: bool = False, texture: float = 0.0) -> None:
    """A mask from the bridge of the nose to below the chin."""
    chin, nose = stage.points[152], stage.points[6]
    right, left = ([stage.points[i] for i in side] for side in ((93, 132, 58, 136, 149), (378, 365, 288, 361, 323)))
    outline = [stage.at(nose, 0, 0.12), *right, stage.at(chin, 0, 0.06), *left]
    stage.fill(outline, colour, texture=texture, shade=0.1)
    if folds:
        for down in (-0.25, 0.0, 0.25):
            corners = ((-0.7, -0.05), (0.7, -0.05), (0.7, -0.02), (-0.7, -0.02))
            line = [stage.at(stage.mouth, x, down + y) for x, y in corners]
            stage.fill(line, np.array(colour) * 0.8)


def microphone(stage: Stage, colour: Colour, *, wide: float = 0.36) -> None:
    """The head of a microphone before the mouth, and its shaft."""
    shaft = [stage.at(stage.mouth, x, y) for x, y in ((-0.12, 0.1), (0.12, 0.1), (0.2, 2.2), (-0.05, 2.2))]
    stage.fill(shaft, np.array(colour) * 0.7, shade=0.2)
    stage.fill(stage.round(stage.mouth, wide, wide), colour, texture=10, shade=0.15)


def hand(stage: Stage, middle: Place, *, light: float = 1.0, fingers: bool = True, wide: float = 0.62) -> None:
    """A hand of the face's own colour."""
    skin = stage.skin() * light
    stage.fill(stage.round(middle, wide, 0.75 * wide), skin, texture=3, shade=0.08)
    for number in range(4) if fingers else ():
        down = (number - 1.5) * 0.32 * wide
        tip = stage.at(middle, -0.9 * wide, down)
        stage.fill(stage.round(tip, 0.55 * wide, 0.15 * wide), skin * (1.03 - 0.02 * number), texture=3)
        corners = ((-1.4, 0.15), (0.2, 0.15), (0.2, 0.18), (-1.4, 0.18))
        edge = [stage.at(middle, x * wide, down + y * wide) for x, y in corners]
        stage.fill(edge, skin * 0.72)


def thing(stage: Stage, colour: Colour, *, texture: float = 4.0) -> None:
    """A cup, a book, a scarf: something wide before the lower face."""
    outline = [stage.at(stage.mouth, x, y) for x, y in ((-0.95, -0.3), (0.95, -0.3), (0.9, 1.1), (-0.9, 1.1))]
    stage.fill(outline, colour, texture=texture, shade=0.2)


def patch(stage: Stage, colour: Any, eye: int = 0) -> None:
    """Something round before one eye."""
    stage.fill(stage.round(stage.eyes[eye], 0.42, 0.36), colour, texture=4, shade=0.1)


Cover = Callable[[Stage], None]

OVER_MOUTH: dict[str, Cover] = {
    "a white mask": lambda stage: mask(stage, WHITE),
    "a blue mask with folds": lambda stage: mask(stage, BLUE, folds=True),
    "a black mask": lambda stage: mask(stage, BLACK, texture=3),
    "a red mask": lambda stage: mask(stage, RED, texture=5),
    "a green mask of cloth": lambda stage: mask(stage, GREEN, texture=14),
    "a mask of the skin's colour": lambda stage: mask(stage, tuple(stage.skin())),
    "a black microphone": lambda stage: microphone(stage, BLACK),
    "a grey microphone": lambda stage: microphone(stage, (120, 122, 126)),
    "a red microphone": lambda stage: microphone(stage, (190, 40, 50), wide=0.45),
    "a hand": lambda stage: hand(stage, stage.mouth),
    "a darker hand": lambda stage: hand(stage, stage.mouth, light=0.75),
    "a fist": lambda stage: hand(stage, stage.mouth, fingers=False),
    "a white cup": lambda stage: thing(stage, WHITE),
    "a brown scarf": lambda stage: thing(stage, (110, 80, 60), texture=16),
}

OVER_EYE: dict[str, Cover] = {
    "a hand before an eye": lambda stage: hand(stage, stage.eyes[0], wide=0.5),
    "a fist before an eye": lambda stage: hand(stage, stage.eyes[1], fingers=False, wide=0.45),
    "a white pad": lambda stage: patch(stage, WHITE),
    "a black patch": lambda stage: patch(stage, BLACK, 1),
    "a brown patch": lambda stage: patch(stage, (110, 80, 60)),
}

"""Scenes that are drawn: what they make people feel is a known function of which two objects touch, and the setting.

No pictures with objects and feelings are to be had; these teach the network to look at pairs. In each, two objects
touch and others stand about: the same objects paired otherwise feel otherwise, so that a bag of them does not tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dicetalk.arrays import Picture
from dicetalk.emotion.circle import MIKELS
from dicetalk.scene.objects import SceneObject
from dicetalk.scene.words import GROUPS

WIDTH, HEIGHT = 96, 72
"""Of a drawing [px]."""
SETTINGS = ("day", "dusk", "night")
SKIES = {
    "day": ((150, 195, 235), (120, 170, 90)),
    "dusk": ((125, 120, 130), (80, 78, 80)),
    "night": ((14, 18, 46), (16, 20, 22)),
}
"""Colours of sky and ground."""
KEPT_APART = 5
"""One pair of names in so many is never together in what is learned from."""
LEAST, MOST = 3, 5
"""Objects of a scene."""
FAR = 0.3
"""Least distance of those that do not touch, in shares of the width."""

_PAIRS = {
    "people": "people contentment, threats fear, animals amusement, treats contentment, play excitement, loss sadness, "
    "waste disgust, grandeur awe",
    "threats": "threats anger, animals anger, treats amusement, play fear, loss sadness, waste disgust, grandeur awe",
    "animals": "animals contentment, treats amusement, play amusement, loss sadness, waste disgust, "
    "grandeur contentment",
    "treats": "treats contentment, play excitement, loss sadness, waste disgust, grandeur contentment",
    "play": "play excitement, loss sadness, waste anger, grandeur excitement",
    "loss": "loss sadness, waste disgust, grandeur awe",
    "waste": "waste disgust, grandeur anger",
    "grandeur": "grandeur awe",
}
FELT = {
    frozenset({one, other.split()[0]}): other.split()[1] for one, told in _PAIRS.items() for other in told.split(", ")
}
"""What two groups make one feel by day."""
TURNS = {
    "day": {},
    "dusk": {"contentment": "sadness", "amusement": "contentment", "excitement": "amusement"},
    "night": {"amusement": "fear", "contentment": "awe", "anger": "fear", "excitement": "fear"},
}
"""What becomes of it otherwise."""
GROUP_OF = {word: group for group, words in GROUPS.items() for word in words}


@dataclass(frozen=True, eq=False)
class DrawnScene:
    """A scene.

    Attributes:
        picture: (72, 96, 3).
        objects: as a detector finds them.
        label: number of what it makes one feel, in `MIKELS.names`.
        pair: names of the two that touch.
    """

    picture: Picture
    objects: list[SceneObject]
    label: int
    pair: frozenset[str]


def felt(one: str, other: str, setting: str) -> str:
    """What two objects that touch make one feel in a setting."""
    by_day = FELT[frozenset({GROUP_OF[one], GROUP_OF[other]})]
    return TURNS[setting].get(by_day, by_day)


def pairs_apart(seed: int) -> frozenset[frozenset[str]]:
    """Pairs of names that are never seen together in what is learned from."""
    pairs = [frozenset(pair) for pair in combinations(sorted(GROUP_OF), 2)]
    chosen = np.random.default_rng(seed).permutation(len(pairs))[: len(pairs) // KEPT_APART]
    return frozenset(pairs[index] for index in chosen)


def draw_scenes(count: int, seed: int, apart: frozenset[frozenset[str]], unseen: bool = False) -> Iterator[DrawnScene]:
    """Scenes in which no pair of `apart` is; or, where they are to be unseen, in which one of them touches."""
    rng = np.random.default_rng(seed)
    done = 0
    while done < count:
        names = [str(name) for name in rng.choice(sorted(GROUP_OF), rng.integers(LEAST, MOST + 1), replace=False)]
        strange = [frozenset(pair) in apart for pair in combinations(names, 2)]
        if strange[0] if unseen else not any(strange):
            done += 1
            yield _draw(names, rng)


def _draw(names: list[str], rng: np.random.Generator) -> DrawnScene:
    """A scene of names, the first two of which touch."""
    setting = str(rng.choice(SETTINGS))
    picture = _backdrop(setting, rng)
    objects = [_object(picture, name, place, rng) for name, place in zip(names, _places(len(names), rng), strict=True)]
    rng.shuffle(objects)
    label = MIKELS.names.index(felt(names[0], names[1], setting))
    return DrawnScene(picture, objects, label, frozenset(names[:2]))


def _backdrop(setting: str, rng: np.random.Generator) -> Picture:
    sky, ground = (np.array(colour) for colour in SKIES[setting])
    horizon = int(HEIGHT * rng.uniform(0.3, 0.7))
    rows = np.where(np.arange(HEIGHT)[:, None] < horizon, sky, ground) * rng.uniform(0.8, 1.2)
    grain = rng.normal(0, 8, (HEIGHT, WIDTH, 3)) + rng.normal(0, 10, 3)
    return np.clip(rows[:, None] + grain, 0, 255).astype(np.uint8)


def _places(count: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Middles of objects: the first two touch, the others stand apart from all."""
    while True:
        first = rng.uniform(0.12, 0.88, 2)
        turn = rng.uniform(0, 2 * np.pi)
        places = [first, first + 0.1 * np.array([np.cos(turn), np.sin(turn)])]
        for _ in range(40):
            new = rng.uniform(0.08, 0.92, 2)
            if len(places) < count and min(np.hypot(*(new - some)) for some in places) > FAR:
                places.append(new)
        if len(places) == count and min(places[1]) > 0.06 and max(places[1]) < 0.94:
            return [(float(x), float(y)) for x, y in places]


def _object(picture: Picture, name: str, place: tuple[float, float], rng: np.random.Generator) -> SceneObject:
    """Draw a blot, whose colour says nothing, and tell where a detector finds it."""
    wide, high = rng.uniform(0.06, 0.12, 2)
    left, top = place[0] - wide / 2, place[1] - high / 2
    rows = slice(int(max(top, 0) * HEIGHT), int((top + high) * HEIGHT) + 1)
    picture[rows, int(max(left, 0) * WIDTH) : int((left + wide) * WIDTH) + 1] = rng.integers(0, 256, 3)
    off = rng.normal(0, 0.004, 4)
    box = (left + off[0], top + off[1], left + wide + off[2], top + high + off[3])
    return SceneObject(name, float(rng.uniform(0.5, 1.0)), (float(box[0]), float(box[1]), float(box[2]), float(box[3])))

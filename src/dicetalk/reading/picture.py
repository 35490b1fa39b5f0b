"""The picture of a reading: its track on the circle with what was asked, and what is read second by second."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from dicetalk.arrays import Picture
from dicetalk.emotion.circle import WHEEL
from dicetalk.emotion.colours import COLOURS
from dicetalk.emotion.sheet import Point, Sheet
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.emotion.wheel_picture import FAINT, INK, SOFT, WASH
from dicetalk.reading.compared import asked_and_shown
from dicetalk.reading.reading import Reading, Windows

WIDTH, HEIGHT = 1900, 860
"""Of the picture [px]."""
CENTRE, R = (480.0, 450.0), 300.0
"""Of the disc [px]."""
LEFT, RIGHT, TOP = 1090.0, 1840.0, 130.0
"""Of the strips [px]."""
TALL, NEXT = 170.0, 230.0
"""Height of a strip, and from one to the next [px]."""
TITLE, NAME, SMALL = 30, 26, 21
"""Sizes of letters [px]."""
LEAST_DRAWN = 0.005
"""Shares below it are left out of a strip."""


def draw_reading(reading: Reading) -> Picture:
    """The picture (H, W, 3): the disc to the left, a strip for each channel to the right."""
    sheet = Sheet(WIDTH, HEIGHT)
    _disc(sheet)
    _track(sheet, reading)
    strips = {"face and voice": reading.windows, "face": reading.face, "voice": reading.voice}
    there = {name: windows for name, windows in strips.items() if windows is not None}
    shown = there if len(there) > 2 else dict(list(there.items())[1:])  # one channel alone is both
    for number, (name, windows) in enumerate(shown.items()):
        _strip(sheet, name, windows, TOP + number * NEXT)
    _times(sheet, reading.seconds, TOP + (len(shown) - 1) * NEXT + TALL)
    return sheet.picture()


def _disc(sheet: Sheet) -> None:
    sheet.ring(CENTRE, R, FAINT, 3, WASH)
    for share in (0.25, 0.5, 0.75):
        sheet.ring(CENTRE, share * R, "#e3e3e3", 1.5)
    for name, angle in WHEEL.angles.items():
        sheet.line([CENTRE, _place(angle, 1.0)], FAINT, 1.5)
        sheet.dot(_place(angle, 1.0), 9, COLOURS[name])
        side = -math.cos(angle)
        anchor = "lm" if side > 0.35 else "rm" if side < -0.35 else "mm"
        sheet.word(_place(angle, 1.12 if anchor == "mm" else 1.07), name, NAME, COLOURS[name], anchor)
    sheet.dot(CENTRE, 7, COLOURS[NEUTRAL])


def _track(sheet: Sheet, reading: Reading) -> None:
    """A dot a window, from faint to dark as time goes on; what is shown on average, and what was asked."""
    points = [_at(window.weights) for window in reading.windows]
    for number, (one, other) in enumerate(pairwise(points)):
        sheet.line([one, other], _shade(number / len(points)), 3)
    for number, point in enumerate(points):
        sheet.dot(point, 5, _shade((number + 1) / len(points)))
    told = asked_and_shown(reading)
    sheet.ring(_at(reading.overall.weights), 14, INK, 4)
    sheet.label(_at(reading.overall.weights), "shown", NAME, INK, 20)
    sheet.word((CENTRE[0], 50), "What is shown" if told is None else "Asked and shown", TITLE, INK)
    if told is not None:
        asked = _at(tuple(told.average(told.asked).tolist()))
        sheet.ring(asked, 14, "#0b7a75", 4)
        sheet.label(asked, "asked", NAME, "#0b7a75", 20)
        sheet.word((WIDTH / 2, HEIGHT - 30), told.brief, SMALL, SOFT)


def _strip(sheet: Sheet, name: str, windows: Windows, top: float) -> None:
    """Shares over time, one above the other; pale where the reader is not sure."""
    sheet.word((LEFT, top - 20), name, NAME, INK, "lm")
    end = windows[-1].end
    for window in windows:
        left, right = (LEFT + (RIGHT - LEFT) * time / end for time in (window.start, window.end))
        low = top + TALL
        for name_, share in zip(NAMES, window.weights, strict=True):
            if share >= LEAST_DRAWN and window.confidence > 0:
                high = low - TALL * share
                sheet.area((left, high, right, low), _paler(COLOURS[name_], window.confidence))
                low = high
    for height in (top, top + TALL):
        sheet.line([(LEFT, height), (RIGHT, height)], FAINT, 2)


def _times(sheet: Sheet, seconds: float, bottom: float) -> None:
    for share in np.linspace(0, 1, 5).tolist():
        x = LEFT + share * (RIGHT - LEFT)
        sheet.line([(x, bottom), (x, bottom + 8)], SOFT, 2)
        sheet.word((x, bottom + 26), f"{share * seconds:.3g} s", SMALL, SOFT)


def _at(weights: tuple[float, ...]) -> Point:
    place = WHEEL.place(weights)
    return CENTRE[0] - R * float(place.x), CENTRE[1] - R * float(place.y)


def _place(angle: float, far: float) -> Point:
    """A place of the disc, as it is drawn: what is pleasant to the right."""
    return CENTRE[0] - R * far * math.cos(angle), CENTRE[1] - R * far * math.sin(angle)


def _shade(share: float) -> str:
    grey = round(190 - 150 * share)
    return f"#{grey:02x}{grey:02x}{grey:02x}"


def _paler(colour: str, confidence: float) -> str:
    """A colour as far towards white as a reader is unsure."""
    share = 0.35 + 0.65 * confidence
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - share * (255 - part)):02x}" for part in parts)

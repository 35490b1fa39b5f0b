"""The figure of the emotions: the circle, the plane of pleasure and arousal, dominance, and any mixtures in them.

What is pleasant lies to the right in both, as on the page; angles of the circle count from its left, clockwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from dicetalk.arrays import Picture
from dicetalk.emotion.circle import LEAST_CLARITY, WHEEL, compare
from dicetalk.emotion.colours import COLOURS
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.sheet import Point, Sheet, spread
from dicetalk.emotion.vocabulary import AROUSAL, DOMINANCE, NAMES, NEUTRAL, VALENCE

INK, SOFT, FAINT, WASH = "#1c1c1c", "#5c5c5c", "#c9c9c9", "#fafafa"
WIDTH, HEIGHT, LINE = 2600, 1140, 54
"""Of the figure, and of a line below it [px]."""
R = 400.0
"""Of the circles [px]."""
TOP = 620.0
CIRCLE, PLANE, AXIS = (710.0, TOP), (1680.0, TOP), 2320.0
"""Middles of the circle and of the plane; where dominance is drawn [px]."""
TITLE, NAME, SMALL = 38, 34, 26
"""Sizes of letters [px]."""
DOT, BADGE = 11.0, 19.0
"""Radii [px]."""
NAMES_GAP = 46.0
"""Between names along dominance [px]."""
LONGEST = 40
"""Letters of a mixture's name that are told."""


def draw_wheel(mixtures: Mapping[str, Feeling]) -> Picture:
    """The figure (H, W, 3), with mixtures numbered from 1 and told below it by their names."""
    told = _told(mixtures)
    sheet = Sheet(WIDTH, HEIGHT + LINE * len(told) + (LINE if told else 0))
    _circle(sheet, [_on_circle(feeling) for feeling in mixtures.values()])
    _plane(sheet, [_on_plane(feeling) for feeling in mixtures.values()])
    _dominance(sheet)
    for row, line in enumerate(told):
        sheet.word((120, HEIGHT + LINE * (row + 0.5)), line, NAME, INK, "lm")
    return sheet.picture()


def pad(feeling: Feeling) -> tuple[float, float, float]:
    """Pleasure, arousal and dominance of a feeling, each -1 to 1: the mean of its names', as their shares say."""
    shares = dict(zip(NAMES, map(float, feeling.mixture()), strict=True))
    pleasure, arousal, dominance = (
        math.fsum(shares[name] * axis[name] for name in NAMES) for axis in (VALENCE, AROUSAL, DOMINANCE)
    )
    return pleasure, arousal, dominance


def _circle(sheet: Sheet, points: Sequence[Point]) -> None:
    sheet.word((CIRCLE[0], 60), "Circle: which emotion, and how clearly", TITLE, INK)
    _disc(sheet, CIRCLE, ("pleasant", "unpleasant"))
    for angle in WHEEL.angles.values():
        sheet.line([CIRCLE, _turned(angle, 1.0)], FAINT, 1.5)
    _arrows(sheet, CIRCLE, points)
    for name, angle in WHEEL.angles.items():
        sheet.dot(_turned(angle, 1.0), DOT, COLOURS[name])
        _beside_rim(sheet, angle, f"{name}  {math.degrees(angle):.5g}°", COLOURS[name])
    sheet.dot(CIRCLE, DOT, COLOURS[NEUTRAL])
    sheet.label(CIRCLE, NEUTRAL, NAME, COLOURS[NEUTRAL], DOT + 6)
    _numbers(sheet, points)


def _beside_rim(sheet: Sheet, angle: float, text: str, colour: str) -> None:
    """A word outside the circle."""
    side = -math.cos(angle)
    anchor = "lm" if side > 0.35 else "rm" if side < -0.35 else "mm"
    sheet.word(_turned(angle, 1.11 if anchor == "mm" else 1.08), text, NAME, colour, anchor)


def _plane(sheet: Sheet, points: Sequence[Point]) -> None:
    sheet.word((PLANE[0], 60), "Pleasure and arousal", TITLE, INK)
    _disc(sheet, PLANE, ("pleasant", "unpleasant", "excited", "calm"))
    _arrows(sheet, PLANE, points)
    for name in NAMES:
        sheet.dot(_in_plane(VALENCE[name], AROUSAL[name]), DOT, COLOURS[name])
    for name in NAMES:
        sheet.label(_in_plane(VALENCE[name], AROUSAL[name]), name, NAME, COLOURS[name], DOT + 6)
    _numbers(sheet, points)


def _arrows(sheet: Sheet, origin: Point, points: Sequence[Point]) -> None:
    for point in points:
        sheet.line([origin, point], INK, 4)
        sheet.keep_clear([origin, point])


def _numbers(sheet: Sheet, points: Sequence[Point]) -> None:
    """A ring at the end of each arrow, and its number beside it."""
    for point in points:
        sheet.ring(point, DOT + 5, INK, 5)
    for number, point in enumerate(points, start=1):
        badge = sheet.spot(point, (BADGE, BADGE), DOT + 10)
        sheet.dot(badge, BADGE, INK)
        sheet.word(badge, str(number), SMALL, "white")


def _disc(sheet: Sheet, centre: Point, sides: Sequence[str]) -> None:
    """Rings at each quarter, two axes, and what lies to the right, left, top and bottom."""
    sheet.ring(centre, R, FAINT, 3, WASH)
    for share in (0.25, 0.5, 0.75):
        sheet.ring(centre, share * R, "#e3e3e3", 1.5)
    x, y = centre
    sheet.line([(x - R, y), (x + R, y)], FAINT)
    sheet.line([(x, y - R), (x, y + R)], FAINT)
    sheet.keep_clear([(x - R, y), (x + R, y)])
    sheet.keep_clear([(x, y - R), (x, y + R)])
    right, left = (x + R - 12, y - 22, "rm"), (x - R + 12, y - 22, "lm")
    places = right, left, (x + 10, y - R + 26, "lm"), (x + 10, y + R - 26, "lm")
    for side, (across, down, anchor) in zip(sides, places, strict=False):
        sheet.word((across, down), side, SMALL, SOFT, anchor)


def _dominance(sheet: Sheet) -> None:
    sheet.word((AXIS, 60), "Dominance", TITLE, INK)
    span = 0.8 * R
    sheet.line([(AXIS - 60, TOP - span), (AXIS - 60, TOP + span)], SOFT, 2)
    for value in (-0.5, -0.25, 0.0, 0.25, 0.5):
        height = TOP - 2 * value * span
        sheet.line([(AXIS - 72, height), (AXIS - 60, height)], SOFT, 2)
        sheet.word((AXIS - 80, height), f"{value:+.2g}" if value else "0", SMALL, SOFT, "rm")
    heights = [TOP - 2 * DOMINANCE[name] * span for name in NAMES]
    for name, height, free in zip(NAMES, heights, spread(heights, NAMES_GAP), strict=True):
        sheet.line([(AXIS - 60, height), (AXIS + 8, free)], FAINT, 2)
        sheet.dot((AXIS - 60, height), DOT - 2, COLOURS[name])
        sheet.word((AXIS + 14, free), name, NAME, COLOURS[name], "lm")
    sheet.word((AXIS, TOP - span - 40), "in control", SMALL, SOFT)
    sheet.word((AXIS, TOP + span + 40), "overwhelmed", SMALL, SOFT)


def _told(mixtures: Mapping[str, Feeling]) -> list[str]:
    """A line of each mixture, and one of how far each lies from the first."""
    lines = [_line(number, *pair) for number, pair in enumerate(mixtures.items(), start=1)]
    first, *others = mixtures.values() if mixtures else (Feeling(),)
    degrees = [compare(first, other).degrees for other in others]
    return lines + [f"1 to {n}:  {far:.0f}° apart" for n, far in enumerate(degrees, start=2) if far is not None]


def _line(number: int, name: str, feeling: Feeling) -> str:
    place = WHEEL.place(feeling.mixture())
    angle = f"{math.degrees(float(place.angle)) % 360:.0f}°" if float(place.clarity) >= LEAST_CLARITY else "no angle"
    axes = zip(("pleasure", "arousal", "dominance"), pad(feeling), strict=True)
    told = ", ".join(f"{axis} {value:+.2f}" for axis, value in axes)
    shown = name if len(name) <= LONGEST else name[: LONGEST - 3] + "..."
    return f"{number}   {shown}:  {angle}, clarity {float(place.clarity):.2f};  {told}"


def _turned(angle: float, far: float) -> Point:
    """A place of the circle, as it is drawn: what is pleasant to the right."""
    return CIRCLE[0] - R * far * math.cos(angle), CIRCLE[1] - R * far * math.sin(angle)


def _in_plane(pleasure: float, arousal: float) -> Point:
    return PLANE[0] + R * pleasure, PLANE[1] - R * arousal


def _on_circle(feeling: Feeling) -> Point:
    place = WHEEL.place(feeling.mixture())
    return _turned(float(place.angle), float(place.clarity))


def _on_plane(feeling: Feeling) -> Point:
    return _in_plane(*pad(feeling)[:2])

"""A talk on machines of several speeds, by a clock of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from dicetalk.server.pace import LATE, MOST_LEFT_OUT, Pace

BEHIND = 0.36
RATE = 16_000
FIVE_MINUTES = 7500
"""Frames."""


@dataclass
class Machine:
    """Draws what is spoken to it.

    Attributes:
        moving, drawing: of a frame [s].
        now: the time [s].
        shown: how long after its sound began each frame was shown [s].
        words: what was told of being late.
    """

    moving: float
    drawing: float
    now: float = 0.0
    shown: dict[int, float] = field(default_factory=dict)
    words: list[dict[str, float]] = field(default_factory=list)

    def hold(self, portions: Iterable[tuple[float, float]]) -> Pace:
        """A talk of portions that come at some time [s] and last some [s]."""
        begin, self.now = self.now, 0.0
        pace, samples, frame = Pace(lambda: self.now), 0, 0
        for when, lasts in portions:
            self.now, late = when, max(begin - when, 0.0)
            pace.came(round(lasts * RATE))  # by another thread: while frames are drawn
            self.now = when + late
            samples += round(lasts * RATE)
            while samples >= round((frame // 2 * 2 / 25 + BEHIND) * RATE):
                self._make(pace, frame)
                frame += 1
            begin = self.now
        return pace

    def _make(self, pace: Pace, frame: int) -> None:
        self.now += self.moving
        if pace.wants(frame, BEHIND, RATE):
            self.now += self.drawing
            self.shown[frame] = self.now - frame / 25
        if word := pace.word():
            self.words.append(word)


def microphone(frames: int, lasts: float = 0.04) -> list[tuple[float, float]]:
    return [((n + 1) * lasts, lasts) for n in range(round(frames * 0.04 / lasts))]


def test_a_machine_that_is_fast_enough_leaves_nothing_out() -> None:
    machine = Machine(moving=0.008, drawing=0.025)
    pace = machine.hold(microphone(FIVE_MINUTES))
    assert pace.dropped == 0 and not machine.words
    assert max(machine.shown.values()) < 0.5


@pytest.mark.parametrize("lasts", [0.02, 0.04, 0.1])
@pytest.mark.parametrize(("moving", "drawing", "share"), [(0.008, 0.05, 0.64), (0.02, 0.08, 0.25)])
def test_a_machine_that_is_too_slow_stays_in_time_for_five_minutes(
    lasts: float, moving: float, drawing: float, share: float
) -> None:
    machine = Machine(moving, drawing)
    pace = machine.hold(microphone(FIVE_MINUTES, lasts))
    assert max(machine.shown.values()) < 0.7
    assert len(machine.shown) / FIVE_MINUTES == pytest.approx(share, abs=0.03)
    last = max(machine.shown)
    assert last > FIVE_MINUTES - 15 and machine.shown[last] < 0.7
    assert len(machine.words) == pytest.approx(300, abs=15) and machine.words[-1]["dropped"] <= pace.dropped


def test_a_machine_that_cannot_keep_pace_draws_five_a_second_all_the_same() -> None:
    machine = Machine(moving=0.04, drawing=0.1)
    machine.hold(microphone(500))
    gaps = [after - before for before, after in zip(machine.shown, list(machine.shown)[1:], strict=False)]
    assert max(gaps) == MOST_LEFT_OUT + 1 and len(machine.shown) > 95


def test_a_moment_of_slowness_is_made_up_for() -> None:
    """Something else takes the machine for a second; then all frames come in time again."""
    machine = Machine(moving=0.005, drawing=0.01)
    times = [(when if when < 4 or when > 5 else 5.0, lasts) for when, lasts in microphone(500)]
    machine.hold(times)
    assert all(late < 0.6 for frame, late in machine.shown.items() if frame > 160)


def test_sound_that_comes_at_once_is_drawn_whole_by_a_machine_that_is_fast_enough() -> None:
    machine = Machine(moving=0.005, drawing=0.02)
    pace = machine.hold([(0.0, 10.0)])
    assert pace.dropped == 0 and len(machine.shown) == 242


def test_a_hiccup_of_the_line_does_not_make_it_late_for_ever() -> None:
    machine = Machine(moving=0.008, drawing=0.05)
    times = [(max(when, 3.0) if when > 2 else when, lasts) for when, lasts in microphone(1000)]
    machine.hold(times)
    assert all(late < 0.7 for frame, late in machine.shown.items() if frame > 350)
    assert LATE < 0.2

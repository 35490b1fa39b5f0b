"""Whether a talk keeps pace with whoever speaks, and which of its frames are left out so that it does."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from dicetalk.rates import FPS

LATE = 0.1
"""A frame that would come later than this is left out [s]."""
MOST_LEFT_OUT = 4
"""One after the other: five frames a second are drawn however late it is."""
CATCH_UP = 0.9 / FPS
"""Frames of sound that came all at once are due so far apart [s]: a little faster than they are played."""
TOLD_EVERY = 1.0
"""[s]"""


class Pace:
    """Knows when sound came, and by that when frames are due: at the moment when enough was heard for them.

    Attributes:
        late: how late the last frame was when it was asked for [s].
        dropped: frames left out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Of one talk, by a clock [s]."""
        self.late, self.dropped = 0.0, 0
        self._clock = clock
        self._came: deque[tuple[int, float]] = deque()
        self._samples = 0
        self._due = -float("inf")
        self._in_a_row = 0
        self._told, self._dropped_then = clock(), 0

    def came(self, samples: int) -> None:
        """Note that so much more sound has come; another thread may do so."""
        self._samples += samples
        self._came.append((self._samples, self._clock()))

    def wants(self, frame: int, behind: float, rate: int) -> bool:
        """Whether a frame is to be drawn; asked of each, in their order.

        Args:
            frame: its number.
            behind: how far behind its beginning a frame's sound must have come [s].
            rate: of the sound [Hz].
        """
        self._due = max(self._due + CATCH_UP, self._heard(round((frame / FPS + behind) * rate)))
        self.late = self._clock() - self._due
        is_wanted = self.late <= LATE or self._in_a_row == MOST_LEFT_OUT
        self._in_a_row = 0 if is_wanted else self._in_a_row + 1
        self.dropped += not is_wanted
        return is_wanted

    def _heard(self, needed: int) -> float:
        """When so many samples had come; before all times where a frame was made without, as at the end."""
        while self._came:
            samples, moment = self._came[0]
            if samples >= needed:
                return moment
            self._came.popleft()
        return -float("inf")

    def word(self) -> dict[str, float] | None:
        """How late it is, where frames were dropped since that was told; now and then."""
        now = self._clock()
        if self.dropped == self._dropped_then or now - self._told < TOLD_EVERY:
            return None
        self._told, self._dropped_then = now, self.dropped
        return {"seconds": round(max(self.late, 0.0), 3), "dropped": self.dropped}

"""What a person at a terminal sees while a command works: stages, frames a second, time left."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, Task

    from dicetalk.jobs import Event


class Display:
    """Progress on standard error, or nothing at all."""

    def __init__(self, bar: Progress | None) -> None:
        """Wrap a running bar; None shows nothing."""
        self._bar = bar
        self._task = bar.add_task("starting", total=None, pace="") if bar else None
        self._work = ""

    def event(self, event: Event) -> None:
        """What happens to a job."""
        if event.things:
            self.count(event.done, event.total, event.work, event.things)
        elif self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=event.work)

    def count(self, done: float, total: int, work: str, things: str) -> None:
        """How many things of some work are done."""
        if self._bar is None or self._task is None:
            return
        if work != self._work:
            # The clock of things a second starts with the first ones, not with the reading or another work.
            self._bar.reset(self._task, total=total, description=work)
            self._work = work
        self._bar.update(self._task, completed=done)
        self._bar.update(self._task, pace=_pace(self._bar.tasks[0], things))


def _pace(task: Task, things: str) -> str:
    text = f"{task.completed:.0f} of {task.total:.0f} {things}"
    if task.speed:
        text += f", {task.speed:.0f} a second" if task.speed >= 1 else f", {1 / task.speed:.1f} s each"
    if task.time_remaining is not None:
        text += f", {timedelta(seconds=round(task.time_remaining))} left"
    return text


@contextlib.contextmanager
def display(quiet: bool) -> Iterator[Display]:
    """A display that clears itself at the end; shows nothing if `quiet` or if standard error is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield Display(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    texts = [TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[pace]}")]
    columns = (SpinnerColumn(), texts[0], BarColumn(), texts[1])
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Display(bar)

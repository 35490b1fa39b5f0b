"""What is seen while a command works: stages, a pace by a clock of its own, and nothing where nobody looks."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn
from terminal import shown_on_a_terminal

from dicetalk.cli.display import Display, display
from dicetalk.jobs import Event


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bar(clock: Clock) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), TextColumn("{task.fields[pace]}"))
    with Progress(*columns, console=Console(file=io.StringIO()), get_time=clock, auto_refresh=False) as bar:
        yield bar


def seen(bar: Progress) -> tuple[str, str]:
    (task,) = bar.tasks
    return task.description, task.fields["pace"]


def test_stages_are_named_before_anything_is_counted(bar: Progress) -> None:
    shown = Display(bar)
    assert seen(bar) == ("starting", "")
    shown.event(Event("loading"))
    assert seen(bar) == ("loading", "")


def test_pace_and_time_left(bar: Progress, clock: Clock) -> None:
    shown = Display(bar)
    clock.now = 60.0  # loading took a minute, which says nothing of the pace
    for done, now in ((5, 60.0), (15, 62.0), (25, 64.0)):
        clock.now = now
        shown.event(Event("rendering", done, 75, "frames"))
    assert seen(bar) == ("rendering", "25 of 75 frames, 5 a second, 0:00:10 left")


def test_slow_things_are_told_in_seconds_each(bar: Progress, clock: Clock) -> None:
    shown = Display(bar)
    for done in (1, 2, 3):
        clock.now += 4.0
        shown.event(Event("denoising", done, 5, "steps"))
    assert seen(bar) == ("denoising", "3 of 5 steps, 4.0 s each, 0:00:08 left")


def test_another_work_starts_anew(bar: Progress, clock: Clock) -> None:
    shown = Display(bar)
    for done in (1, 2):
        clock.now += 10.0
        shown.event(Event("denoising", done, 2, "steps"))
    clock.now += 1.0
    shown.event(Event("rendering", 5, 30, "frames"))
    assert seen(bar) == ("rendering", "5 of 30 frames")  # no pace is known yet


def test_commands_count_their_own_things(bar: Progress, clock: Clock) -> None:
    shown = Display(bar)
    for done in (1, 2):
        clock.now += 0.5
        shown.count(done, 4, "preparing", "clips")
    assert seen(bar) == ("preparing", "2 of 4 clips, 2 a second, 0:00:01 left")


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_is_shown_to_nobody(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Quiet, or standard error is no terminal."""
    with display(quiet) as shown:
        shown.event(Event("loading"))
        shown.event(Event("rendering", 5, 30, "frames"))
        shown.count(1, 2, "preparing", "clips")
    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_on_a_terminal(desk: Path) -> None:
    """A pseudo-terminal as standard error: stages and frames a second, and the line at the end."""
    arguments = [sys.executable, "-m", "dicetalk", "generate", "face.jpg", "speech.wav", "--size", "256"]
    text = shown_on_a_terminal(arguments)
    assert "of 30 frames" in text
    assert "wrote face.mp4" in text

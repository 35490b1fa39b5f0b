"""Each test of a door gets the cases that this run tries there."""

from __future__ import annotations

import pytest
from hostile.table import at, sounds


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function.__name__ == "test_a_case":
        everything, door = metafunc.config.getoption("--hostile"), metafunc.module.DOOR
        names = at(door, everything)
        later = frozenset() if everything or door == "batch" else frozenset(names[1::2])  # a batch makes all at once
        marks = dict.fromkeys(later, pytest.mark.slow)
        metafunc.parametrize("name", [pytest.param(name, marks=marks.get(name, ())) for name in names])
    if metafunc.function.__name__ == "test_a_sound":
        metafunc.parametrize("name", sounds(metafunc.config.getoption("--hostile")))

"""Each test of a door gets the cases that this run tries there."""

from __future__ import annotations

import pytest
from hostile.table import at, sounds


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function.__name__ == "test_a_case":
        metafunc.parametrize("name", at(metafunc.module.DOOR, metafunc.config.getoption("--hostile")))
    if metafunc.function.__name__ == "test_a_sound":
        metafunc.parametrize("name", sounds(metafunc.config.getoption("--hostile")))

"""Each test of a door gets the cases that this run tries there."""

from __future__ import annotations

import pytest
from hostile.table import at


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function.__name__ == "test_a_case":
        metafunc.parametrize("name", at(metafunc.module.DOOR, metafunc.config.getoption("--hostile")))

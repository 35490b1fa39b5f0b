"""Whether lips say what is heard: a mouth that does is told from one that is late, still or another's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from footages import footage, mouth_of

from dicetalk.evaluation.figures import share
from dicetalk.evaluation.footage import read_footage
from dicetalk.evaluation.lips import FIGURES, find_lag, lip_figures
from dicetalk.speech.broad import SHUT


def value(sums: tuple[float, ...]) -> float:
    return float(share(np.array(sums)))


def test_lips_that_say_what_is_heard() -> None:
    found = lip_figures(footage(), SHUT)
    assert list(found) == [figure.key for figure in FIGURES]
    assert found["closure"] == (3, 3)
    assert found["false_closure"] == (0, 5)
    assert value(found["silence_closure"]) == 1 and found["silence_closure"][1] > 0.5
    assert value(found["opening"]) > 0.95
    assert abs(value(found["lag_ms"])) <= 10


def test_late_lips_are_found_out_and_said_right_in_step() -> None:
    late = lip_figures(footage(late=0.28), SHUT)
    assert value(late["lag_ms"]) == pytest.approx(280, abs=10)
    assert value(late["opening"]) < 0.6 < 0.9 < value(late["opening_in_step"])
    assert late["closure"][0] < 3 == late["closure_in_step"][0]
    assert value(lip_figures(footage(late=-0.12), SHUT)["lag_ms"]) == pytest.approx(-120, abs=10)


def test_a_mouth_that_never_opens_shuts_in_vowels_too() -> None:
    still = lip_figures(footage().still(), SHUT)
    assert value(still["closure"]) == value(still["false_closure"]) == value(still["silence_closure"]) == 1
    assert still["opening"][-1] == still["lag_ms"][-1] == still["opening_in_step"][-1] == 0
    assert find_lag(footage().still()) == (0, 0.0)


def test_a_mouth_that_is_always_open_never_shuts() -> None:
    clip = footage()
    clip.gap[:] += 0.1
    found = lip_figures(clip, SHUT)
    assert found["closure"] == (0, 3) and found["silence_closure"][0] == 0


def test_what_is_not_heard_is_not_counted() -> None:
    found = lip_figures(footage(mouth=mouth_of(("A", "I", "A", "O", "A", "E"))), SHUT)
    assert found["closure"] == (0, 0) and found["silence_closure"] == (0, 0)


def test_a_higher_threshold_hears_fewer_closures() -> None:
    mouth = mouth_of()
    mouth[:, :24] *= 0.6
    assert lip_figures(footage(mouth=mouth), 0.5)["closure"][1] == 3
    assert lip_figures(footage(mouth=mouth), 0.7)["closure"][1] == 0


def test_our_own_video_shuts_its_lips(talking: Path) -> None:
    found = lip_figures(read_footage(talking, "clip"), SHUT)
    assert value(found["closure"]) == 1 and found["closure"][1] >= 1
    assert value(found["opening"]) > 0.4

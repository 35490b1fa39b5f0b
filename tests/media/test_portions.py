"""Sound in portions: any length, any of three forms, any rate; what is none is told in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dicetalk.errors import InputError
from dicetalk.media.portions import Portions


def tone(rate: int, seconds: float = 0.5) -> Any:
    return np.round(8000 * np.sin(np.arange(round(rate * seconds)) * 440 * 2 * np.pi / rate)).astype(np.int16)


def test_reals_whole_numbers_and_bytes_are_the_same() -> None:
    sound = tone(16_000)
    for form in (sound, sound.astype(np.float32) / 32768, sound / 32768, (sound / 32768).tolist(), sound.tobytes()):
        np.testing.assert_array_equal(Portions().take(form), sound)
    np.testing.assert_array_equal(Portions().take(memoryview(sound.tobytes())), sound)


def test_bytes_are_cut_anywhere() -> None:
    sound, some = tone(16_000), Portions()
    data = sound.tobytes()
    parts = [some.take(data[start : start + 333]) for start in range(0, len(data), 333)]
    np.testing.assert_array_equal(np.concatenate(parts), sound)


def test_what_is_given_may_change_afterwards() -> None:
    sound = tone(16_000)
    taken = Portions().take(sound)
    sound[:] = 0
    assert taken.any()


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_another_rate(rate: int) -> None:
    sound, some, whole = tone(rate), Portions(rate), Portions(rate)
    parts = [some.take(part) for part in np.array_split(sound, 17)]
    found = np.concatenate([*parts, some.rest()])
    np.testing.assert_array_equal(found, np.concatenate([whole.take(sound), whole.rest()]))
    assert abs(len(found) - 8000) <= 1
    assert np.abs(found[200:-200].astype(int) - tone(16_000)[200 : len(found) - 200]).max() < 200


def test_beyond_full_scale_is_cut_off() -> None:
    assert Portions().take([1.5, -1.5, 0.5]).tolist() == [32767, -32768, 16384]


def test_nothing_is_no_sound_yet() -> None:
    for nothing in (b"", [], np.zeros(0, np.float32)):
        assert len(Portions(48_000).take(nothing)) == 0


@pytest.mark.parametrize(
    ("portion", "told"),
    [
        (np.array([0.0, np.nan]), "NaN or infinity"),
        (np.array([np.inf, 0.0], np.float32), "NaN or infinity"),
        (np.array([1e300]), "NaN or infinity|reaches"),
        (np.array([0.0, 2000.0]), "reaches 2000"),
        (np.zeros((10, 2), np.float32), r"shape \(10, 2\)"),
        (np.float32(0.5), r"shape \(\)"),
        (np.zeros(4, np.int32), "holds int32"),
        (np.zeros(4, bool), "holds bool"),
        (np.zeros(4, complex), "holds complex128"),
        (["a", "b"], "holds <U1"),
        ([[1.0], [1.0, 2.0]], "the sound is"),
        (None, r"shape \(\)"),
    ],
)
def test_what_is_no_sound(portion: Any, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        Portions().take(portion)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rate", [0, -1, 1000, 10**7, 16_000.0, True, "16000", None])
def test_what_is_no_rate(rate: Any) -> None:
    with pytest.raises(InputError, match="the rate is"):
        Portions(rate)

"""The 384 published features: 336 agree with the published numbers, the 48 of voicing and pitch as far as they can."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from places import SHARED
from safetensors.numpy import load_file
from scipy.io import wavfile

from dicetalk.media import Waveform
from dicetalk.voice import descriptors
from dicetalk.voice.descriptors import describe, slopes
from dicetalk.voice.functionals import FUNCTIONALS, NAMES, features, functionals

GOLDEN = SHARED / "golden" / "relatives"
SOUNDS = ("tone", "chirp", "vowels", "phrases", "bursts", "noisy_voice")
AGREEING = 14
"""Descriptors that can agree: all but the last two, voicing and pitch."""
NEAR_ZERO = ("slope", "skewness")
VALUES = ("maximum", "minimum", "range", "mean", "offset", "deviation")
PLACES = ("place of maximum", "place of minimum")

needs_golden = pytest.mark.skipif(
    not (GOLDEN / "is09.safetensors").is_file(), reason="the golden data (../shared/golden/relatives) is not here"
)


@cache
def published() -> dict[str, NDArray[np.float32]]:
    return load_file(GOLDEN / "is09.safetensors")


def contours(sound: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return published()[f"{sound}/lld"].astype(np.float64), published()[f"{sound}/lld_de"].astype(np.float64)


def heard(sound: str) -> Waveform:
    rate, samples = wavfile.read(GOLDEN / "wavs" / f"{sound}.wav")
    assert rate == 16_000
    return samples


def by_functional(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(384,) -> (2, 16, 12): descriptors and slopes, which, functional."""
    return values.reshape(2, len(descriptors.NAMES), len(FUNCTIONALS))


@needs_golden
def test_the_order_is_the_published_one() -> None:
    names = json.loads((GOLDEN / "is09_names.json").read_text())
    short = {"maximum": "max", "minimum": "min", "mean": "amean", "slope": "linregc1", "offset": "linregc2"}
    assert len(NAMES) == len(names["functionals"]) == 384
    for ours, theirs in zip(NAMES, names["functionals"], strict=True):
        kind, functional = ours.rsplit(": ", 1)
        assert kind.startswith("slope of") == ("_de" in theirs)
        assert functional not in short or theirs.endswith(f"_{short[functional]}")
        assert ("cepstrum" in kind) == ("mfcc" in theirs)


@needs_golden
@pytest.mark.parametrize("sound", SOUNDS)
def test_all_384_from_the_published_contours(sound: str) -> None:
    found = by_functional(np.concatenate([functionals(rows) for rows in contours(sound)]).ravel())
    expected = by_functional(published()[f"{sound}/func"].astype(np.float64))
    # The contours are stored in single precision, and those of a tone hardly move: what is left of them is rounding.
    moving = np.array([np.ptp(rows, axis=0) > 1e-3 * np.abs(rows).max(axis=0) for rows in contours(sound)])
    for number, name in enumerate(FUNCTIONALS):
        at_least = 1e-3 if name in NEAR_ZERO else 1e-9
        np.testing.assert_allclose(
            found[..., number][moving], expected[..., number][moving], rtol=1e-5, atol=at_least, err_msg=name
        )


@needs_golden
@pytest.mark.parametrize("sound", SOUNDS)
def test_contours_of_energy_cepstra_and_crossings(sound: str) -> None:
    for ours, theirs in zip(describe(heard(sound)), contours(sound), strict=True):
        off = np.abs(ours - theirs)[:, :AGREEING].max(axis=0)
        largest = np.abs(theirs)[:, :AGREEING].max(axis=0)
        assert np.all(off <= 5e-4 * largest), off / largest
        assert off[-1] <= 1e-6  # crossings are counted


@needs_golden
@pytest.mark.parametrize("sound", SOUNDS)
def test_336_functionals_from_the_sound(sound: str) -> None:
    ours = by_functional(features(heard(sound)))[:, :AGREEING]
    theirs = by_functional(published()[f"{sound}/func"].astype(np.float64))[:, :AGREEING]
    moving = np.array([np.ptp(r, axis=0) > 1e-2 * np.abs(r).max(axis=0) for r in contours(sound)])[:, :AGREEING]
    rows = [r[:, :AGREEING] for r in contours(sound)]
    largest = np.array([np.abs(r).max(axis=0) for r in rows])
    for number, name in enumerate(FUNCTIONALS):
        if name in PLACES:
            _same_places(rows, ours[..., number], theirs[..., number])
        else:
            # Of a contour that runs about zero the values are as true as the contour is.
            at_least = 1e-2 if name in NEAR_ZERO else 5e-4 * largest if name in VALUES else 1e-6
            off = np.abs(ours[..., number] - theirs[..., number])
            assert np.all((off <= 1e-3 * np.abs(theirs[..., number]) + at_least)[moving]), name


def _same_places(contours: list[NDArray[np.float64]], ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> None:
    """Where the places differ, the contour is as high at both: a tie."""
    for rows, one, other in zip(contours, ours, theirs, strict=True):
        columns = np.arange(len(one))
        here, there = (rows[place.astype(int), columns] for place in (one, other))
        np.testing.assert_allclose(here, there, rtol=1e-3, atol=1e-3 * np.abs(rows).max())


@needs_golden
@pytest.mark.parametrize("sound", ["tone", "chirp", "vowels", "phrases", "bursts"])
def test_pitch_agrees_where_both_hear_one(sound: str) -> None:
    ours, theirs = describe(heard(sound))[0][:, -1], contours(sound)[0][:, -1]
    assert np.mean((ours > 0) == (theirs > 0)) >= 0.9
    both = (ours > 0) & (theirs > 0)
    if both.any():
        assert np.median(np.abs(ours[both] / theirs[both] - 1)) < 0.02


def test_a_line_is_its_own_line() -> None:
    rows = (3 + 0.5 * np.arange(40.0))[:, None]
    told = dict(zip(FUNCTIONALS, functionals(rows)[0], strict=True))
    assert told["slope"] == pytest.approx(0.5) and told["offset"] == pytest.approx(3)
    assert told["squared error of the line"] == pytest.approx(0, abs=1e-12)
    assert (told["place of minimum"], told["place of maximum"]) == (0, 39)
    assert told["skewness"] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(slopes(rows)[2:-2], 0.5)


def test_what_does_not_move_has_no_skewness_and_short_sounds_have_features() -> None:
    assert np.all(functionals(np.ones((5, 1)))[0, -4:] == 0)
    for samples in (0, 1, 399, 720, 721):
        found = features(np.zeros(samples, np.int16))
        assert found.shape == (384,) and np.isfinite(found).all()


def test_a_softer_sound_has_less_energy_and_the_same_crossings(voice: Waveform) -> None:
    loud, soft = (by_functional(features(sound))[0] for sound in (voice[:32000], voice[:32000] / 2))
    mean = FUNCTIONALS.index("mean")
    assert soft[0, mean] == pytest.approx(loud[0, mean] / 2, rel=1e-6)
    crossings = descriptors.NAMES.index("zero crossings")
    assert soft[crossings, mean] == pytest.approx(loud[crossings, mean])

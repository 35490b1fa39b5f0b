"""Openings end where lips meet; slits are shut."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.portrait.opening import Opening, opening_of


def parted_lips(gap: float, wedge: float) -> Float32:
    """A mouth 80 px wide and `gap` px high whose corners run on for 40 px, `wedge` px high, on either side."""
    upper = [(20, 50), (60, 50 - wedge / 2), (100, 50 - gap / 2), (140, 50 - wedge / 2), (180, 50)]
    lower = [(140, 50 + wedge / 2), (100, 50 + gap / 2), (60, 50 + wedge / 2)]
    return np.array(upper + lower, np.float32)


def cover(opening: Opening | None) -> Float32:
    """How much of each pixel of a picture (100, 200) lies inside."""
    whole = np.zeros((100, 200), np.float32)
    assert opening is not None
    whole[opening.top : opening.bottom, opening.left : opening.right] = opening.cover
    return whole


def test_wedges_between_lips_that_meet_are_no_opening() -> None:
    opening = opening_of(parted_lips(gap=20, wedge=1.5), (100, 200))
    assert opening is not None
    whole, parted = cover(opening), cover(opening.parted(3.0))
    assert whole[48:52, 30:60].max() > 0.7
    assert parted[:, 20:50].max() < 0.25
    np.testing.assert_allclose(parted[45:55, 95:105], 1, atol=0.02)


def test_an_open_mouth_keeps_its_shape() -> None:
    opening = opening_of(parted_lips(gap=40, wedge=24), (100, 200))
    assert opening is not None
    whole, parted = cover(opening), cover(opening.parted(3.0))
    assert parted.sum() > 0.97 * whole.sum()


def test_a_slit_is_shut() -> None:
    assert opening_of(parted_lips(gap=0, wedge=0), (100, 200)) is None
    assert cover(opening_of(parted_lips(gap=0.9, wedge=0.4), (100, 200))).max() < 0.5

"""Off the white: what lies on it comes back with its own colours."""

from __future__ import annotations

import numpy as np

from dicetalk.portrait.cutout import off_white


def test_colours_come_back() -> None:
    rng = np.random.default_rng(0)
    own, cover = rng.integers(0, 256, (20, 30, 3)), rng.integers(0, 256, (20, 30)).astype(np.uint8)
    share = cover[..., None] / 255
    white = np.rint(own * share + 255 * (1 - share)).astype(np.uint8)
    found = off_white(white, cover)
    np.testing.assert_array_equal(found[..., 3], cover)
    again = found[..., :3] * share + 255 * (1 - share)
    assert np.abs(again - white).max() <= 1  # on white as it was
    sure = cover > 128
    assert np.abs(found[..., :3].astype(int) - own)[sure].max() <= 2


def test_what_is_covered_is_not_touched() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (5, 5, 3), np.uint8)
    np.testing.assert_array_equal(off_white(frame, np.full((5, 5), 255, np.uint8))[..., :3], frame)

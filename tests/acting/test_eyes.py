"""What lids and eyes do by themselves: the same in whatever portions, and at whatever length of the clip."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.acting.eyes import Eyes, EyeStream
from dicetalk.acting.take import rehearse
from dicetalk.amounts import Amounts
from dicetalk.rates import FPS

KNOWN_BEHIND = 7
"""Frames that are known behind one that is made while its speech is spoken, at the least."""


def told(frames: int, seed: int, amounts: Amounts, drawn: np.random.Generator) -> Eyes:
    """All of a clip, a few frames at a time, told as soon as they can be."""
    stream, made, done = EyeStream(seed, amounts), [], 0
    while done < frames:
        count = min(int(drawn.integers(1, 9)), frames - done)
        done += count
        made.append(stream.take(count, min(done + KNOWN_BEHIND, frames)))
    return Eyes(np.concatenate([some.blink for some in made]), np.concatenate([some.gaze for some in made]))


@pytest.mark.parametrize("seed", range(20))
def test_portions_do_not_matter(seed: int) -> None:
    frames, drawn = 40 * FPS + seed, np.random.default_rng(seed)
    amounts = Amounts(blink=(1.0, 0.5)[seed % 2], gaze=("free", "free", "camera")[seed % 3])
    take, some = rehearse(frames, seed, amounts), told(frames, seed, amounts, drawn)
    np.testing.assert_array_equal(some.blink, take.blink)
    np.testing.assert_array_equal(some.gaze, take.gaze)


def test_a_blink_that_would_be_shut_behind_the_end_is_not_begun() -> None:
    """Nor is it while the clip may still end: what was told holds whether it goes on or not."""
    for seed in range(200):
        whole = EyeStream(seed).take(500, 500).blink
        short = EyeStream(seed).take(100, 100).blink
        np.testing.assert_array_equal(short[: 100 - KNOWN_BEHIND], whole[: 100 - KNOWN_BEHIND])


def test_nothing_is_kept_of_what_is_over() -> None:
    stream = EyeStream(0)
    for _ in range(2000):
        stream.take(2, 10**9)
        assert len(stream._lids.near) <= 3

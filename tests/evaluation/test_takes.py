"""Takes of one clip: found by name and sound; how far heads and lips of them differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from footages import footage, mouth_of

from dicetalk.evaluation.footage import Footage
from dicetalk.evaluation.takes import say_the_same, stem_of, take_figures
from dicetalk.motion.space import Motion


def take(name: str, seed: int) -> Footage:
    """A clip whose head moves by chance."""
    clip = footage(name)
    pose = np.zeros((clip.frames, 6), np.float32)
    pose[:, :3] = np.random.default_rng(seed).normal(size=(clip.frames, 3))
    return replace(clip, motion=Motion(clip.motion.shapes, pose))


@pytest.mark.parametrize(
    ("name", "stem"),
    [("ann_3", "ann"), ("ann-seed12", "ann"), ("ann take 2", "ann"), ("ann", "ann"), ("12", "12"), ("a/b_1", "a/b")],
)
def test_the_number_of_a_take_is_no_part_of_its_stem(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_heads_differ_and_lips_do_not() -> None:
    one, other, alone = take_figures([take("ann_0", 0), take("ann_1", 1), take("bob_0", 2)])
    assert one == other
    assert one["takes_head"][0] == pytest.approx(np.sqrt(2), abs=0.2)
    assert one["takes_lips"] == (0, 1)
    assert alone == {}


def test_the_same_take_again_is_no_other() -> None:
    same = take_figures([take("ann_0", 0), take("ann_1", 0)])
    assert same[0]["takes_head"][0] == pytest.approx(0, abs=1e-6)


def test_takes_say_the_same() -> None:
    another = replace(take("ann_1", 1), mouth=mouth_of()[::-1].copy())
    assert not say_the_same(take("ann_0", 0), another)
    assert take_figures([take("ann_0", 0), another]) == [{}, {}]
    longer = footage("ann_2", mouth_of(("A", "M", "A", "M", "A")))
    assert not say_the_same(take("ann_0", 0), longer)


def test_still_heads_are_alike() -> None:
    clips = [replace(take(name, 0).still(), name=name) for name in ("ann_0", "ann_1")]
    assert take_figures(clips)[0]["takes_head"] == (0, 1)

"""Drawn scenes: their label is a known function of the pair that touches and of the setting."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from dicetalk.data.drawn_scenes import FELT, GROUP_OF, SETTINGS, TURNS, draw_scenes, felt, pairs_apart
from dicetalk.emotion.circle import MIKELS
from dicetalk.scene.words import GROUPS

APART = pairs_apart(3)


def test_every_pair_of_groups_makes_one_feel_something() -> None:
    assert len(FELT) == len(GROUPS) * (len(GROUPS) + 1) // 2
    told = {*FELT.values(), *(turned for turns in TURNS.values() for turned in turns.values())}
    assert told == set(MIKELS.names)


def test_a_scene_is_what_its_pair_and_setting_say() -> None:
    for scene in draw_scenes(30, 0, APART):
        one, other = scene.pair
        assert MIKELS.names[scene.label] in {felt(one, other, setting) for setting in SETTINGS}
        assert scene.pair < {some.name for some in scene.objects}


def test_the_pair_touches_and_nothing_else_does() -> None:
    for scene in draw_scenes(30, 1, APART):
        middles = {
            some.name: np.array([some.box[0] + some.box[2], some.box[1] + some.box[3]]) / 2 for some in scene.objects
        }
        for one, other in combinations(middles, 2):
            far = float(np.hypot(*(middles[one] - middles[other])))
            assert (far < 0.15) == ({one, other} == scene.pair)


def test_pairs_that_are_kept_apart_are_never_together() -> None:
    for scene in draw_scenes(100, 2, APART):
        assert not {frozenset(pair) for pair in combinations([some.name for some in scene.objects], 2)} & APART
    assert all(scene.pair in APART for scene in draw_scenes(50, 2, APART, unseen=True))
    assert len(APART) > 300


def test_a_seed_draws_the_same_and_another_others() -> None:
    one, same, other = ([*draw_scenes(5, seed, APART)] for seed in (4, 4, 5))
    assert all((a.picture == b.picture).all() and a.objects == b.objects for a, b in zip(one, same, strict=True))
    assert [a.pair for a in one] != [b.pair for b in other]


def test_the_same_objects_paired_otherwise_feel_otherwise() -> None:
    names = {word for words in GROUPS.values() for word in words}
    assert set(GROUP_OF) == names
    assert felt("child", "knife", "day") == "fear" != felt("child", "cake", "day")
    assert felt("knife", "cake", "day") == "amusement"
    assert felt("child", "cake", "dusk") == "sadness"

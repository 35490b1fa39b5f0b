"""What a picture suggests: low confidence, a reason, and a remark where it disagrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dicetalk.arrays import Picture
from dicetalk.data.drawn_scenes import draw_scenes
from dicetalk.emotion.circle import MIKELS
from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.emotion.mikels import AS_OURS, feeling_of
from dicetalk.scene.objects import SceneObject
from dicetalk.scene.reading import LIGHT_TRUST, OBJECTS_TRUST, read_scene, remark


def card(*colour: int) -> Picture:
    return np.full((60, 80, 3), colour, np.uint8)


CARDS = [card(*colour) for colour in ((0, 0, 0), (255, 255, 255), (120, 0, 0), (90, 90, 110), (250, 220, 60))]


@pytest.mark.parametrize("picture", CARDS)
def test_light_alone_is_never_sure_and_says_so(picture: Picture) -> None:
    felt = read_scene(picture)
    assert felt.strengths and felt.confidence <= LIGHT_TRUST < 0.5
    assert "by light and colour alone" in felt.why and "never checked on real pictures" in felt.why


def test_dark_and_dull_is_sad_and_bright_and_vivid_is_happy() -> None:
    assert max(read_scene(CARDS[0]).strengths, key=read_scene(CARDS[0]).strengths.__getitem__) == "sad"
    assert "happy" in read_scene(CARDS[4]).strengths and "sad" not in read_scene(CARDS[4]).strengths


def test_a_usual_picture_says_next_to_nothing() -> None:
    ordinary = read_scene(card(140, 115, 88))
    assert ordinary.confidence < 0.1 and sum(ordinary.strengths.values()) < 0.3


def test_objects_that_decide_are_told() -> None:
    scene = next(scene for scene in draw_scenes(50, 9, frozenset()) if "child" in scene.pair)
    felt = read_scene(scene.picture, lambda picture: scene.objects)
    assert felt.confidence <= OBJECTS_TRUST
    assert any(f"'{name}'" in felt.why for name in scene.pair) and "never checked" in felt.why


def test_unknown_objects_are_passed_over_and_told() -> None:
    unknown, known = SceneObject("stapler", 0.9, (0.1, 0.1, 0.3, 0.3)), SceneObject("dog", 0.9, (0.5, 0.5, 0.7, 0.7))
    assert "1 of 1 objects unknown" in read_scene(CARDS[0], lambda picture: [unknown]).why
    assert "1 of 2 objects unknown" in read_scene(CARDS[0], lambda picture: [unknown, known]).why
    half = read_scene(CARDS[0], lambda picture: [unknown, known]).confidence
    assert half < read_scene(CARDS[0], lambda picture: [known]).confidence


def test_a_scene_and_a_face_that_disagree_are_a_remark() -> None:
    sad = Feeling(mix(sad=0.8).weights, 0.8, 0.2, "dark")
    line = remark(sad, mix(happy=0.8), "face in it")
    assert line is not None and line.startswith("sad backdrop, happy face in it") and "0.20" in line
    assert remark(replace(sad, confidence=0.1), mix(happy=0.8), "speaker") is None
    assert remark(sad, mix(sad=0.5), "speaker") is None and remark(sad, Feeling(), "speaker") is None


def test_names_of_pictures_are_ours() -> None:
    assert set(AS_OURS) == set(MIKELS.names)
    awe = feeling_of(np.eye(8)[MIKELS.names.index("awe")].tolist(), 0.2, "stars")
    assert awe.strengths == pytest.approx({"happy": 0.4, "surprised": 0.6})
    assert (awe.confidence, awe.why) == (0.2, "stars")

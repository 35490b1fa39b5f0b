"""The network without torch, and what must hold for any order of objects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dicetalk.data.drawn_scenes import DrawnScene, draw_scenes
from dicetalk.errors import CheckpointError
from dicetalk.scene.graph import Read, open_graph, shipped_graph
from dicetalk.scene.light import light_of
from dicetalk.scene.objects import looks_of
from dicetalk.scene.words import number_of

SCENES = [*draw_scenes(60, seed=77, apart=frozenset())]


def read(scene: DrawnScene, order: list[int] | None = None) -> Read:
    objects = [scene.objects[index] for index in order or range(len(scene.objects))]
    words = np.array([number_of(some.name) for some in objects])
    return shipped_graph()(light_of(scene.picture), words, looks_of(scene.picture, objects))


def test_it_tells_what_drawn_scenes_make_one_feel() -> None:
    assert np.mean([read(scene).shares.argmax() == scene.label for scene in SCENES]) > 0.7


def test_shares_attention_and_edges_add_up() -> None:
    found = read(SCENES[0])
    assert found.shares.sum() == pytest.approx(1) and found.attention.sum() == pytest.approx(1)
    assert found.edges.sum(1) == pytest.approx(1)


def test_the_order_of_objects_changes_nothing() -> None:
    scene = SCENES[0]
    order = [*range(len(scene.objects))][::-1]
    one, other = read(scene), read(scene, order)
    np.testing.assert_allclose(one.shares, other.shares, atol=1e-12)
    np.testing.assert_allclose(one.attention[order], other.attention, atol=1e-12)


def test_the_two_that_touch_are_told_together() -> None:
    def touching(scene: DrawnScene) -> bool:
        edges = read(scene).edges * (1 - np.eye(len(scene.objects)))
        return {scene.objects[index].name for index in np.unravel_index(edges.argmax(), edges.shape)} == scene.pair

    assert np.mean([touching(scene) for scene in SCENES]) > 0.8


def test_a_folder_that_holds_no_network(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        open_graph(tmp_path)
    (tmp_path / "config.json").write_text('{"kind": "scene", "version": 1, "names": ["joy"]}')
    with pytest.raises(CheckpointError, match="other emotions"):
        open_graph(tmp_path)

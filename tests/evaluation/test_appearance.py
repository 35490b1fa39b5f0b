"""What networks make of frames: they get what they expect, in order, once for a clip."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_graphs import mean_graph, sync_graph

from dicetalk.arrays import Picture
from dicetalk.errors import CheckpointError
from dicetalk.evaluation.appearance import FACE_SIDE, PLACES, Networks, evenly, frames_of, look, upright
from dicetalk.evaluation.footage import read_footage
from dicetalk.media import read_video


def test_frames_are_spread_evenly() -> None:
    assert sorted(evenly(10, 2)) == [2, 7]
    assert sorted(evenly(3, 8)) == [0, 1, 2]


@pytest.mark.parametrize(("turn", "scale"), [(0.0, 1.0), (0.5, 0.7), (-1.0, 2.5)])
def test_a_face_is_laid_upright_where_networks_expect_it(turn: float, scale: float) -> None:
    spin = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (PLACES - PLACES.mean(0)) @ spin.T + [300, 250]
    frame = np.zeros((500, 600, 3), np.uint8)
    for x, y in points:
        cv2.circle(frame, (round(x), round(y)), max(2, round(4 * scale)), (255, 255, 255), -1)
    laid = upright(frame, points)
    assert laid.shape == (FACE_SIDE, FACE_SIDE, 3)
    for x, y in PLACES:
        assert laid[round(y), round(x), 0] > 200
    assert laid[30, 56, 0] < 50  # between the eyes


def test_every_network_gets_what_it_takes(talking: Path, tmp_path: Path) -> None:
    networks = Networks(
        fid=mean_graph(tmp_path / "fid.onnx", 299, 299),
        fvd=mean_graph(tmp_path / "fvd.onnx", 16, 224, 224),
        face=mean_graph(tmp_path / "face.onnx", 112, 112),
        sync=sync_graph(tmp_path / "sync.onnx"),
    )
    networks.check()
    found = look(read_footage(talking, "clip"), networks)
    assert found.pictures is not None and found.pictures.shape == (16, 3)
    assert found.films is not None and found.films.shape == (1, 3)
    assert found.faces is not None and found.faces.shape == (8, 3)
    np.testing.assert_allclose(np.linalg.norm(found.faces, axis=1), 1, rtol=1e-5)
    assert found.sync is None  # 1.2 s is too short for it
    shown: list[Picture] = list(read_video(talking, fps=25))
    np.testing.assert_allclose(found.films[0], np.mean(shown[:16], axis=(0, 1, 2)), atol=1)


def test_without_networks_nothing_is_read(talking: Path) -> None:
    found = look(read_footage(talking, "clip"), Networks())
    assert (found.pictures, found.films, found.faces, found.sync) == (None, None, None, None)


def test_frames_for_judges_are_as_they_are(talking: Path) -> None:
    shown: list[Picture] = list(read_video(talking, fps=25))
    for frame, number in zip(frames_of(read_footage(talking, "clip"), 3), (5, 15, 25), strict=True):
        np.testing.assert_array_equal(frame, shown[number])


def test_networks_are_loaded_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"nothing")
    with pytest.raises(CheckpointError):
        Networks(face=tmp_path / "net.onnx").check()

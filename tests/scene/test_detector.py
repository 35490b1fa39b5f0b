"""Detectors that somebody has: two kinds of outputs, and files that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from dicetalk.errors import CheckpointError, ConfigError, MediaError
from dicetalk.scene.detector import OnnxDetector, open_detector

NAMES = ("dog", "cake", "knife")
PICTURE = np.full((32, 64, 3), 90, np.uint8)
"""Half as high as wide: in a square of 64 pixels it lies at the top."""


def graph(path: Path, outputs: dict[str, NDArray[Any]], takes: list[int | str], kind: int = TensorProto.FLOAT) -> Path:
    """A network that gives the same whatever it is shown."""
    types = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64}
    gives = [helper.make_tensor_value_info(name, types[values.dtype], values.shape) for name, values in outputs.items()]
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values))
        for name, values in outputs.items()
    ]
    made = helper.make_graph(nodes, "tiny", [helper.make_tensor_value_info("images", kind, takes)], gives)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def boxes_labels_scores() -> dict[str, NDArray[Any]]:
    boxes = np.array([[0, 0, 32, 32], [1, 0, 32, 31], [32, 16, 64, 32], [0, 0, 9, 9]], np.float32)
    scores = np.array([0.9, 0.8, 0.7, 0.1], np.float32)
    return {"labels": np.array([0, 0, 1, 2]), "boxes": boxes, "scores": scores}


def middles_and_shares() -> dict[str, NDArray[Any]]:
    rows = np.zeros((1, 4 + len(NAMES), 20), np.float32)
    rows[0, :4, 0], rows[0, 4, 0] = (16, 16, 32, 32), 0.9
    rows[0, :4, 1], rows[0, 4, 1] = (17, 16, 32, 32), 0.8
    rows[0, :4, 2], rows[0, 5, 2] = (48, 24, 32, 16), 0.7
    return {"output0": rows}


@pytest.mark.parametrize(
    ("outputs", "takes"),
    [(boxes_labels_scores(), [3, 64, 64]), (middles_and_shares(), [1, 3, 64, 64]),
     ({"out": middles_and_shares()["output0"].transpose(0, 2, 1).copy()}, [1, 3, 64, 64])],
)  # fmt: skip
def test_objects_are_found_where_they_are(
    outputs: dict[str, NDArray[Any]], takes: list[int | str], tmp_path: Path
) -> None:
    (tmp_path / "names.txt").write_text("dog\n cake \n\nknife\n")
    found = open_detector(graph(tmp_path / "d.onnx", outputs, takes), tmp_path / "names.txt")(PICTURE)
    assert [(some.name, round(some.score, 2)) for some in found] == [("dog", 0.9), ("cake", 0.7)]
    assert found[0].box == pytest.approx((0, 0, 0.5, 1))
    assert found[1].box == pytest.approx((0.5, 0.5, 1, 1))


def test_nothing_found_is_no_error(tmp_path: Path) -> None:
    empty = {name: values[:0] for name, values in boxes_labels_scores().items()}
    assert OnnxDetector(graph(tmp_path / "d.onnx", empty, [1, 3, 64, 64]), NAMES)(PICTURE) == []


def test_networks_that_are_no_detectors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected one picture"):
        OnnxDetector(graph(tmp_path / "a.onnx", boxes_labels_scores(), [1, 10]), NAMES)(PICTURE)
    with pytest.raises(ConfigError, match="expected one picture"):
        OnnxDetector(graph(tmp_path / "b.onnx", boxes_labels_scores(), [1, 3, 64, 64], TensorProto.INT64), NAMES)(
            PICTURE
        )
    with pytest.raises(ConfigError, match="for the 4 names given"):
        OnnxDetector(graph(tmp_path / "c.onnx", middles_and_shares(), [1, 3, 64, 64]), (*NAMES, "bird"))(PICTURE)
    with pytest.raises(ConfigError, match="class 1, and 1 names"):
        OnnxDetector(graph(tmp_path / "d.onnx", boxes_labels_scores(), [1, 3, 64, 64]), ("dog",))(PICTURE)


def test_files_that_are_none(tmp_path: Path) -> None:
    names, good = tmp_path / "names.txt", graph(tmp_path / "d.onnx", boxes_labels_scores(), [1, 3, 64, 64])
    for held in (b"\n \n", b"\xff\xfe\x00"):
        names.write_bytes(held)
        with pytest.raises(ConfigError, match="holds no names"):
            open_detector(good, names)
    names.write_bytes(b"")
    for path in (names, tmp_path / "none.txt"):
        with pytest.raises(MediaError, match=path.name):
            open_detector(good, path)
    names.write_text("dog")
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    for path in (tmp_path / "bad.onnx", tmp_path / "none.onnx"):
        with pytest.raises(CheckpointError, match="cannot be loaded"):
            open_detector(path, names)

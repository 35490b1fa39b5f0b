"""Graphs that stand in for published networks: they take what those take, and give a mean."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def mean_graph(path: Path, *sides: int, kind: int = TensorProto.FLOAT) -> Path:
    """Takes (N, 3, *sides), gives the mean of each colour, (N, 3)."""
    takes = helper.make_tensor_value_info("x", kind, ["N", 3, *sides])
    gives = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])
    nodes = [
        helper.make_node("Cast", ["x"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["real"], ["y"], axes=list(range(2, 2 + len(sides))), keepdims=0),
    ]
    return _written(path, nodes, [takes], [gives])


def sync_graph(path: Path) -> Path:
    """Takes sound (N, 1, 13, 20) and faces (N, 3, 5, 224, 224), gives the mean of each, (N, 1)."""
    takes = [
        helper.make_tensor_value_info("sound", TensorProto.FLOAT, ["N", 1, 13, 20]),
        helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["N", 3, 5, 224, 224]),
    ]
    gives = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 1]) for name in ("heard", "seen")]
    nodes = [
        helper.make_node("ReduceMean", ["sound"], ["loud"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["faces"], ["bright"], axes=[1, 2, 3, 4], keepdims=0),
        helper.make_node("Identity", ["loud"], ["heard"]),
        helper.make_node("Reshape", ["bright", "column"], ["seen"]),
    ]
    column = helper.make_tensor("column", TensorProto.INT64, [2], [-1, 1])
    return _written(path, nodes, takes, gives, [column])


def _written(path: Path, nodes: list, takes: list, gives: list, constants: list | None = None) -> Path:  # type: ignore[type-arg]
    graph = helper.make_graph(nodes, "tiny", takes, gives, constants or [])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path

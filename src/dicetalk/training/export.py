"""A trained embedder as an ONNX graph. The weights stay in their file: the graph says where in it each of them lies."""

from __future__ import annotations

import json
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx_ir
import torch
from onnx_ir.passes.common import (
    ClearMetadataAndDocStringPass,
    CommonSubexpressionEliminationPass,
    IdentityEliminationPass,
)
from torch import Tensor, nn

from dicetalk.emotion.embedder import EmotionEmbedder
from dicetalk.emotion.embedding import GRAPH
from dicetalk.emotion.space import WEIGHTS
from dicetalk.files import whole

LENGTH_BYTES = 8
"""At the start of a safetensors file: the length of its header."""


class _WholeClip(nn.Module):
    """The embedder as it is used: no frame is padding."""

    def __init__(self, embedder: EmotionEmbedder) -> None:
        super().__init__()
        self.embedder = embedder

    def forward(self, speech: Tensor, motion: Tensor, heard: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """`(1, T, 85)`, `(1, T, 58)`, `(1,)`, `(1,)` -> mean and variance `(1, D)`."""
        inside = torch.ones(speech.shape[:2], dtype=torch.bool)
        found = self.embedder(speech, motion, inside, heard, seen)
        return found.mean, found.variance


def export_embedder(net: EmotionEmbedder, folder: Path) -> Path:
    """Write an embedder's graph beside its weights, in one move.

    Args:
        net: in evaluation mode, on the processor.
        folder: holds its weights, as `modules.save_tensors` wrote them.

    Returns:
        The path of the graph.
    """
    model = _traced(net)
    _tidy(model)
    _refer(model, folder / WEIGHTS)
    written = onnx_ir.to_proto(model)
    del written.graph.value_info[:]  # shapes in between, which onnxruntime finds itself
    graph = folder / GRAPH
    with whole(graph) as hidden:
        hidden.write_bytes(written.SerializeToString(deterministic=True))
    return graph


def _traced(net: EmotionEmbedder) -> onnx_ir.Model:
    """The graph of a network, its weights as they are: optimising would store transposed ones."""
    example = (
        torch.zeros(1, 24, net.sizes.speech),
        torch.zeros(1, 24, net.sizes.motion),
        torch.ones(1, dtype=torch.bool),
        torch.ones(1, dtype=torch.bool),
    )
    frames = torch.export.Dim("frames", min=2)
    with _silent():
        program = torch.onnx.export(
            _WholeClip(net),
            example,
            dynamo=True,
            optimize=False,
            verbose=False,
            input_names=["speech", "motion", "heard", "seen"],
            output_names=["mean", "variance"],
            dynamic_shapes=({1: frames}, {1: frames}, None, None),
        )
    assert program is not None
    return program.model


@contextmanager
def _silent() -> Iterator[None]:
    """Without the exporter's words about packages it does without and about names it does not use."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)


def _tidy(model: onnx_ir.Model) -> None:
    """Take out what is there twice, and what tells of the machine: where in which file each node was made."""
    for tidy in (
        ClearMetadataAndDocStringPass(),
        CommonSubexpressionEliminationPass(),
        IdentityEliminationPass(),
    ):
        tidy(model)


def _refer(model: onnx_ir.Model, weights: Path) -> None:
    """Take the weights out of a graph and say instead where they lie in a safetensors file."""
    places = _places(weights)
    for name, value in model.graph.initializers.items():
        tensor = value.const_value
        assert tensor is not None
        start, length = places[name.removeprefix("embedder.")]
        shape = onnx_ir.Shape(tensor.shape.numpy())
        value.const_value = onnx_ir.ExternalTensor(
            weights.name, start, length, tensor.dtype, shape=shape, name=name, base_dir=weights.parent
        )


def _places(weights: Path) -> dict[str, tuple[int, int]]:
    """Of each tensor of a safetensors file where it starts and how long it is [bytes]."""
    with weights.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(LENGTH_BYTES))
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    spans = {name: told["data_offsets"] for name, told in header.items()}
    return {name: (LENGTH_BYTES + size + start, end - start) for name, (start, end) in spans.items()}

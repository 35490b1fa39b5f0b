"""A trained embedder as an ONNX graph. The weights stay in their file: the graph says where in it each of them lies."""

from __future__ import annotations

import json
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx_ir
import torch
from onnx_ir.passes.common import (
    ClearMetadataAndDocStringPass,
    CommonSubexpressionEliminationPass,
    IdentityEliminationPass,
)
from torch import Tensor, nn

from dicetalk.emotion.embedder import EmotionEmbedder
from dicetalk.emotion.embedding import GRAPH, HEARING_GRAPH, HEARING_WEIGHTS
from dicetalk.emotion.space import WEIGHTS
from dicetalk.files import whole
from dicetalk.speech.phone_network import PhoneNetwork, as_rows
from dicetalk.speech.phonetics import BANDS

LENGTH_BYTES = 8
"""At the start of a safetensors file: the length of its header."""


class _Reading(nn.Module):
    """The embedder as it is used, its voice already tokens: no frame is padding."""

    def __init__(self, embedder: EmotionEmbedder) -> None:
        super().__init__()
        self.embedder = embedder

    def forward(self, voice: Tensor, motion: Tensor, heard: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """`(1, L, inner)`, `(1, T, 58)`, `(1,)`, `(1,)` -> mean and variance `(1, D)`."""
        inside = torch.ones(motion.shape[:2], dtype=torch.bool)
        found = self.embedder.read(voice, motion, inside, heard, seen)
        return found.mean, found.variance


class _Hearing(nn.Module):
    """What hears, as it is used."""

    def __init__(self, hearing: nn.Module) -> None:
        super().__init__()
        self.hearing = hearing

    def forward(self, speech: Tensor) -> Tensor:
        """`(1, T, C)` -> tokens `(1, L, inner)`."""
        tokens: Tensor = self.hearing(speech, torch.ones(speech.shape[:2], dtype=torch.bool))
        return tokens


def export_embedder(net: EmotionEmbedder, folder: Path) -> None:
    """Write an embedder's graph beside its weights, in one move.

    Args:
        net: in evaluation mode, on the processor.
        folder: holds its weights, as `modules.save_tensors` wrote them.
    """
    tokens = 24 // net.sizes.stride
    example = (
        torch.zeros(1, tokens, net.sizes.inner),
        torch.zeros(1, tokens * net.sizes.stride, net.sizes.motion),
        torch.ones(1, dtype=torch.bool),
        torch.ones(1, dtype=torch.bool),
    )
    count = torch.export.Dim("tokens", min=1)
    shapes = ({1: count}, {1: net.sizes.stride * count}, None, None)
    graph = _traced(_Reading(net), example, shapes, ["voice", "motion", "heard", "seen"], ["mean", "variance"])
    _write(graph, folder / GRAPH, folder / WEIGHTS, "embedder.")


def export_hearing(net: EmotionEmbedder, folder: Path) -> None:
    """Write the graph of what hears beside its weights, in one move; arguments as `export_embedder`."""
    example = (torch.zeros(1, 24, net.sizes.speech),)
    graph = _traced(_Hearing(net.hearing), example, ({1: torch.export.Dim("frames", min=2)},), ["speech"], ["voice"])
    _write(graph, folder / HEARING_GRAPH, folder / HEARING_WEIGHTS, "hearing.")


class _Phones(nn.Module):
    """The front end as it is used."""

    def __init__(self, net: PhoneNetwork) -> None:
        super().__init__()
        self.net = net

    def forward(self, bands: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """`(1, T, 64)`, `(1, S)` -> rows `(1, T, 26)`, `(1, S)`."""
        logits, after = self.net(bands, past)
        return as_rows(logits), after


def export_phones(net: PhoneNetwork, graph: Path, weights: Path) -> None:
    """Write the front end's graph, in one move; `weights` is its file, beside it."""
    example = torch.zeros(1, 24, BANDS), net.nothing(1)
    shapes = ({1: torch.export.Dim("hops", min=1)}, None)
    _write(_traced(_Phones(net), example, shapes, ["bands", "past"], ["rows", "after"]), graph, weights, "net.")


def _write(model: onnx_ir.Model, graph: Path, weights: Path, prefix: str) -> None:
    _tidy(model)
    _refer(model, weights, prefix)
    written = onnx_ir.to_proto(model)
    del written.graph.value_info[:]  # shapes in between, which onnxruntime finds itself
    with whole(graph) as hidden:
        hidden.write_bytes(written.SerializeToString(deterministic=True))


def _traced(
    net: nn.Module, example: tuple[Tensor, ...], shapes: Any, inputs: list[str], outputs: list[str]
) -> onnx_ir.Model:
    """The graph of a network, its weights as they are: optimising would store transposed ones."""
    with _silent():
        program = torch.onnx.export(
            net,
            example,
            dynamo=True,
            optimize=False,
            verbose=False,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=shapes,
        )
    assert program is not None
    model = program.model
    if model.producer_version is not None:  # by a build for a GPU as by one without: 2.13.0+cpu
        model.producer_version = model.producer_version.partition("+")[0]
    return model


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


def _refer(model: onnx_ir.Model, weights: Path, prefix: str) -> None:
    """Take the weights out of a graph and say instead where they lie in a safetensors file."""
    places = _places(weights)
    for name, value in model.graph.initializers.items():
        tensor = value.const_value
        assert tensor is not None
        start, length = places[name.removeprefix(prefix)]
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

"""Trained networks as ONNX graphs. The weights stay in their file: the graph says where in it each of them lies."""

from __future__ import annotations

import json
import logging
import shutil
import struct
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
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

from dicetalk.diffusion.channels import AHEAD, BACK, MEMORY, MOTION, RESTING, SCALES
from dicetalk.diffusion.checkpoint import BANK, DENOISER, PARTS
from dicetalk.diffusion.model import MotionDenoiser, Told
from dicetalk.emotion.bank import EmotionBank
from dicetalk.emotion.embedder import EmotionEmbedder
from dicetalk.emotion.embedding import GRAPH, HEARING_GRAPH, HEARING_WEIGHTS
from dicetalk.emotion.space import WEIGHTS
from dicetalk.files import whole
from dicetalk.speech.phone_network import PhoneNetwork, as_rows
from dicetalk.speech.phonetics import BANDS
from dicetalk.speech.stream import BLOCK, SPEECH

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
    _write(graph, folder / GRAPH, {"embedder.": folder / WEIGHTS})


def export_hearing(net: EmotionEmbedder, folder: Path) -> None:
    """Write the graph of what hears beside its weights, in one move; arguments as `export_embedder`."""
    example = (torch.zeros(1, 24, net.sizes.speech),)
    graph = _traced(_Hearing(net.hearing), example, ({1: torch.export.Dim("frames", min=2)},), ["speech"], ["voice"])
    _write(graph, folder / HEARING_GRAPH, {"hearing.": folder / HEARING_WEIGHTS})


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
    _write(_traced(_Phones(net), example, shapes, ["bands", "past"], ["rows", "after"]), graph, {"net.": weights})


class _Speech(nn.Module):
    """What speech leaves to be read."""

    def __init__(self, net: MotionDenoiser) -> None:
        super().__init__()
        self.net = net

    def forward(self, rows: Tensor) -> Tensor:
        """`(1, 1, S)` -> `(1, Y / 2 + 1, 1, 2 D)`."""
        return self.net.speech_memory(rows)


class _Emotion(nn.Module):
    """What an emotion leaves to be read."""

    def __init__(self, net: MotionDenoiser, bank: EmotionBank) -> None:
        super().__init__()
        self.net, self.bank = net, bank

    def forward(self, prior: Tensor) -> Tensor:
        """`(1, 256)` -> `(1, Y / 2, L, 2 D)`."""
        return self.net.emotion_memory(self.bank(prior[None])[:, 0])


class _Condition(nn.Module):
    """What holds for a whole clip."""

    def __init__(self, net: MotionDenoiser) -> None:
        super().__init__()
        self.net = net

    def forward(self, level: Tensor, resting: Tensor, scales: Tensor) -> Tensor:
        """`(K,)`, `(K, 52)`, `(K, 2)` -> `(K, D)`."""
        return self.net.condition(level, resting, scales)


class _Motion(nn.Module):
    """All steps from noise to the motion of a block (Euler's method on the straight path)."""

    def __init__(self, net: MotionDenoiser, levels: Sequence[float]) -> None:
        super().__init__()
        self.net, self.levels = net, levels

    def forward(
        self, noise: Tensor, speech: Tensor, emotion: Tensor, conditions: Tensor, past: Tensor, gone: Tensor
    ) -> tuple[Tensor, Tensor]:
        """As `diffusion.stream` calls it: `(1, N, 58)` motion, `(K, Y, N, 2 D)` what later blocks need."""
        count, own = noise.shape[1], []
        tokens = emotion.shape[2] // count
        feels = torch.eye(count, dtype=torch.bool).repeat_interleave(tokens, 1)[None]
        motion, near = noise, self.net.near(speech)
        for step, (level, following) in enumerate(pairwise(self.levels)):
            told = Told(speech, near, emotion, feels, conditions[step : step + 1], past[step : step + 1], gone)
            clean, _, kept = self.net(motion, torch.tensor([level]), told)
            own.append(kept)
            motion = clean + (motion - clean) * (following / level)
        return motion, torch.cat(own)


def export_motion(net: MotionDenoiser, bank: EmotionBank, levels: Sequence[float], folder: Path) -> None:
    """Write the graphs of a motion model beside its weights, in one move each.

    Args:
        net: in evaluation mode, on the processor.
        bank: the same.
        levels: of noise, from 1 to 0, through which motion is made.
        folder: holds the weights of both in numbers of 16 bits.
    """
    layers, width, steps = net.sizes.layers, net.sizes.width, len(levels) - 1
    files = {"net.": folder / DENOISER, "bank.": folder / BANK}
    rows, prior = torch.zeros(1, 1, SPEECH), torch.zeros(1, net.sizes.bank.prior)
    conditions = torch.zeros(steps), torch.zeros(steps, RESTING), torch.ones(steps, SCALES)
    block = (
        torch.zeros(1, BLOCK, MOTION), torch.zeros(1, layers // 2 + 1, BACK + BLOCK + AHEAD, 2 * width),
        torch.zeros(1, layers // 2, BLOCK * net.sizes.bank.tokens, 2 * width), torch.zeros(steps, width),
        torch.zeros(steps, layers, MEMORY, 2 * width), torch.zeros(MEMORY, dtype=torch.bool),
    )  # fmt: skip
    told: tuple[tuple[str, nn.Module, tuple[Tensor, ...], list[str], list[str]], ...] = (
        ("speech", _Speech(net), (rows,), ["rows"], ["memory"]),
        ("emotion", _Emotion(net, bank), (prior,), ["prior"], ["memory"]),
        ("condition", _Condition(net), conditions, ["level", "resting", "scales"], ["condition"]),
        ("motion", _Motion(net, levels), block,
         ["noise", "speech", "emotion", "conditions", "past", "gone"], ["motion", "own"]),
    )  # fmt: skip
    for name, part, example, inputs, outputs in told:
        _write(_traced(part, example, None, inputs, outputs), folder / f"{name}.onnx", files)


def take_motion(start: Path, folder: Path) -> bool:
    """Copy the graphs of a motion model to weights that lie in their files just as its own do; gives whether they do.

    A graph says where each of its weights begins in a file, and nothing else of them.
    """
    if any(_header(start / file) != _header(folder / file) for file in (DENOISER, BANK)):
        return False
    for part in PARTS:
        with whole(folder / f"{part}.onnx") as hidden:
            shutil.copyfile(start / f"{part}.onnx", hidden)
    return True


def _header(weights: Path) -> bytes:
    """What a safetensors file says of its tensors, and where they lie."""
    with weights.open("rb") as file:
        size = file.read(LENGTH_BYTES)
        return size + file.read(*struct.unpack("<Q", size))


def _write(model: onnx_ir.Model, graph: Path, files: Mapping[str, Path]) -> None:
    """Write a graph whose weights lie in files, by what their names in it begin with."""
    _tidy(model)
    _refer(model, files)
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


def _refer(model: onnx_ir.Model, files: Mapping[str, Path]) -> None:
    """Take the weights out of a graph and say instead where they lie in safetensors files."""
    places = {prefix: _places(file) for prefix, file in files.items()}
    for name, value in list(model.graph.initializers.items()):
        prefix = next((each for each in files if name.startswith(each)), None)
        if prefix is None:
            continue  # a constant of the graph itself
        tensor, found = value.const_value, places[prefix][name.removeprefix(prefix)]
        assert tensor is not None
        shape, file = onnx_ir.Shape(tensor.shape.numpy()), files[prefix]
        kind = onnx_ir.DataType.FLOAT16 if found.half else tensor.dtype
        outside = onnx_ir.ExternalTensor(
            file.name, found.start, found.length, kind, shape=shape, name=name, base_dir=file.parent
        )
        if found.half:
            _read_as_float(model.graph, value, outside)
        else:
            value.const_value = outside


def _read_as_float(graph: onnx_ir.Graph, value: onnx_ir.Value, half: onnx_ir.ExternalTensor) -> None:
    """Let a graph read a weight that is kept in 16 bits; whoever runs it turns it once, when it is loaded."""
    kept = onnx_ir.Value(name=f"{value.name}.half", shape=half.shape, const_value=half)
    kept.dtype = half.dtype
    cast = onnx_ir.node("Cast", [kept], {"to": onnx_ir.DataType.FLOAT.value})
    cast.outputs[0].name, cast.outputs[0].dtype, cast.outputs[0].shape = (
        f"{value.name}.float",
        onnx_ir.DataType.FLOAT,
        half.shape,
    )
    value.replace_all_uses_with(cast.outputs[0])
    del graph.initializers[str(value.name)]
    graph.initializers.add(kept)
    graph.insert_before(graph[0], cast)


@dataclass(frozen=True)
class _Place:
    """Where a tensor lies in a safetensors file, how long it is [bytes], and whether its numbers have 16 bits."""

    start: int
    length: int
    half: bool


def _places(weights: Path) -> dict[str, _Place]:
    """Of each tensor of a safetensors file where it lies."""
    with weights.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(LENGTH_BYTES))
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    begin = LENGTH_BYTES + size
    return {
        name: _Place(
            begin + told["data_offsets"][0], told["data_offsets"][1] - told["data_offsets"][0], told["dtype"] == "F16"
        )
        for name, told in header.items()
    }

"""Make `src/dicetalk/weights/face/`: the networks that read faces, as ONNX, from two wheels on PyPI.

    pip install onnx tflite flatbuffers torch
    pip download --no-deps mediapipe==0.10.21 facenet-pytorch==2.6.0 -d wheels/
    python tools/convert_face_models.py wheels/

Of MediaPipe's wheel the face mesh with attention, its triangles and the person's mask (TFLite), of facenet-pytorch's
the three networks of MTCNN (PyTorch). Weights are stored in float16, as MediaPipe has them, and cast when a network is
loaded. Same wheels, same files.
"""

from __future__ import annotations

import ast
import hashlib
import io
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
import onnx
import tflite
import torch
from flatbuffers import flexbuffers
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]

OUT = Path(__file__).resolve().parents[1] / "src" / "dicetalk" / "weights" / "face"
OPSET, IR = 17, 8
"""What onnxruntime 1.20 and later read."""

MESH = "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite"
PERSON = "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite"
CONNECTIONS = "mediapipe/python/solutions/face_mesh_connections.py"
DETECTOR = "facenet_pytorch/data/{}net.pt"
SOURCES = {
    MESH: "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
    CONNECTIONS: "cc7171e44d0612db38720cb2fd2516c395992cdd7457efe341543be6f3c22d87",
    PERSON: "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
}
"""sha256 of what is converted."""


def main() -> None:
    """Convert all of them."""
    wheels = [ZipFile(path) for path in sorted(Path(sys.argv[1]).glob("*.whl"))]
    OUT.mkdir(parents=True, exist_ok=True)
    _write("mesh.onnx", mesh(_bytes(wheels, MESH)), "MediaPipe's face mesh with attention (Google, Apache-2.0)")
    _write("person.onnx", person(_bytes(wheels, PERSON)), "MediaPipe's selfie segmentation (Google, Apache-2.0)")
    np.save(OUT / "triangles.npy", triangles(_bytes(wheels, CONNECTIONS)))
    for letter, stage in STAGES.items():
        weights = torch.load(io.BytesIO(_bytes(wheels, DETECTOR.format(letter))), weights_only=True)
        graph = detector(stage, {name: value.numpy() for name, value in weights.items()})
        _write(f"detector_{stage.name}.onnx", graph, f"MTCNN's {stage.name} network, of facenet-pytorch (MIT)")


def _bytes(wheels: Sequence[ZipFile], name: str) -> bytes:
    """A file of one of the wheels; stops where it is missing or is another version."""
    content = next((wheel.read(name) for wheel in wheels if name in wheel.namelist()), None)
    if content is None:
        sys.exit(f"no wheel in {sys.argv[1]} holds {name}; download mediapipe==0.10.21 and facenet-pytorch==2.6.0")
    found = hashlib.sha256(content).hexdigest()
    if SOURCES.get(name) != found:
        sys.exit(f"{name} has sha256 {found}, {SOURCES.get(name)} expected; download the versions named above")
    return content


def _write(name: str, graph: Graph, what: str) -> None:
    model = graph.model(f"Converted from {what}.")
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    (OUT / name).write_bytes(content)
    print(f"{name}  {len(content)} bytes  sha256 {hashlib.sha256(content).hexdigest()}")


@dataclass
class Graph:
    """An ONNX graph that grows node by node; values are known by their names."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    inputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output; its name is returned."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value: Array | np.float32) -> str:
        """An array that is part of the graph."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, *values: int) -> str:
        """(N,) int64, as shapes and axes are given."""
        return self.constant(np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        """A float32 number."""
        return self.constant(np.array(value, np.float32))

    def weight(self, value: Array) -> str:
        """Weights; what is float16 is cast, which onnxruntime does once, when it loads the graph."""
        name = self.constant(value)
        return self.add("Cast", name, to=TensorProto.FLOAT) if value.dtype == np.float16 else name

    def prelu(self, value: str, slope: Array) -> str:
        """x where it is positive, else slope x: in operators that onnxruntime computes faster than PRelu."""
        slopes = self.weight(slope)
        if slope.max() <= 1:
            return self.add("Max", value, self.add("Mul", value, slopes))
        below = self.add("Min", value, self.scalar(0))
        return self.add("Add", self.add("Relu", value), self.add("Mul", below, slopes))

    def slice(self, value: str, start: int, end: int, axis: int) -> str:
        """A part along one axis."""
        return self.add("Slice", value, self.integers(start), self.integers(end), self.integers(axis))

    def reshape(self, value: str, *shape: int) -> str:
        """Another shape."""
        return self.add("Reshape", value, self.integers(*shape))

    def takes(self, name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> str:
        """Declare an input."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def gives(self, name: str, value: str, shape: Sequence[int | str]) -> None:
        """Declare an output."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def model(self, text: str) -> onnx.ModelProto:
        """All of it, as a file holds it."""
        graph = helper.make_graph(self.nodes, "face", self.inputs, self.outputs, self.constants)
        imports = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=imports, producer_name="dicetalk", doc_string=text)
        model.ir_version = IR
        return model


# ---- MTCNN: Zhang et al. 2016, "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks"


@dataclass(frozen=True)
class Stage:
    """One network of the cascade.

    Attributes:
        name: as the paper calls it.
        side: of the square it looks at [px]; None: it slides over a whole picture.
        pools: kernel of the max pooling after each convolution, 0 without one.
        dense: name of the layer after the convolutions, if there is one.
        heads: names of the layers that tell score, box and, in the last network, five points.
    """

    name: str
    side: int | None
    pools: tuple[int, ...]
    dense: str | None
    heads: tuple[str, ...]


STAGES = {
    "p": Stage("proposal", None, (2, 0, 0), None, ("conv4_1", "conv4_2")),
    "r": Stage("refine", 24, (3, 3, 0), "dense4", ("dense5_1", "dense5_2")),
    "o": Stage("output", 48, (3, 3, 2, 0), "dense5", ("dense6_1", "dense6_2", "dense6_3")),
}
SOURCES |= {
    DETECTOR.format("p"): "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
    DETECTOR.format("r"): "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86",
    DETECTOR.format("o"): "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
}


def detector(stage: Stage, weights: dict[str, Array]) -> Graph:
    """One network of MTCNN: pixels in as uint8, log-odds of a face out, its box and points in units of the side."""
    graph = Graph()
    sides: tuple[int | str, int | str] = (stage.side, stage.side) if stage.side else ("height", "width")
    value = _normalised(graph, graph.takes("pixels", ["count", *sides, 3], TensorProto.UINT8))
    for number, pool in enumerate(stage.pools, 1):
        value = _layer(graph, "Conv", value, weights, f"conv{number}")
        value = graph.prelu(value, _half(weights[f"prelu{number}.weight"].reshape(-1, 1, 1)))
        if pool:
            value = graph.add("MaxPool", value, kernel_shape=[pool, pool], strides=[2, 2], ceil_mode=1)
    if stage.dense:
        value = _dense(graph, value, weights, stage)
    _heads(graph, value, weights, stage)
    return graph


def _normalised(graph: Graph, pixels: str) -> str:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) in [-1, 1]."""
    value = graph.add("Transpose", graph.add("Cast", pixels, to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    return graph.add("Mul", graph.add("Sub", value, graph.scalar(127.5)), graph.scalar(1 / 128))


def _half(value: Array) -> Array:
    return np.asarray(value, np.float16)


def _layer(graph: Graph, kind: str, value: str, weights: dict[str, Array], name: str) -> str:
    kernel, bias = (graph.weight(_half(weights[f"{name}.{part}"])) for part in ("weight", "bias"))
    return graph.add(kind, value, kernel, bias) if kind == "Conv" else graph.add(kind, value, kernel, bias, transB=1)


def _dense(graph: Graph, value: str, weights: dict[str, Array], stage: Stage) -> str:
    """The layer over all of the last map, whose weights count its columns first, then rows, then channels."""
    assert stage.dense is not None
    kernel = weights[f"{stage.dense}.weight"]
    channels = len(weights[f"conv{len(stage.pools)}.bias"])
    side = round((kernel.shape[1] / channels) ** 0.5)
    ordered = kernel.reshape(-1, side, side, channels).transpose(0, 3, 2, 1).reshape(kernel.shape)
    flat = graph.add("Flatten", value)
    value = _layer(graph, "Gemm", flat, {**weights, f"{stage.dense}.weight": ordered}, stage.dense)
    return graph.prelu(value, _half(weights[f"prelu{len(stage.pools) + 1}.weight"]))


def _heads(graph: Graph, value: str, weights: dict[str, Array], stage: Stage) -> None:
    """Two scores become the log-odds, their difference; points come as x1 .. x5, y1 .. y5 and leave as pairs."""
    kind = "Gemm" if stage.dense else "Conv"
    score, box, *points = stage.heads
    for part in ("weight", "bias"):
        no, yes = weights[f"{score}.{part}"]
        weights[f"odds.{part}"] = (yes - no)[None]
    odds = _layer(graph, kind, value, weights, "odds")
    if stage.dense:
        graph.gives("odds", graph.reshape(odds, -1), ["count"])
        graph.gives("box", _layer(graph, kind, value, weights, box), ["count", 4])
    else:
        graph.gives("odds", graph.add("Squeeze", odds, graph.integers(1)), ["count", "rows", "columns"])
        boxes = graph.add("Transpose", _layer(graph, kind, value, weights, box), perm=[0, 2, 3, 1])
        graph.gives("box", boxes, ["count", "rows", "columns", 4])
    for name in points:
        pairs = graph.reshape(_layer(graph, kind, value, weights, name), -1, 2, 5)
        graph.gives("points", graph.add("Transpose", pairs, perm=[0, 2, 1]), ["count", 5, 2])


# ---- TFLite, as MediaPipe's files have it


@dataclass(frozen=True)
class Turn:
    """Where the crop around lips or an eye lies: place = (pixel - half) @ turn + middle, in pixels of a map."""

    turn: str
    middle: str
    half: Array


KINDS = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}
DTYPES = {0: np.float32, 1: np.float16, 2: np.int32, 4: np.int64}
FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]
"""Orders of axes that bring channels to the front, as ONNX wants them, and back."""


class Converter:
    """Reads a TFLite file and writes the same network into a `Graph`.

    A value is (name, whether its channels come first). Weights stay as they are in the file.
    """

    def __init__(self, content: bytes) -> None:
        self.model = tflite.Model.GetRootAsModel(content, 0)
        self.file = self.model.Subgraphs(0)
        self.graph = Graph()
        self.values: dict[int, tuple[str, bool]] = {}
        self.turns: dict[int, Turn] = {}
        self.groups: list[list[int]] = []
        self.weights: dict[int, Array] = {}
        source = int(self.file.InputsAsNumpy()[0])
        self.values[source] = (self.graph.takes("input", self.shape(source)), False)
        for number in range(self.file.OperatorsLength()):
            self.convert(self.file.Operators(number))

    @property
    def results(self) -> list[int]:
        """The tensors that the network gives."""
        return [int(tensor) for tensor in self.file.OutputsAsNumpy()]

    def shape(self, tensor: int) -> list[int]:
        """As the file states it, channels last."""
        return [int(length) for length in self.file.Tensors(tensor).ShapeAsNumpy()]

    def constant(self, tensor: int) -> Array:
        """The value of a tensor that is part of the file."""
        if tensor in self.weights:
            return self.weights[tensor]
        entry = self.file.Tensors(tensor)
        content = self.model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
        return np.frombuffer(content, DTYPES[entry.Type()]).reshape(self.shape(tensor))

    def take(self, tensor: int, first: bool) -> str:
        """The name of a value, with its channels first or last."""
        if tensor not in self.values:
            value = self.constant(tensor)
            return self.graph.weight(value.transpose(FIRST) if first and value.ndim == 4 else value)
        name, now = self.values[tensor]
        return name if now == first else self.graph.add("Transpose", name, perm=FIRST if first else LAST)

    def convert(self, operator: Any) -> None:
        """Write one operator."""
        code = self.model.OperatorCodes(operator.OpcodeIndex())
        kind = (code.CustomCode() or b"").decode() or KINDS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = [int(tensor) for tensor in operator.InputsAsNumpy()]
        OPERATORS[kind](self, operator, inputs, int(operator.OutputsAsNumpy()[0]))

    def activated(self, value: str, code: int) -> str:
        """A value after the activation that is part of an operator."""
        if code == tflite.ActivationFunctionType.NONE:
            return value
        assert code == tflite.ActivationFunctionType.RELU, code
        return self.graph.add("Relu", value)


Writer = Callable[[Converter, Any, list[int], int], None]


def _options(operator: Any, kind: Any) -> Any:
    """An operator's options, read as those of a kind."""
    options, table = kind(), operator.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    return options


def _padding(same: bool, length: int, kernel: int, stride: int) -> tuple[int, int]:
    """How much is added before and after, so that ceil(length / stride) results come out."""
    total = max((-(-length // stride) - 1) * stride + kernel - length, 0) if same else 0
    return total // 2, total - total // 2


def _window(options: Any, shape: list[int], kernel: tuple[int, int]) -> dict[str, Any]:
    """Attributes of what slides over a map."""
    same = options.Padding() == tflite.Padding.SAME
    strides = [options.StrideH(), options.StrideW()]
    rows, columns = (_padding(same, shape[axis + 1], kernel[axis], strides[axis]) for axis in (0, 1))
    return {"kernel_shape": kernel, "strides": strides, "pads": [rows[0], columns[0], rows[1], columns[1]]}


def _dequantize(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    """Weights in float16 are kept so."""
    net.weights[output] = net.constant(inputs[0])


def _convolution(net: Converter, operator: Any, inputs: list[int], output: int, *, depthwise: bool) -> None:
    options = _options(operator, tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions)
    assert options.DilationHFactor() == options.DilationWFactor() == 1
    kernel = net.constant(inputs[1]).transpose((3, 0, 1, 2) if depthwise else FIRST)
    shape = net.shape(inputs[0])
    arguments = [net.take(inputs[0], True), net.graph.weight(kernel), net.graph.weight(net.constant(inputs[2]))]
    window = _window(options, shape, kernel.shape[2:])
    value = net.graph.add("Conv", *arguments, group=shape[3] if depthwise else 1, **window)
    net.values[output] = (net.activated(value, options.FusedActivationFunction()), True)


def _pool(net: Converter, operator: Any, inputs: list[int], output: int, *, kind: str) -> None:
    options = _options(operator, tflite.Pool2DOptions)
    window = _window(options, net.shape(inputs[0]), (options.FilterHeight(), options.FilterWidth()))
    net.values[output] = (net.graph.add(kind, net.take(inputs[0], True), **window), True)


def _prelu(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    slope = net.constant(inputs[1]).reshape(-1, 1, 1)
    net.values[output] = (net.graph.prelu(net.take(inputs[0], True), slope), True)


def _unary(net: Converter, operator: Any, inputs: list[int], output: int, *, kind: str) -> None:
    name, first = net.values[inputs[0]]
    net.values[output] = (net.graph.add(kind, name), first)


def _together(net: Converter, inputs: list[int], *, kind: str) -> tuple[str, bool]:
    """Two values, of which one may be part of the file, added or multiplied: maps with their channels first."""
    first = all(len(net.shape(tensor)) == 4 for tensor in inputs)
    return net.graph.add(kind, *(net.take(tensor, first) for tensor in inputs)), first


def _add(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    value, first = _together(net, inputs, kind="Add")
    activation = _options(operator, tflite.AddOptions).FusedActivationFunction()
    net.values[output] = (net.activated(value, activation), first)


def _multiply(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    """Of values; or of a crop's place, whose shift alone is scaled, from a map's pixels to the picture's."""
    if inputs[0] not in net.turns:
        net.values[output] = _together(net, inputs, kind="Mul")
        return
    matrix, turn = net.constant(inputs[1]).reshape(4, 4), net.turns[inputs[0]]
    factor = float(matrix[0, 3])
    assert np.all(matrix[:2, :2] == 1) and matrix[1, 3] == factor
    shifted = net.graph.add("Mul", turn.middle, net.graph.scalar(factor))
    net.turns[output] = Turn(turn.turn, shifted, turn.half * np.float32(factor))


def _pad(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    amounts = net.constant(inputs[1]).astype(np.int64)[FIRST].T.ravel()
    net.values[output] = (net.graph.add("Pad", net.take(inputs[0], True), net.graph.integers(*amounts)), True)


def _reshape(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    net.values[output] = (net.graph.reshape(net.take(inputs[0], False), *net.shape(output)), False)


def _slice(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    options = _options(operator, tflite.StridedSliceOptions)
    assert options.EllipsisMask() == options.NewAxisMask() == options.ShrinkAxisMask() == 0
    start, end, step = (net.constant(tensor).astype(np.int64).copy() for tensor in inputs[1:4])
    for axis in range(len(start)):
        start[axis] = 0 if options.BeginMask() >> axis & 1 else start[axis]
        end[axis] = np.iinfo(np.int64).max if options.EndMask() >> axis & 1 else end[axis]
    lists = (net.graph.integers(*values) for values in (start, end, np.arange(len(start)), step))
    net.values[output] = (net.graph.add("Slice", net.take(inputs[0], False), *lists), False)


def _resize(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    options = _options(operator, tflite.ResizeBilinearOptions)
    corners = "half_pixel" if options.HalfPixelCenters() else "asymmetric"
    mode = "align_corners" if options.AlignCorners() else corners
    _, rows, columns, channels = net.shape(output)
    sizes = net.graph.integers(1, channels, rows, columns)
    value = net.take(inputs[0], True)
    resized = net.graph.add("Resize", value, "", "", sizes, mode="linear", coordinate_transformation_mode=mode)
    net.values[output] = (resized, True)


def _transposed(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    """MediaPipe's own transposed convolution with bias; kernel and stride are 2."""
    kernel = net.constant(inputs[1]).transpose(3, 0, 1, 2)
    assert kernel.shape[2:] == (2, 2)
    weights = (net.graph.weight(kernel), net.graph.weight(net.constant(inputs[2])))
    value = net.graph.add("ConvTranspose", net.take(inputs[0], True), *weights, strides=[2, 2])
    net.values[output] = (value, True)


def _place(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    """MediaPipe's own: where the crop around some landmarks lies, level with the line between two of them."""
    graph, options = net.graph, flexbuffers.Loads(operator.CustomOptionsAsNumpy().tobytes())
    assert options["target_rotation_radians"] == 0
    points = graph.reshape(graph.slice(net.take(inputs[0], False), 0, 2, 2), 468, 2)
    group = [int(index) for index in options["subset_idxs"]]
    right, left, inside = (
        graph.add("Gather", points, graph.integers(*indices), axis=0)
        for indices in ([options["right_rotation_idx"]], [options["left_rotation_idx"]], group)
    )
    level = _level(graph, graph.add("Sub", right, left))
    back = graph.add("Transpose", level, perm=[1, 0])
    turned = graph.add("MatMul", inside, level)
    high, low = (graph.add(kind, turned, axes=[0], keepdims=1) for kind in ("ReduceMax", "ReduceMin"))
    middle = graph.add("MatMul", graph.add("Mul", graph.add("Add", high, low), graph.scalar(0.5)), back)
    size = np.array([[options["output_width"], options["output_height"]]], np.float32)
    factors = np.array([[options["scale_x"], options["scale_y"]]], np.float32) / size
    scale = graph.add("Mul", graph.add("Sub", high, low), graph.constant(factors))
    turn = graph.add("Mul", back, graph.add("Transpose", scale, perm=[1, 0]))
    net.turns[output] = Turn(turn, middle, size / 2)
    net.groups.append(group)


def _level(graph: Graph, along: str) -> str:
    """The matrix (2, 2) that turns points (N, 2), multiplied from the right, until a direction (1, 2) is level."""
    cosine_sine = graph.add("Div", along, graph.add("ReduceL2", along, axes=[1], keepdims=1))
    quarter = graph.constant(np.array([[0, 1], [-1, 0]], np.float32))
    across = graph.add("MatMul", cosine_sine, quarter)
    return graph.add("Transpose", graph.add("Concat", cosine_sine, across, axis=0), perm=[1, 0])


def _crop(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    """MediaPipe's own: a crop of a map, bilinear; what lies outside is zero, without a soft edge."""
    graph, turn = net.graph, net.turns[inputs[1]]
    (_, rows, columns, _), (_, high, wide, _) = net.shape(inputs[0]), net.shape(output)
    grid = np.stack(np.meshgrid(np.arange(wide), np.arange(high)), -1).reshape(-1, 2).astype(np.float32)
    turned = graph.add("MatMul", graph.constant(grid + np.float32(0.5) - turn.half), turn.turn)
    places = graph.add("Sub", graph.add("Add", turned, turn.middle), graph.scalar(0.5))
    last = np.array([[columns - 1, rows - 1]], np.float32)
    inside = _inside(graph, places, last)
    spread = graph.add("Sub", graph.add("Mul", places, graph.constant(2 / last)), graph.scalar(1))
    spots = graph.reshape(spread, 1, high, wide, 2)
    sampled = graph.add("GridSample", net.take(inputs[0], True), spots, align_corners=1, padding_mode="zeros")
    net.values[output] = (graph.add("Mul", sampled, graph.reshape(inside, 1, 1, high, wide)), True)


def _inside(graph: Graph, places: str, last: Array) -> str:
    """1 where a place (N, 2) lies between 0 and the last pixel, else 0: (N,)."""
    above = graph.add("GreaterOrEqual", places, graph.constant(np.zeros((1, 2), np.float32)))
    both = graph.add("And", above, graph.add("LessOrEqual", places, graph.constant(last)))
    return graph.add("ReduceMin", graph.add("Cast", both, to=TensorProto.FLOAT), axes=[1], keepdims=0)


def _landmarks_back(net: Converter, operator: Any, inputs: list[int], output: int) -> None:
    """MediaPipe's own: landmarks of a crop, brought to the picture."""
    graph, turn = net.graph, net.turns[inputs[1]]
    points = graph.reshape(net.take(inputs[0], False), *net.shape(inputs[0])[1:])
    away = graph.add("Sub", points, graph.constant(turn.half))
    placed = graph.add("Add", graph.add("MatMul", away, turn.turn), turn.middle)
    net.values[output] = (graph.reshape(placed, *net.shape(output)), False)


def _with(writer: Callable[..., None], **more: Any) -> Writer:
    return lambda net, operator, inputs, output: writer(net, operator, inputs, output, **more)


OPERATORS: dict[str, Writer] = {
    "DEQUANTIZE": _dequantize,
    "CONV_2D": _with(_convolution, depthwise=False),
    "DEPTHWISE_CONV_2D": _with(_convolution, depthwise=True),
    "MAX_POOL_2D": _with(_pool, kind="MaxPool"),
    "AVERAGE_POOL_2D": _with(_pool, kind="AveragePool"),
    "PRELU": _prelu,
    "RELU": _with(_unary, kind="Relu"),
    "LOGISTIC": _with(_unary, kind="Sigmoid"),
    "HARD_SWISH": _with(_unary, kind="HardSwish"),
    "ADD": _add,
    "MUL": _multiply,
    "PAD": _pad,
    "RESHAPE": _reshape,
    "STRIDED_SLICE": _slice,
    "RESIZE_BILINEAR": _resize,
    "Convolution2DTransposeBias": _transposed,
    "Landmarks2TransformMatrix": _place,
    "TransformTensorBilinear": _crop,
    "TransformLandmarks": _landmarks_back,
}


def person(content: bytes) -> Graph:
    """MediaPipe's selfie segmentation: input (1, 256, 256, 3) -> mask (1, 256, 256)."""
    net = Converter(content)
    net.graph.gives("mask", net.graph.reshape(net.take(net.results[0], False), 1, 256, 256), [1, 256, 256])
    return net.graph


CONTOUR = 16
"""An eye's first landmarks are its contour; an iris has no depth of its own and takes their mean."""


def mesh(content: bytes) -> Graph:
    """MediaPipe's face mesh: input (1, 192, 192, 3) -> landmarks (1, 478, 3) [px] and presence (1,) in [0, 1]."""
    net = Converter(content)
    graph, presence = net.graph, net.take(net.results[-1], False)
    graph.gives("landmarks", _refined(net), [1, 478, 3])
    graph.gives("presence", graph.add("Sigmoid", graph.reshape(presence, 1)), [1])
    return graph


def _refined(net: Converter) -> str:
    """(1, 478, 3): the mesh, with lips, eyes and irises in the plane from their own heads."""
    graph = net.graph
    points = graph.reshape(net.take(net.results[0], False), 468, 3)
    plane, depth = graph.slice(points, 0, 2, 1), graph.slice(points, 2, 3, 1)
    heads = [graph.reshape(net.take(tensor, False), -1, 2) for tensor in net.results[1:6]]
    placed = graph.add("Concat", plane, *heads, axis=0)
    places = graph.add("Gather", placed, graph.integers(*_order(net.groups)), axis=0)
    irises = [_mean(graph, depth, eye[:CONTOUR]) for eye in net.groups[1:]]
    depths = graph.add("Concat", depth, *([irises[0]] * 5), *([irises[1]] * 5), axis=0)
    return graph.reshape(graph.add("Concat", places, depths, axis=1), 1, 478, 3)


def _order(groups: list[list[int]]) -> list[int]:
    """Where each of the 478 landmarks stands when mesh, lips, right eye, left eye, both irises follow each other."""
    order, start = list(range(478)), 468
    for group in (*groups, range(468, 473), range(473, 478)):
        for place, landmark in enumerate(group):
            order[landmark] = start + place
        start += len(group)
    return order


def _mean(graph: Graph, depth: str, landmarks: list[int]) -> str:
    picked = graph.add("Gather", depth, graph.integers(*landmarks), axis=0)
    return graph.add("ReduceMean", picked, axes=[0], keepdims=1)


def triangles(content: bytes) -> Array:
    """(852, 3) int16 triangles of the face mesh, open at mouth and eyes, from the list of its edges."""
    assigned = {node.targets[0].id: node.value for node in ast.parse(content).body if isinstance(node, ast.Assign)}
    edges = {tuple(sorted(edge)) for edge in ast.literal_eval(assigned["FACEMESH_TESSELATION"].args[0])}
    around: dict[int, set[int]] = {}
    for one, other in edges:
        around.setdefault(one, set()).add(other)
        around.setdefault(other, set()).add(one)
    found = {tuple(sorted((*edge, corner))) for edge in edges for corner in around[edge[0]] & around[edge[1]]}
    shared = Counter(edge for triangle in found for edge in combinations(triangle, 2))
    # Two three-cycles beside the nostrils are not faces: a face cannot have three neighbours on each of its edges.
    faces = [triangle for triangle in found if any(shared[edge] != 3 for edge in combinations(triangle, 2))]
    return np.array(sorted(faces), np.int16)


if __name__ == "__main__":
    main()

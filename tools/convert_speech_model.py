"""Make `src/dicetalk/weights/speech/frontend.onnx`: the network that hears how things are said, from a wheel on PyPI.

    pip install onnx
    pip download --no-deps openwakeword==0.4.0 -d wheels/
    python tools/convert_speech_model.py wheels/

The wheel's network takes windows of 0.775 s, one at a time. It has no padding in time, so that it can take a whole
recording instead, in an eighth of the operations: its two reshapes, which fix the length, are taken out. Weights are
stored in float16 and cast when the network is loaded. Same wheel, same file.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = Path(__file__).resolve().parents[1] / "src" / "dicetalk" / "weights" / "speech" / "frontend.onnx"
SOURCE = "openwakeword/resources/models/embedding_model.onnx"
SHA256 = "ba754db3cd768a524c655ea90655ee5e6055a43b8dfd29366a11e93716ae9e51"
BANDS, WIDTH = 32, 96
OPSET, IR = 17, 8
"""What onnxruntime 1.20 and later read."""


def main() -> None:
    """Convert it."""
    model = converted(_source(Path(sys.argv[1])))
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    OUT.write_bytes(content)
    print(f"{OUT.name}  {len(content)} bytes  sha256 {hashlib.sha256(content).hexdigest()}")


def _source(wheels: Path) -> onnx.ModelProto:
    """The network in the wheel; stops where it is missing or is another version."""
    for wheel in sorted(wheels.glob("openwakeword-*.whl")):
        with ZipFile(wheel) as archive:
            content = archive.read(SOURCE) if SOURCE in archive.namelist() else b""
        if hashlib.sha256(content).hexdigest() == SHA256:
            return onnx.load_from_string(content)
    sys.exit(f"no wheel in {wheels} holds the expected {SOURCE}; download openwakeword==0.4.0")


def converted(model: onnx.ModelProto) -> onnx.ModelProto:
    """(1, 1, F, 32) log-mel of any length -> (1, 96, (F - 76) // 8 + 1, 1)."""
    first, last = (node for node in model.graph.node if node.op_type == "Reshape")
    renamed = {first.output[0]: first.input[0], model.graph.input[0].name: "log_mel", last.input[0]: "embedding"}
    nodes, constants, halves = [], [], set()
    for tensor in model.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if tensor.name in (first.input[1], last.input[1]):
            continue
        if tensor.name == "pad_const__6":  # its axes in the order that convolutions take
            value = value[[0, 3, 1, 2, 4, 7, 5, 6]]
        if value.ndim == 4 and value.size > 1:
            halves.add(tensor.name)
            value = value.astype(np.float16)
        constants.append(numpy_helper.from_array(value, tensor.name))
    for name in sorted(halves):
        nodes.append(helper.make_node("Cast", [name], [f"{name}/float"], to=TensorProto.FLOAT))
    for node in model.graph.node:
        if node.op_type == "Reshape":
            continue
        inputs = [
            f"{name}/float" if name in halves else renamed.get(renamed.get(name, name), renamed.get(name, name))
            for name in node.input
        ]
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        del copy.input[:], copy.output[:]
        copy.input.extend(inputs)
        copy.output.extend(renamed.get(name, name) for name in node.output)
        nodes.append(copy)
    given = helper.make_tensor_value_info("log_mel", TensorProto.FLOAT, (1, 1, "frames", BANDS))
    found = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, (1, WIDTH, "windows", 1))
    graph = helper.make_graph(nodes, "speech_embedding", [given], [found], constants)
    told = "Converted from Google's speech_embedding (Apache-2.0), as openwakeword 0.4.0 has it."
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, doc_string=told)


if __name__ == "__main__":
    main()

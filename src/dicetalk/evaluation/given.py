"""Published networks that a user has, loaded by path: graphs of ONNX or TorchScript.

ONNX is data. TorchScript is code that runs, and its source must be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicetalk.errors import CheckpointError, require
from dicetalk.files import existing_file
from dicetalk.networks import open_network

Run = Callable[[Sequence[NDArray[Any]]], list[NDArray[Any]]]
"""Takes the inputs in order, gives the outputs in order."""

ONNX, TORCHSCRIPT = (".onnx",), (".pt", ".pth", ".torchscript", ".ts")
FEATURES = ("rescale", "resize", "return_features")
"""Switches of published graphs: numbers of 0 to 255 are taken, at any size, and features are given, not classes."""


def open_given(path: Path) -> Run:
    """A network, loaded once in a process. One of TorchScript is a program: open none that is not trusted.

    Raises:
        MediaError: no such file.
        CheckpointError: another suffix, or it holds no such graph.
        MissingExtraError: TorchScript without torch.
    """
    existing_file(path)
    if path.suffix.lower() in ONNX:
        return _onnx(path)
    if path.suffix.lower() in TORCHSCRIPT:
        return _torchscript(path.resolve())
    raise CheckpointError(
        f"{path} is no graph; expected {', '.join((*ONNX, *TORCHSCRIPT))} (export the network to one)"
    )


def _onnx(path: Path) -> Run:
    network = open_network(path)
    takes = {stream.name: stream.type for stream in network.session.get_inputs()}

    def run(inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        _check_count(path, len(takes), len(inputs))
        given = {name: _as_typed(value, kind) for (name, kind), value in zip(takes.items(), inputs, strict=True)}
        try:
            found = network.run(None, given)
        except CheckpointError:
            raise
        except Exception as error:  # onnxruntime's own kinds, of which there are a dozen
            raise _unfit(path, error) from None
        if not all(isinstance(part, np.ndarray) for part in found):
            raise _no_tensors(path, found)
        return found

    return run


def _as_typed(value: NDArray[Any], kind: str) -> NDArray[Any]:
    return value.round().astype(np.uint8) if kind == "tensor(uint8)" else value.astype(np.float32)


@cache
def _torchscript(path: Path) -> Run:
    require("torch", "train")
    import torch

    try:
        network = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is no TorchScript graph ({_brief(error)}); weights alone or a pickle are not loaded: export it"
        ) from None
    names = [argument.name for argument in network.forward.schema.arguments]
    switches = {name: True for name in FEATURES if name in names}

    def run(inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        with torch.inference_mode():
            try:
                found = network(*(torch.from_numpy(np.ascontiguousarray(x, np.float32)) for x in inputs), **switches)
            except RuntimeError as error:
                raise _unfit(path, error) from None
        parts = found if isinstance(found, tuple | list) else (found,)
        if not parts or not all(isinstance(part, torch.Tensor) for part in parts):
            raise _no_tensors(path, found)
        return [part.float().numpy() for part in parts]

    return run


def _check_count(path: Path, takes: int, given: int) -> None:
    if takes != given:
        raise CheckpointError(f"{path} takes {takes} inputs; expected a graph of {given}")


def _no_tensors(path: Path, found: object) -> CheckpointError:
    parts = found if isinstance(found, tuple | list) else (found,)
    kinds = ", ".join(type(part).__name__ for part in parts) or "nothing"
    return CheckpointError(f"{path} gives {kinds}; expected a tensor or several in order: export it so")


def _unfit(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path} cannot be run on what it is given ({_brief(error)}); docs/evaluation.md says what that is"
    )


def _brief(error: Exception) -> str:
    lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
    return lines[-1][:160] if lines else type(error).__name__


def features(run: Run, inputs: Sequence[NDArray[Any]], batch: int = 8) -> NDArray[np.float32]:
    """(N, D) the first output for N inputs, flattened, a few at a time."""
    parts = []
    for start in range(0, len(inputs[0]), batch):
        out = run([part[start : start + batch] for part in inputs])[0]
        parts.append(np.asarray(out, np.float32).reshape(len(out), -1))
    return np.concatenate(parts)

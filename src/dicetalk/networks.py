"""The networks that ship: ONNX graphs, run by onnxruntime on the processor."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dicetalk.errors import CheckpointError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS = Path(__file__).parent / "weights"
"""Where networks that ship lie, and what goes with them."""

THREADS = min(2, os.cpu_count() or 1)
"""Threads of a network: these are so small that more would only wait for each other."""

SILENT = 3
"""onnxruntime's severity from which it writes to standard error: errors, which are raised as well, and worse."""


@dataclass(frozen=True)
class Network:
    """A network.

    Attributes:
        path: of its file.
        session: what runs it.
    """

    path: Path
    session: InferenceSession

    def run(self, names: Sequence[str] | None, given: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """What it gives under some names, None for all; may be called from several threads.

        Raises:
            CheckpointError: that holds NaN or infinity, of which later only a black picture would tell.
        """
        found: list[NDArray[Any]] = self.session.run(names, given)
        if not all(np.isfinite(values).all() for values in found):
            raise CheckpointError(f"the network {self.path} gave numbers that are not finite; get or write it again")
        return found

    def widths(self) -> dict[str, int]:
        """The last side of each of its inputs, by name."""
        return {stream.name: stream.shape[-1] for stream in self.session.get_inputs()}

    def lengths(self) -> dict[str, int]:
        """The first side of each of its inputs, by name."""
        return {stream.name: stream.shape[0] for stream in self.session.get_inputs()}


def open_network(path: Path, threads: int = THREADS) -> Network:
    """A network. Those that ship are loaded once in a process: whoever wants one that another thread is loading waits
    for it. Others may have changed since, and are loaded anew.

    Args:
        path: of the `.onnx` file; weights that it keeps in another file lie beside it.
        threads: that one call may use.

    Raises:
        CheckpointError: the file cannot be read, or holds no graph that onnxruntime can run.
    """
    if not path.is_relative_to(WEIGHTS):
        return _load(path, threads)
    with _turns.setdefault(path, Lock()):
        return _loaded(path, threads)


_turns: dict[Path, Lock] = {}


@cache
def _loaded(path: Path, threads: int) -> Network:
    return _load(path, threads)


def _load(path: Path, threads: int) -> Network:
    # Else builds that can report to their maker keep an identifier of this machine, and a first report, when imported.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    from onnxruntime import InferenceSession, SessionOptions, disable_telemetry_events
    from onnxruntime.capi.onnxruntime_pybind11_state import (
        Fail,
        InvalidArgument,
        InvalidGraph,
        InvalidProtobuf,
        NoSuchFile,
    )

    disable_telemetry_events()  # where somebody else imported it before
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = SILENT
    # An arena keeps the most that any shape ever took: a search for faces held 610 MB with it, 390 without, as fast.
    options.enable_cpu_mem_arena = False
    # Threads that spin while they wait would take the cores from drawing and writing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return Network(path, InferenceSession(str(path), options, providers=["CPUExecutionProvider"]))
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
        raise CheckpointError(f"the network {path} cannot be loaded ({error}); get or write it again") from None

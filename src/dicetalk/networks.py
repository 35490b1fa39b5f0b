"""The networks that ship: ONNX graphs, run by onnxruntime on the processor."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dicetalk.errors import CheckpointError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS = Path(__file__).parent / "weights"
"""Where networks that ship lie, and what goes with them."""

THREADS = min(2, os.cpu_count() or 1)
"""Threads of a network: these are so small that more would only wait for each other."""

SILENT = 3
"""onnxruntime's severity from which it writes to standard error: errors, which are raised as well, and worse."""


@cache
def open_network(path: Path, threads: int = THREADS) -> InferenceSession:
    """A network, loaded once in a process; its `run` may be called from several threads.

    Args:
        path: of the `.onnx` file; weights that it keeps in another file lie beside it.
        threads: that one call may use.

    Raises:
        CheckpointError: the file cannot be read, or holds no graph that onnxruntime can run.
    """
    from onnxruntime import InferenceSession, SessionOptions, disable_telemetry_events
    from onnxruntime.capi.onnxruntime_pybind11_state import (
        Fail,
        InvalidArgument,
        InvalidGraph,
        InvalidProtobuf,
        NoSuchFile,
    )

    disable_telemetry_events()  # builds for Windows would send some
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = SILENT
    # An arena keeps the most that any shape ever took: a search for faces held 610 MB with it, 390 without, as fast.
    options.enable_cpu_mem_arena = False
    # Threads that spin while they wait would take the cores from drawing and writing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile) as error:
        raise CheckpointError(f"the network {path} cannot be loaded ({error}); get or write it again") from None

"""A Ray cluster of this machine, with two processors: a real one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    "RAY_raylet_start_wait_time_s": "200",
}


@contextmanager
def started_cluster(*options: str) -> Iterator[str]:
    """The address of one, which ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = ["start", "--head", f"--port={port}", "--num-cpus=2", "--include-dashboard=false", "--block", *options]
    program = "from ray.scripts.scripts import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, *start], env=ENVIRONMENT, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield f"127.0.0.1:{_listening(port)}"
        finally:
            process.terminate()


def _listening(port: int) -> int:
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return port
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.1)

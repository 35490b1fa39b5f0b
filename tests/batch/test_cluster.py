"""Batches on a Ray cluster of this machine, with two workers: a real one, one of whose workers is killed."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray.scripts.scripts
from command_line import names

from dicetalk.files import HIDDEN
from dicetalk.media import read_video

if sys.platform != "linux":
    pytest.skip("looks into /proc", allow_module_level=True)

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster with two processors."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = ["start", "--head", f"--port={port}", "--num-cpus=2", "--include-dashboard=false", "--block"]
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


@pytest.mark.timeout(240)
def test_a_worker_of_a_cluster_that_is_killed_loses_nothing(
    cluster: str, tmp_path: Path, hopper: Path, speech: Path
) -> None:
    jobs = tmp_path / "jobs.csv"
    rows = [f"{hopper},{speech},{emotion},{emotion}.mp4,64" for emotion in ("happy", "sad", "angry", "bogus")]
    jobs.write_text("\n".join(["portrait,speech,emotion,output,size", *rows]))
    command = [sys.executable, "-m", "dicetalk", "batch", str(jobs), "-o", "out", "--ray", cluster, "--quiet"]
    process = subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT)
    out = tmp_path / "out"
    killed = 0
    while process.poll() is None:
        for hidden in list(out.glob(f"{HIDDEN}*.mp4"))[: 1 - killed]:
            os.kill(int(hidden.name.split("-")[1]), signal.SIGKILL)
            killed += 1
        time.sleep(0.01)
    assert killed == 1 and process.returncode == 2  # of the emotion that there is none
    with (out / "report.csv").open(newline="") as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["made", "made", "made", "failed"]
    assert names(out) == [".batch", "angry.mp4", "happy.mp4", "report.csv", "report.html", "sad.mp4"]
    assert all(sum(1 for _ in read_video(out / f"{name}.mp4")) == 30 for name in ("happy", "sad", "angry"))

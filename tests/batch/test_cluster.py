"""Batches on a Ray cluster of this machine, with two workers: a real one, one of whose workers is killed."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import names, typed
from ray_cluster import ENVIRONMENT, started_cluster

from dicetalk.files import HIDDEN
from dicetalk.media import read_video

pytest.importorskip("ray", reason="needs ray, which `make develop` installs")
if sys.platform != "linux":
    pytest.skip("looks into /proc", allow_module_level=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster with two processors."""
    with started_cluster() as address:
        yield address


@pytest.fixture
def jobs(tmp_path: Path, hopper: Path, speech: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A manifest of three videos and an emotion that there is none of, in the folder to work in."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{hopper},{speech},{emotion},{emotion}.mp4,64" for emotion in ("happy", "sad", "angry", "bogus")]
    Path("jobs.csv").write_text("\n".join(["portrait,speech,emotion,output,size", *rows]))
    return "jobs.csv"


def started(jobs: str, cluster: str) -> subprocess.Popen[str]:
    command = typed("batch", jobs, "-o", "out", "--ray", cluster, "--quiet")
    return subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def workers() -> list[int]:
    """The processes that are making videos."""
    return [int(path.name.split("-")[1]) for path in Path("out").glob(f"{HIDDEN}*.mp4")]


def states() -> list[str]:
    with Path("out/report.csv").open(newline="") as file:
        return [row["state"] for row in csv.DictReader(file)]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_worker_of_a_cluster_that_is_killed_loses_nothing(cluster: str, jobs: str) -> None:
    process = started(jobs, cluster)
    killed = 0
    while process.poll() is None:
        for worker in workers()[: 1 - killed]:
            os.kill(worker, signal.SIGKILL)
            killed += 1
        time.sleep(0.01)
    assert killed == 1 and process.returncode == 2  # for the emotion
    assert states() == ["made", "made", "made", "failed"]
    assert names(Path("out")) == [".batch", "angry.mp4", "happy.mp4", "report.csv", "report.html", "sad.mp4"]
    assert all(sum(1 for _ in read_video(f"out/{name}.mp4")) == 30 for name in ("happy", "sad", "angry"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_batch_on_a_cluster_that_is_stopped(cluster: str, jobs: str, hopper: Path, speech: Path) -> None:
    with Path(jobs).open("a") as file:
        file.writelines(f"\n{hopper},{speech},fear,{number}.mp4,64" for number in range(30))
    process = started(jobs, cluster)
    while not workers() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130, error
    assert "error: stopped; nothing unfinished is left behind" in error
    assert not workers() and "left" in states()

"""The networks that ship: loaded once; one that is missing or damaged is told in a line, and nowhere else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dicetalk import networks
from dicetalk.arrays import Float32
from dicetalk.errors import CheckpointError
from dicetalk.networks import WEIGHTS, open_network

SHIPPED = WEIGHTS / "face" / "detector_proposal.onnx"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(SHIPPED, tmp_path))


@pytest.fixture
def ships(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "WEIGHTS", path.parent)


def test_one_that_does_not_ship_is_loaded_anew(path: Path) -> None:
    network = open_network(path)
    assert open_network(path) is not network


@pytest.mark.usefixtures("ships")
def test_one_is_loaded_once(path: Path) -> None:
    network = open_network(path)
    assert open_network(path) is network
    path.unlink()
    assert open_network(path) is network


@pytest.mark.usefixtures("ships")
def test_several_threads_may_open_one(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(open_network, [path] * 8))
    assert all(network is opened[0] for network in opened)


def test_several_threads_may_ask_one(path: Path) -> None:
    network = open_network(path)
    rng = np.random.default_rng(0)
    inputs = [{"pixels": rng.integers(0, 255, (1, 24, 30, 3), np.uint8)} for _ in range(8)]
    alone = [network.run(None, given) for given in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda given: network.run(None, given), inputs))
    for one, other in zip(alone, together, strict=True):
        for first, second in zip(one, other, strict=True):
            np.testing.assert_array_equal(first, second)


def damage(path: Path, how: str) -> None:
    whole = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut short": whole[: len(whole) // 2], "no network": b"hello " * 99}[how])


@pytest.mark.parametrize("how", ["missing", "empty", "cut short", "no network"])
def test_one_that_cannot_be_loaded(path: Path, how: str, capfd: pytest.CaptureFixture[str]) -> None:
    damage(path, how)
    with pytest.raises(CheckpointError, match=r"cannot be loaded .*; get or write it again") as caught:
        open_network(path)
    assert str(path) in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_one_that_was_repaired_opens(path: Path) -> None:
    damage(path, "missing")
    with pytest.raises(CheckpointError):
        open_network(path)
    shutil.copy(SHIPPED, path)
    assert open_network(path).widths() == {"pixels": 3}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_told(path: Path, monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    class Damaged:
        def run(self, *_: object) -> list[Float32]:
            return [np.zeros(3, np.float32), np.array([[0, value]], np.float32)]

    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *_, **__: Damaged())
    with pytest.raises(CheckpointError, match=r"detector_proposal\.onnx gave numbers that are not finite"):
        open_network(path).run(None, {})


def test_nothing_is_kept_of_the_machine(path: Path, tmp_path: Path) -> None:
    """Builds of onnxruntime that report to their maker keep an identifier and a first report in the home."""
    homes = {name: str(tmp_path) for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    source = str(Path(networks.__file__).parents[1])
    program = "import sys, pathlib; from dicetalk.networks import open_network; open_network(pathlib.Path(sys.argv[1]))"
    told = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", program, str(path)], env={**told, **homes, "PYTHONPATH": source}, check=True)
    assert list(tmp_path.iterdir()) == [path]

"""Recordings prepared on a Ray cluster of this machine: the same files as without one, whoever is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from command_line import dicetalk, typed

pytest.importorskip("ray", reason="needs ray, which `make develop` installs")
if sys.platform != "linux":
    pytest.skip("starts a cluster", allow_module_level=True)
from ray_cluster import ENVIRONMENT, started_cluster
from scipy.io import wavfile

from dicetalk.data.cluster import Cluster, spread_over
from dicetalk.errors import ConfigError, DiceTalkError, InputError
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE

NAMES = ["03-01-01-01-01-01-01", "03-01-05-02-01-01-01", "03-01-03-01-02-01-02"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with started_cluster("--num-gpus=1") as address:
        yield address


def lost_once(item: int, folder: Path) -> int:
    """The square; of 3, only the second time."""
    seen = folder / f"{item}"
    if item == 3 and not seen.exists():
        seen.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item * item


def process(item: int) -> int:
    return os.getpid()


def slow(item: int, folder: Path) -> int:
    (folder / f"begun{item}").touch()
    time.sleep(0.2)
    return item


def always_lost(item: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return item


def refused(item: int) -> int:
    raise InputError("not this one")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_work_is_spread_in_order_and_what_is_lost_is_made_again(cluster: str, tmp_path: Path) -> None:
    import ray.cloudpickle

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # machines of a cluster have no tests
    here = Cluster(address=cluster)
    assert list(spread_over(here, partial(lost_once, folder=tmp_path), range(20), False)) == [n * n for n in range(20)]
    assert (tmp_path / "3").exists()
    with pytest.raises(InputError, match="not this one"):
        list(spread_over(here, refused, range(3), False))
    with pytest.raises(DiceTalkError, match="lost 3 times"):
        list(spread_over(here, always_lost, range(1), False))
    assert len(set(spread_over(here, process, range(6), True))) == 1  # what a process has loaded stays there
    with closing(spread_over(here, partial(slow, folder=tmp_path), range(1000), False)) as results:
        assert next(results) == 0
    begun = len(list(tmp_path.glob("begun*")))
    time.sleep(1)
    assert len(list(tmp_path.glob("begun*"))) == begun < 20  # the others are left


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_corpus_prepared_on_a_cluster(
    cluster: str, voice: Waveform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ravdess").mkdir()
    for number, name in enumerate(NAMES):
        wavfile.write(f"ravdess/{name}.wav", SPEECH_RATE, voice[16000 : 32000 + 3200 * number])
    command = ("prepare", "ravdess", "ravdess", "out", "--faces", "2", "-q")
    assert dicetalk(*command, "--ray", cluster) == 0
    made = {file.name: file.read_bytes() for file in Path("out").rglob("*") if file.is_file()}
    assert dicetalk(*command[:3], "alone", *command[4:]) == 0
    assert made == {file.name: file.read_bytes() for file in Path("alone").rglob("*") if file.is_file()}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cluster_that_asks_for_a_token(voice: Waveform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one, `ray start` lets nobody in without."""
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("a" * 64)
    (tmp_path / "in").mkdir()
    wavfile.write(tmp_path / "in" / f"{NAMES[0]}.wav", SPEECH_RATE, voice[16000:32000])
    monkeypatch.setitem(ENVIRONMENT, "HOME", str(tmp_path))
    with started_cluster() as address:
        command = typed("prepare", "ravdess", "in", "out", "--faces", "1", "-q", "--ray", address)
        done = subprocess.run(command, env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "clips.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("ravdess", "--ray", "nowhere"), "HOST:PORT"),
        (("ravdess", "--ray", "127.0.0.1:1"), "nobody answers"),
        (("ravdess", "--ray", "[::1]:1"), "nobody answers"),
        (("ravdess", "--ray", "xn--a..b:80"), "nobody answers"),
        (("shards", "--ray", "auto"), "has no use for --ray"),
        (("acted", "--ray", "auto"), "has no use for --ray"),
    ],
)
def test_an_address_that_is_none_is_told(
    arguments: tuple[str, ...], what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"{NAMES[0]}.wav").write_bytes(b"")
    corpus, *options = arguments
    assert dicetalk("prepare", corpus, str(tmp_path / "in"), str(tmp_path / "out"), *options) == 2
    error = capsys.readouterr().err
    assert what in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_machine_without_the_folder_is_told(tmp_path: Path) -> None:
    from dicetalk import __version__
    from dicetalk.cluster import enter

    with pytest.raises(ConfigError, match=r"has no folder .*none .*same name"):
        enter(str(tmp_path / "none"), __version__)
    with pytest.raises(ConfigError, match="install the same on both"):
        enter(str(tmp_path), "0.0.0")

"""A Ray cluster, all of whose machines see the same files under the same names: how it is reached, used and left."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dicetalk
from dicetalk.errors import ConfigError, require
from dicetalk.signals import STOPS

AUTH_MODE = "RAY_AUTH_MODE"
"""Where Ray is told whether a cluster asks for a token."""
PATIENCE = 5.0
"""Until a cluster must have answered [s]."""


def check_address(address: str) -> None:
    """Find out whether anybody listens there: Ray itself would ask for minutes.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: it is no address, or nobody answers.
    """
    require("ray", "ray")
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"the address of a Ray cluster is {address[:60]!r}; expected HOST:PORT or auto")
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"nobody answers at {address} ({error}); start a cluster there: docs/batch.md") from None


@contextmanager
def joined(address: str) -> Iterator[Any]:
    """Ray, connected to a cluster. Those who leave early end what they have begun there.

    Args:
        address: `HOST:PORT` of the head of a cluster of which this machine is one, or `auto`.

    Raises:
        ConfigError: no cluster answers at the address.
    """
    if AUTH_MODE not in os.environ and (Path.home() / ".ray" / "auth_token").exists():
        os.environ[AUTH_MODE] = "token"  # as `ray start` does, which then lets nobody in without
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        why = " ".join(str(error).split())[:200]
        raise ConfigError(f"no Ray cluster of this version answers at {address} ({why}); see docs/batch.md") from None
    _answer_signals()
    try:
        yield ray
    finally:
        ray.shutdown()


def _answer_signals() -> None:
    """Put Python's answers back in place: Ray's own end the process at once, and leave what was begun behind."""
    if threading.current_thread() is threading.main_thread():
        for number in STOPS:
            signal.signal(number, signal.getsignal(number))


def processors(ray: Any) -> int:
    """Of all machines of a cluster."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def needs(ray: Any, on_gpu: bool) -> dict[str, Any]:
    """What a task takes: a processor; and a GPU for what runs on one, where the cluster has any."""
    return {"num_cpus": 1, "num_gpus": 1 if on_gpu and ray.cluster_resources().get("GPU", 0) >= 1 else 0}


def ended(ray: Any, promises: Sequence[Any]) -> list[Any]:
    """Wait until some have ended. What a signal raises in there comes out of Ray as the cause of another error."""
    try:
        done: list[Any] = ray.wait(list(promises))[0]
    except SystemError as error:
        raise error.__cause__ or error from None
    return done


def stop(ray: Any, promises: Sequence[Any]) -> None:
    """End what is still being made, and wait until it has, so that what it leaves can be removed."""
    for promise in promises:
        ray.cancel(promise, force=True)
    if promises:
        ray.wait(list(promises), num_returns=len(promises), timeout=PATIENCE)


def enter(folder: str, version: str) -> None:
    """On a machine of the cluster: work in the folder where the command was typed.

    Raises:
        ConfigError: it has another version of DiceTalk, or no such folder.
    """
    if dicetalk.__version__ != version:
        raise ConfigError(
            f"the cluster has DiceTalk {dicetalk.__version__}, and this machine {version}; install the same on both"
        )
    try:
        os.chdir(folder)
    except OSError as error:
        raise ConfigError(
            f"a machine of the cluster has no folder {folder} ({error.strerror}); mount it under the same name"
        ) from None


def here() -> tuple[str, str]:
    """What `enter` is told of this machine: the folder, and the version of DiceTalk."""
    return str(Path.cwd()), dicetalk.__version__

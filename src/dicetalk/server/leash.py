"""Processes that end with the server, however it ends, and that leave its signals to it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import wait
from threading import Thread

SPAWN = multiprocessing.get_context("spawn")
"""A forked process would inherit locks that the libraries' threads hold."""


def leashed() -> None:
    """In such a process, at its start: Ctrl-C is the server's to answer, whose end is ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_server, daemon=True).start()


def _end_with_server() -> None:
    server = multiprocessing.parent_process()
    assert server is not None
    wait([server.sentinel])
    os._exit(1)

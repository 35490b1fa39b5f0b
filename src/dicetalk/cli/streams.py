"""Standard output and error: always there, and told from files where they cannot be written."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STREAMS = {1: "stdout", 2: "stderr"}


class UnheardError(OSError):
    """Standard output or error cannot be written: whoever read it has left, or the disk behind it is full."""


class _Heard(io.FileIO):
    """A stream whose errors can be told from those of files."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return cast("int", super().write(data))  # None, from a stream that does not block, is handed on
        except OSError as error:
            raise UnheardError(error.errno, error.strerror) from error


def open_streams() -> None:
    """Give a process that was started without standard output or error (`2>&-`) silent ones; watch over the others.

    Otherwise the next file opened would get their number, and libraries would write their messages into it.
    """
    for number, name in STREAMS.items():
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            setattr(sys, name, os.fdopen(number, "w"))
        elif not getattr(sys, name).isatty():  # a terminal does not fill, and Windows has its own kind
            setattr(sys, name, _heard(getattr(sys, name), number))


def _heard(stream: TextIO, number: int) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_Heard(number, "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=number == 2,
    )


def printable(line: str) -> str:
    """A line in which nothing moves the cursor or colours the terminal: names of files may hold anything."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


def say(line: str, stream: TextIO) -> bool:
    """Write a line at once; tells whether anybody took it."""
    try:
        print(line, file=stream, flush=True)
    except OSError:
        silence(stream)
        return False
    return True


def silence(stream: TextIO) -> None:
    """Drop what a stream still holds and all that follows: Python would complain again when it closes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    with contextlib.suppress(OSError):
        stream.flush()

"""How a command ends: exit codes, one line for every error, one JSON object with `--json`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from types import FrameType

import click

from dicetalk.errors import DiceTalkError, missing_library

DONE, OUR_FAULT, YOURS_TO_FIX = 0, 1, 2
"""Exit codes; a command stopped by a signal ends with 128 + its number, 130 for Ctrl-C."""


class Stopped(BaseException):
    """Ctrl-C or a request to end. Not KeyboardInterrupt, which click turns into an error of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run a command line; gives its exit code. Errors are told, never raised."""
    as_json = "--json" in arguments
    try:
        with _stoppable():
            code = command.main(list(arguments), prog_name="dicetalk", standalone_mode=False)
            sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except Stopped as stop:
        _tell({"error": "stopped; nothing unfinished is left behind", "kind": "Stopped"}, as_json)
        return 128 + stop.number
    except BrokenPipeError:
        # Whoever read our output has left. Python would complain again when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OUR_FAULT
    except click.UsageError as error:
        return _usage(error, as_json)
    except DiceTalkError as error:
        return _expected(error, as_json)
    except ImportError as error:
        return _broken_library(error, as_json)
    except Exception as error:  # the last resort of a program: whatever it is, a user gets a line and no traceback
        return _unexpected(error, as_json)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """SIGINT and SIGTERM raise `Stopped` wherever the program is, so that every `with` cleans up."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    # A signal that whoever started us ignores (`nohup`, a shell's background job) stays ignored.
    wanted = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) is not signal.SIG_IGN]
    before = [(number, signal.signal(number, stop)) for number in wanted]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _tell(record: dict[str, object], as_json: bool) -> None:
    """One JSON object on standard output, or one line on standard error."""
    if os.environ.get("DICETALK_DEBUG") == "1":
        traceback.print_exc()
    if as_json:
        print(json.dumps(record), flush=True)
    else:
        print("error: " + " ".join(str(record["error"]).splitlines()), file=sys.stderr)


def _usage(error: click.UsageError, as_json: bool) -> int:
    if as_json:
        _tell({"error": error.format_message(), "kind": "UsageError"}, as_json)
    else:
        error.show()
    return YOURS_TO_FIX


def _expected(error: DiceTalkError, as_json: bool) -> int:
    _tell(error.to_json(), as_json)
    return YOURS_TO_FIX


def _broken_library(error: ImportError, as_json: bool) -> int:
    library = missing_library(error)
    if library is None:
        return _unexpected(error, as_json)
    _tell({"error": library, "kind": type(error).__name__}, as_json)
    return YOURS_TO_FIX


def _unexpected(error: Exception, as_json: bool) -> int:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = "a fault of DiceTalk; run again with DICETALK_DEBUG=1 for the details to report"
    _tell({"error": f"{what} ({hint})", "kind": type(error).__name__}, as_json)
    return OUR_FAULT

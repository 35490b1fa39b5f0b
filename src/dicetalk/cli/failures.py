"""How a command ends: exit codes, one line for every error, one JSON object with `--json`."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import math
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from types import FrameType

import click

from dicetalk.cli.streams import UnheardError, printable, say, silence
from dicetalk.errors import DiceTalkError, missing_library
from dicetalk.signals import STOPPED, STOPS

DONE, OUR_FAULT, YOURS_TO_FIX = 0, 1, 2
"""Exit codes; a command stopped by a signal ends with 128 + its number, 130 for Ctrl-C."""


class Stopped(BaseException):
    """Ctrl-C or a request to end. Not KeyboardInterrupt, which click turns into an error of its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


PATIENCE = 2.0
"""While it cleans up after a signal, further ones change nothing for so long [s]: Ctrl-C is often pressed twice."""


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run a command line; gives its exit code. Errors are told, never raised."""
    as_json = "--json" in arguments
    with _stoppable() as stop, _quiet_libraries():
        try:
            return _run(command, arguments, as_json)
        except Stopped as stopped:
            stop.last = math.inf  # whatever comes now, it ends
            _tell({"error": STOPPED, "kind": "Stopped"}, as_json)
            return 128 + stopped.number


def _run(command: click.Command, arguments: Sequence[str], as_json: bool) -> int:
    try:
        code = command.main(list(arguments), prog_name="dicetalk", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except click.UsageError as error:
        return _usage(error, as_json)
    except DiceTalkError as error:
        return _expected(error, as_json)
    except MemoryError as error:
        _tell({"error": f"the memory ran out ({NO_ROOM})", "kind": type(error).__name__}, as_json)
        return YOURS_TO_FIX
    except ImportError as error:
        return _broken_library(error, as_json)
    except UnheardError as error:
        return _unheard(error)
    except Exception as error:  # the last resort of a program: whatever it is, a user gets a line and no traceback
        return _unexpected(error, as_json)


@contextlib.contextmanager
def _quiet_libraries() -> Iterator[None]:
    """What libraries warn of is for those who write programs with them: they ask for it with `python -W`."""
    with contextlib.nullcontext() if sys.warnoptions else warnings.catch_warnings(action="ignore"):
        yield


NO_ROOM = "close other programs, or give a smaller picture or --size"


class _Stop:
    """Answers a signal: raises `Stopped` wherever the program is, so that every `with` cleans up."""

    def __init__(self) -> None:
        self.last = -math.inf

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self.last > PATIENCE:
            self.last = now
            raise Stopped(number)

    def unraisable(self, told: sys.UnraisableHookArgs) -> None:
        """A signal that came where Python can raise nothing, as while it collects garbage, is sent again."""
        if isinstance(told.exc_value, Stopped):
            self.last = -math.inf
            threading.Timer(0.01, _signal_the_main_thread, (told.exc_value.number,)).start()
        else:
            sys.__unraisablehook__(told)


def _signal_the_main_thread(number: int) -> None:
    """It wakes where it sleeps or waits; what another thread raises for itself would be answered only after that."""
    thread = threading.main_thread().ident
    if sys.platform == "win32" or thread is None:
        signal.raise_signal(number)
    else:
        signal.pthread_kill(thread, number)


@contextlib.contextmanager
def _stoppable() -> Iterator[_Stop]:
    """Signals that end a command are answered by `Stopped`; one that is ignored stays so."""
    stop = _Stop()
    wanted = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
    before, hook = [(number, signal.signal(number, stop)) for number in wanted], sys.unraisablehook
    sys.unraisablehook = stop.unraisable
    try:
        yield stop
    finally:
        sys.unraisablehook = hook
        for number, handler in before:
            signal.signal(number, handler)


def _tell(record: dict[str, object], as_json: bool) -> None:
    """One JSON object on standard output, or one line on standard error."""
    if os.environ.get("DICETALK_DEBUG") == "1":
        traceback.print_exc()
    if not (as_json and say(json.dumps(record), sys.stdout)):
        say(printable("error: " + " ".join(str(record["error"]).splitlines())), sys.stderr)


def _unheard(error: UnheardError) -> int:
    """What was told could not be written; that whoever read it has left needs no word."""
    silence(sys.stdout)
    if error.errno == errno.EPIPE:
        return OUR_FAULT
    say(f"error: the output cannot be written ({error.strerror}); give it another place", sys.stderr)
    return YOURS_TO_FIX


def _usage(error: click.UsageError, as_json: bool) -> int:
    if as_json:
        _tell({"error": error.format_message(), "kind": "UsageError"}, as_json)
    else:
        shown = io.StringIO()
        error.show(shown)
        say(shown.getvalue().rstrip(), sys.stderr)
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

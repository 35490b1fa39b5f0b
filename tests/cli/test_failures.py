"""How a command ends: its exit code, and one line or one JSON object for whatever went wrong."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
from command_line import dicetalk, names
from scipy.io import wavfile

from dicetalk.cli.failures import DONE, OUR_FAULT, YOURS_TO_FIX, Stopped, run
from dicetalk.cli.heavy import check_room
from dicetalk.errors import ConfigError, MissingExtraError, NoFaceError
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.signals import STOPPED, STOPS


def command(body: Callable[[], object]) -> click.Command:
    """One that does that, and takes --json."""

    def callback(as_json: bool) -> object:
        return body()

    return click.Command("try", callback=callback, params=[click.Option(["--json", "as_json"], is_flag=True)])


def raising(error: BaseException) -> click.Command:
    def body() -> None:
        raise error

    return command(body)


@pytest.mark.parametrize(("given", "code"), [(None, DONE), (3, 3), ("text", DONE)])
def test_what_a_command_gives_is_its_code(given: object, code: int) -> None:
    assert run(command(lambda: given), []) == code


def test_a_command_may_leave_with_a_code() -> None:
    def body() -> None:
        click.get_current_context().exit(YOURS_TO_FIX)

    assert run(command(body), []) == YOURS_TO_FIX


def test_what_libraries_warn_of_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> None:
        warnings.warn("Mean of empty slice", RuntimeWarning, stacklevel=1)

    assert run(command(body), []) == DONE
    assert capsys.readouterr().err == ""


def test_a_name_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    run(raising(ConfigError("x\x1b[31m\r\ud800\t日本.mp4 is not there")), [])
    assert capsys.readouterr().err == "error: x\\x1b[31m \\ud800\\t日本.mp4 is not there\n"


FAULT = "(a fault of DiceTalk; run again with DICETALK_DEBUG=1 for the details to report)"

ENDS: dict[str, tuple[Exception, int, str, str]] = {
    "expected": (ConfigError("use 1\nto 3"), YOURS_TO_FIX, "use 1 to 3", "ConfigError"),
    "an extra": (
        MissingExtraError("torch", "svd"),
        YOURS_TO_FIX,
        "torch is not installed; run: pip install -e '.[svd]' in the clone of DiceTalk",
        "MissingExtraError",
    ),
    "a system library": (
        ImportError("libGL.so.1: cannot open shared object file"),
        YOURS_TO_FIX,
        "the system library libGL.so.1 is missing or cannot be loaded; install the system package that has it",
        "ImportError",
    ),
    "another import": (
        ModuleNotFoundError("No module named 'x'"),
        OUR_FAULT,
        f"ModuleNotFoundError: No module named 'x' {FAULT}",
        "ModuleNotFoundError",
    ),
    "our fault": (ValueError("a\nb"), OUR_FAULT, f"ValueError: a b {FAULT}", "ValueError"),
    "without a word": (AssertionError(), OUR_FAULT, f"AssertionError {FAULT}", "AssertionError"),
}


@pytest.mark.parametrize("row", ENDS)
def test_errors_end_with_a_code_and_one_line(row: str, capsys: pytest.CaptureFixture[str]) -> None:
    error, code, line, kind = ENDS[row]
    assert run(raising(error), []) == code
    assert capsys.readouterr() == ("", f"error: {line}\n")
    assert run(raising(error), ["--json"]) == code
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1
    record = json.loads(out)
    assert record["kind"] == kind and " ".join(record["error"].split()) == line


def test_a_record_has_what_its_error_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(NoFaceError("two", [(1, 2, 3, 4)])), ["--json"]) == YOURS_TO_FIX
    assert json.loads(capsys.readouterr().out)["faces"] == [[1, 2, 3, 4]]


def test_details_are_told_to_who_asks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DICETALK_DEBUG", "1")
    assert run(raising(ValueError("odd")), []) == OUR_FAULT
    err = capsys.readouterr().err
    assert err.startswith("Traceback") and err.splitlines()[-1].startswith("error: ValueError: odd")


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_cleans_up(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    cleaned: list[str] = []

    def body() -> None:
        try:
            signal.raise_signal(number)
        except Exception:
            pytest.fail("a stop is no error to go on after")
        finally:
            cleaned.append("up")

    before = signal.signal(number, signal.default_int_handler)  # it may be ignored where tests run in the background
    try:
        assert run(command(body), []) == 128 + number
    finally:
        signal.signal(number, before)
    assert cleaned == ["up"]
    assert capsys.readouterr() == ("", "error: stopped; nothing unfinished is left behind\n")


@pytest.mark.parametrize("number", STOPS)
def test_a_second_signal_does_not_disturb_the_cleaning(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    cleaned: list[str] = []

    def body() -> None:
        try:
            signal.raise_signal(number)
        finally:
            for second in STOPS:
                signal.raise_signal(second)
            cleaned.append("up")

    before = signal.signal(number, signal.default_int_handler)
    try:
        assert run(command(body), []) == 128 + number
    finally:
        signal.signal(number, before)
    assert cleaned == ["up"] and capsys.readouterr().err.count("\n") == 1


def test_a_signal_that_would_be_lost_comes_again(capsys: pytest.CaptureFixture[str]) -> None:
    class Odd:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)  # what is raised here, Python only prints

    def body() -> None:
        Odd()
        time.sleep(60)

    begun = time.monotonic()
    assert run(command(body), []) == 128 + signal.SIGTERM
    assert time.monotonic() - begun < 30  # whoever sleeps is woken
    assert capsys.readouterr().err.count("\n") == 1


def test_memory_that_runs_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(MemoryError()), []) == YOURS_TO_FIX
    assert "the memory ran out" in capsys.readouterr().err


def test_too_little_memory_is_told_before_work() -> None:
    check_room(math.inf)
    with pytest.raises(ConfigError, match=r"may take 1\.00 GB of memory here and needs .* GB; raise `ulimit -v`"):
        check_room(1e9)


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert run(command(lambda: signal.raise_signal(signal.SIGTERM)), []) == DONE
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_our_own_fault_is_told_in_a_line(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by\nzero")

    monkeypatch.setattr("dicetalk.making.load_backbone", broken)
    assert dicetalk("generate", "face.jpg", "speech.wav") == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "ZeroDivisionError: division by zero" in err and "DICETALK_DEBUG=1" in err
    monkeypatch.setenv("DICETALK_DEBUG", "1")
    assert dicetalk("generate", "face.jpg", "speech.wav", "--json") == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["kind"] == "ZeroDivisionError" and "Traceback" in err


def test_a_missing_system_library_is_told(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ImportError("libz.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr("dicetalk.making.load_backbone", broken)
    assert dicetalk("generate", "face.jpg", "speech.wav") == 2
    err = capsys.readouterr().err
    assert "libz.so.1 is missing" in err and "install the system package" in err


def test_nothing_is_loaded_before_signals_are_answered() -> None:
    """Until then Python answers them, with a traceback."""
    work = "import sys; here = set(sys.modules); import dicetalk.__main__; print(*sorted(set(sys.modules) - here))"
    told = subprocess.run(
        [sys.executable, "-c", f"import importlib; {work}"], check=True, capture_output=True, text=True
    )
    assert told.stdout.split() == ["dicetalk", "dicetalk.__main__", "dicetalk.signals"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_anything_is_loaded(number: signal.Signals) -> None:
    program = (
        "import builtins, os, signal; from dicetalk.__main__ import main; real = builtins.__import__\n"
        f"signal.signal({number:d}, signal.default_int_handler)\n"
        "def importing(name, *rest):\n"
        f"    if name == 'click': os.kill(os.getpid(), {number:d}); os.kill(os.getpid(), {number:d})\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = importing; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 128 + number
    assert done.stderr == f"error: {STOPPED}\n" and done.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once(desk: Path, voice: Waveform, number: signal.Signals) -> None:
    wavfile.write(desk / "long.wav", SPEECH_RATE, np.tile(voice, 4))
    before = names(desk)
    # SIGINT may have been ignored by whoever runs the tests in the background; a terminal's user has it.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from dicetalk.__main__ import main; main()"
    )
    arguments = ["generate", "face.jpg", "long.wav", "-o", "out.mp4", "--motion-out", "curves.csv"]
    with subprocess.Popen([sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not any(file.stat().st_size for file in desk.glob(".*.mp4")):
            time.sleep(0.05)  # until frames are being written; pytest's own limit ends a test that never gets there
        process.send_signal(number)
        time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert err == "error: stopped; nothing unfinished is left behind\n"
    assert names(desk) == before


def test_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    dicetalk("emotions", "--json")
    assert signal.getsignal(signal.SIGTERM) is before
    assert not issubclass(Stopped, Exception)  # no `except Exception` on the way may swallow it


def test_a_reader_who_leaves_is_no_error() -> None:
    code = "import sys; from dicetalk.cli import main; main()"
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-c", code, "emotions"], stdout=pipe, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a device that is always full")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--help", "the output cannot be written (No space left on device); give it another place"),
        ("emotions --json", "the output cannot be written (No space left on device); give it another place"),
        ("emotions gone.safetensors --json", "gone.safetensors cannot be opened (No such file or directory)"),
    ],
)
def test_an_output_that_is_full_is_told_in_a_line(arguments: str, says: str) -> None:
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "dicetalk", *arguments.split()]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == YOURS_TO_FIX
    assert done.stderr.startswith(f"error: {says}") and done.stderr.count("\n") == 1


def test_an_error_as_json_lists_the_faces(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("generate", "face.jpg", "speech.wav", "--face", "3", "--json") == 2
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert err == ""
    assert record.keys() == {"error", "kind", "faces"}
    assert record["kind"] == "NoFaceError"
    ((left, top, right, bottom),) = record["faces"]
    assert 0 < left < right < 512 and 0 < top < bottom < 600


def test_other_errors_as_json(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("generate", "face.jpg", "speech.wav", "-e", "hapy", "--json") == 2
    record = json.loads(capsys.readouterr().out)
    assert record["kind"] == "EmotionError" and "did you mean 'happy'" in record["error"]
    assert dicetalk("generate", "face.jpg", "--json") == 2
    record = json.loads(capsys.readouterr().out)
    assert record == {
        "error": "there is no speech; give a recording, seconds to idle, or curves to play",
        "kind": "InputError",
    }


def test_misuse_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("generate", "face.jpg", "speech.wav", "--face", "first") == 2
    err = capsys.readouterr().err
    assert "Usage: dicetalk generate" in err and "'first' is not a valid integer" in err

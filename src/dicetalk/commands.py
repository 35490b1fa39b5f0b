"""Programs that a user names by a command line: run without a shell, and for so long only."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dicetalk.errors import ConfigError, InputError

END = 2000
"""Of a complaint, what is looked at [bytes]."""


@dataclass(frozen=True)
class Command:
    """A program and its arguments, in which `{names}` stand for what is given when it runs.

    Attributes:
        role: what it is to us, "judge" say.
        words: of its command line.
    """

    role: str
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the program, or of the script that it runs."""
        scripts = [word for word in self.words if word.endswith((".py", ".sh", ".R", ".js"))]
        return Path(scripts[0] if scripts else self.words[0]).stem

    def has(self, field: str) -> bool:
        """Whether a field, `{text}` say, stands in it."""
        return any(field in word for word in self.words)

    def run(self, given: Mapping[str, str], answer: Path, patience: float, task: str) -> None:
        """Run it to its end. What it prints goes into a file.

        Args:
            given: what stands for each field in its words; no other field in that is looked at.
            answer: the file for its standard output.
            patience: what it may take [s].
            task: what that is for, "a clip" say.

        Raises:
            ConfigError: it cannot be started.
            InputError: it fails, or takes too long.
        """
        words = [_filled(word, given) for word in self.words]
        with tempfile.TemporaryFile() as complaint:
            code = self._run(words, answer, complaint, patience, task)
            if code != 0:
                raise InputError(f"the {self.role} {self.name} ended with code {code} ({_last_line(complaint)})")

    def _run(self, words: Sequence[str], answer: Path, complaint: IO[bytes], patience: float, task: str) -> int:
        """Its exit code. It leads a group of processes, so that none of them outlives one that takes too long."""
        with answer.open("wb") as out:
            process = self._started(words, out, complaint)
            try:
                return process.wait(patience)
            except subprocess.TimeoutExpired:
                raise InputError(
                    f"the {self.role} {self.name} took more than {patience:g} s for {task}; give a quicker one"
                ) from None
            finally:
                if process.poll() is None:
                    _end(process)

    def _started(self, words: Sequence[str], out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        except (OSError, ValueError) as error:  # a value error: a zero byte in an argument
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(
                f"the {self.role}'s program {words[0]!r} cannot be started ({why}); give one that is made for this "
                "machine, and before a script name its interpreter, such as python"
            ) from None


def command_of(role: str, line: str) -> Command:
    """The program that a command line names.

    Raises:
        ConfigError: it cannot be split into words, or there is no such program.
    """
    try:
        words = tuple(shlex.split(line))
    except ValueError as error:
        raise ConfigError(f"the {role} {line!r} is no command line ({error}); close its quotes") from None
    if not words:
        raise ConfigError(f"the {role} is empty; give a command line")
    if shutil.which(words[0]) is None:
        raise ConfigError(f"the {role}'s program {words[0]!r} is not found; give its whole path")
    return Command(role, words)


def _filled(word: str, given: Mapping[str, str]) -> str:
    """A word with what is given in the place of its fields, in one go: what is given may look like a field."""
    for field, value in given.items():
        head, sign, tail = word.partition(field)
        if sign:
            return _filled(head, given) + value + _filled(tail, given)
    return word


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg") and hasattr(signal, "SIGKILL"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _last_line(complaint: IO[bytes]) -> str:
    """The end of what was written to standard error, in a few words."""
    complaint.seek(max(0, complaint.seek(0, os.SEEK_END) - END))
    lines = complaint.read(END).decode(errors="replace").split("\n")
    said = [" ".join(line.split()) for line in lines if line.strip()]
    return said[-1][:200] if said else "it said nothing"

"""Who tells which emotion a clip shows: our own embedder, and any other program that looks at frames."""

from __future__ import annotations

import json
import math
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

import numpy as np

from dicetalk.arrays import Picture
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.vocabulary import resolve
from dicetalk.errors import ConfigError, EmotionError, InputError
from dicetalk.media import write_picture
from dicetalk.motion.space import Motion
from dicetalk.recording import Recording
from dicetalk.sources.like import resembled

FRAMES = "{frames}"
"""Stands in a command for the folder of frames."""
PATIENCE = 300.0
"""What a command may take for a clip [s]."""
MOST = 1_000_000
"""Of an answer [bytes]."""
END = 2000
"""Of a complaint, what is looked at [bytes]."""
SHOWN = 8
"""Frames of a clip, spread evenly."""

Reading = Mapping[str, float]
"""Shares by name of an emotion, together 1."""


def own_reading(motion: Motion) -> Reading:
    """What the shipped embedder reads of a face, without its voice."""
    rows = np.column_stack([motion.shapes, motion.pose])
    _, likeness = resembled([Recording(None, rows)], shipped_embedder())
    return dict(likeness.ranked())


@dataclass(frozen=True)
class Judge:
    """A program that looks at the frames in a folder and prints a JSON object of probabilities by emotion.

    Attributes:
        words: of its command line; `{frames}` in them is the folder.
    """

    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the program, or of the script that it runs."""
        scripts = [word for word in self.words if word.endswith((".py", ".sh", ".R", ".js"))]
        return Path(scripts[0] if scripts else self.words[0]).stem


def judge_of(command: str) -> Judge:
    """The judge that a command line names; it is run without a shell.

    Raises:
        ConfigError: it cannot be split into words, has no `{frames}`, or there is no such program.
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise ConfigError(f"the judge {command!r} is no command line ({error}); close its quotes") from None
    if not any(FRAMES in word for word in words):
        raise ConfigError(f"the judge {command!r} is not told where the frames are; write {FRAMES} for their folder")
    if shutil.which(words[0]) is None:
        raise ConfigError(f"the judge's program {words[0]!r} is not found; give its whole path")
    return Judge(words)


def ask(judge: Judge, frames: Sequence[Picture], patience: float = PATIENCE) -> Reading:
    """What a judge says of frames (H, W, 3).

    Raises:
        ConfigError: its program cannot be started.
        InputError: it fails, takes too long, or answers something else than a JSON object of probabilities.
    """
    with tempfile.TemporaryDirectory() as folder:
        shown, answer, complaint = (Path(folder) / name for name in ("frames", "answer", "complaint"))
        shown.mkdir()
        for number, frame in enumerate(frames):
            write_picture(shown / f"frame_{number:05d}.png", frame)
        words = [word.replace(FRAMES, str(shown)) for word in judge.words]
        code = _run(judge, words, answer, complaint, patience)
        if code != 0:
            raise InputError(f"the judge {judge.name} ended with code {code} ({_last_line(complaint)})")
        return _understood(judge, answer)


def _run(judge: Judge, words: Sequence[str], answer: Path, complaint: Path, patience: float) -> int:
    """Its exit code. It leads a group of processes, so that none of them outlives a judge that takes too long."""
    with answer.open("wb") as out, complaint.open("wb") as err:
        process = _started(words, out, err)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            raise InputError(
                f"the judge {judge.name} took more than {patience:g} s for a clip; give a quicker one"
            ) from None
        finally:
            if process.poll() is None:
                _end(process)


def _started(words: Sequence[str], out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
    except OSError as error:
        raise ConfigError(
            f"the judge's program {words[0]!r} cannot be started ({error.strerror}); give one that is made for this "
            "machine, and before a script name its interpreter, such as python"
        ) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg") and hasattr(signal, "SIGKILL"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _last_line(complaint: Path) -> str:
    """The end of what was written to standard error, in a few words."""
    with complaint.open("rb") as file:
        file.seek(max(0, complaint.stat().st_size - END))
        lines = file.read(END).decode(errors="replace").split("\n")
    said = [" ".join(line.split()) for line in lines if line.strip()]
    return said[-1][:200] if said else "it said nothing"


def _understood(judge: Judge, answer: Path) -> Reading:
    expected = 'expected a JSON object of probabilities such as {"happy": 0.7, "sad": 0.3}'
    with answer.open("rb") as file:
        said = file.read(MOST + 1)
    try:
        told = json.loads(said) if len(said) <= MOST else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not told:
        raise InputError(f"the judge {judge.name} answered {said[:60]!r}; {expected}")
    if any(type(value) not in (int, float) or not 0 <= value < math.inf for value in told.values()):
        raise InputError(f"the judge {judge.name} gave something else than numbers from 0; {expected}")
    shares: dict[str, float] = {}
    for name, value in told.items():
        shares[_known(name)] = shares.get(_known(name), 0.0) + float(value)
    whole = math.fsum(shares.values())
    if not 0 < whole < math.inf:
        raise InputError(f"the judge {judge.name} gave probabilities that add up to {whole:g}; {expected}")
    return {name: value / whole for name, value in shares.items()}


def _known(name: str) -> str:
    """A name of the vocabulary, or that of a class which only the judge knows."""
    try:
        return resolve(name)
    except EmotionError:
        return name.strip().lower()[:40]


def strongest_of(reading: Reading) -> str:
    """The name with the largest share."""
    return max(reading, key=lambda name: reading[name])

"""A reply spoken by any program that makes speech of text, and its beats on the words of that."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dicetalk.emotion.course import Course
from dicetalk.emotion.moments import Moment
from dicetalk.errors import InputError, MediaError
from dicetalk.files import taking_place
from dicetalk.media import Waveform, read_sound
from dicetalk.rates import FPS
from dicetalk.reply.planned import Beat, Planned
from dicetalk.speech import Speech, listen
from dicetalk.words.sentences import words

TEXT, OUTPUT = "{text}", "{output}"
LONGEST = 120.0
"""That a program may take [s]."""
LETTERS_A_SECOND = 14.0
"""Of a reply that nobody has spoken."""
SHORTEST = 0.04
"""Of a beat: a frame [s]."""


def speak(template: str, text: str, output: Path) -> None:
    """Have a reply spoken into a file, whole or not at all.

    Args:
        template: a program and what it is given, as in `espeak-ng -w {output} {text}`; no shell sees it.
        text: what is said.
        output: the sound to write.

    Raises:
        InputError: the template is not understood, or the program fails or takes too long.
        MediaError: the file cannot be written, or what the program wrote is no speech.
    """
    parts = template_parts(template)
    with taking_place(output) as hidden:
        _run([_filled(part, text, hidden) for part in parts])
        try:
            read_sound(hidden)
        except MediaError as error:
            said = str(error).replace(str(hidden), "what the program wrote")
            raise InputError(f"{said}; check the template of --tts") from None


def template_parts(template: str) -> list[str]:
    """The program of a template, and what it is given.

    Raises:
        InputError: it is not understood, or lacks one of the places.
    """
    try:
        parts = shlex.split(template)
    except ValueError:
        parts = []
    if not parts or not all(any(place in part for part in parts[1:]) for place in (TEXT, OUTPUT)):
        raise InputError(f"--tts is not understood; expected a program with {OUTPUT} and {TEXT}, as in {EXAMPLE!r}")
    return parts


EXAMPLE = f"espeak-ng -w {OUTPUT} {TEXT}"


def _filled(part: str, text: str, output: Path) -> str:
    """A part with what stands in its places; text never begins an option."""
    safe = f" {text}" if text.startswith("-") and part == TEXT else text
    return part.replace(OUTPUT, "\0").replace(TEXT, safe).replace("\0", str(output))


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LONGEST,
            check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise InputError(f"there is no program {command[0]!r}; install it, or name another with --tts") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"{command[0]!r} took over {LONGEST:g} s; name another program with --tts") from None
    except OSError as error:
        raise InputError(f"{command[0]!r} cannot be run ({error.strerror}); name another with --tts") from None
    if done.returncode != 0:
        raise InputError(f"{command[0]!r} ended with code {done.returncode}; try the command of --tts by itself")


def course_of(planned: Planned, waveform: Waveform | None = None) -> Course:
    """The beats of a reply in time.

    Args:
        planned: the reply.
        waveform: in which it is spoken, (N,) int16 at 16 kHz; None reckons with a usual pace.
    """
    cuts = beat_times(planned.beats, waveform)
    moments = [
        Moment(start, end, text=beat.words) for beat, start, end in zip(planned.beats, cuts, cuts[1:], strict=False)
    ]
    return Course(moments, [beat.feeling for beat in planned.beats])


def beat_times(beats: Sequence[Beat], waveform: Waveform | None) -> list[float]:
    """Where beats begin, and the last one ends [s]: on their words, as these are found in the sound.

    Where they are not, and without sound, as far into the time of speaking as their letters are in the text.
    """
    heard = None if waveform is None else listen(waveform)
    times = (None if heard is None else _found(beats, heard)) or _shared(beats, heard)
    apart = SHORTEST * np.arange(len(times))
    return [round(float(time), 3) for time in np.maximum.accumulate(times - apart) + apart]


def _found(beats: Sequence[Beat], heard: Speech) -> list[float] | None:
    """Where the first word of each beat begins, and the last one ends [s]; None where the words do not fit."""
    from dicetalk.words.alignment import FITS, align  # with numba, which takes a while to load

    said = [[word.text for word in words(beat.words)] for beat in beats]
    try:
        spoken = align([word for some in said for word in some], heard.phones)
    except InputError:  # too many words for so little sound
        return None
    firsts = np.cumsum([0, *map(len, said[:-1])])
    starts = [spoken.times[min(first, len(spoken.times) - 1)][0] for first in firsts.tolist()]
    return [*starts, spoken.times[-1][1]] if spoken.fit >= FITS else None


def _shared(beats: Sequence[Beat], heard: Speech | None) -> list[float]:
    """The same by letters; pauses are passed over."""
    letters = np.cumsum([0, *(sum(sign.isalnum() for sign in beat.words) for beat in beats)])
    if heard is None:
        return [float(time) for time in letters / LETTERS_A_SECOND]
    spoken = np.flatnonzero(~heard.silence)
    rows = spoken if len(spoken) else np.arange(max(heard.frames, 1))
    shares = letters / letters[-1]
    places = np.interp(shares * len(rows), np.arange(len(rows) + 1), [*rows, rows[-1] + 1])
    return [float(place) for place in places / FPS]

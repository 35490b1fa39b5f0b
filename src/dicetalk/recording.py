"""One recording as the embedder takes it: what is heard of the voice and what is seen of the face, 25 rows a second."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.errors import InputError, MediaError, NoFaceError, naming
from dicetalk.files import existing_file
from dicetalk.media import Sound, Waveform, is_still, probe, read_photo, read_sound
from dicetalk.media.channel import Channel
from dicetalk.rates import FPS
from dicetalk.speech import listen
from dicetalk.speech.rows import speech_rows

EVERY = 2
"""Faces are looked at in every second frame: four frames become one token of the embedder."""


MOMENT = 1.0
"""What is shorter [s] tells nothing beside the rest."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A stretch of one person's speech.

    Attributes:
        speech: (T, C) rows of `speech.rows`; None without a voice.
        motion: (T, 58) 52 shapes and the head's pose; None without a face.
        lacks: why a modality is missing, in one line; "" if it was not looked for or both are there.
        warnings: what is wrong with the file and did not stop the work, one line each.
    """

    speech: Float32 | None
    motion: Float32 | None
    lacks: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def senses(self) -> list[str]:
        """What there is of it, in words."""
        there = (("voice", self.speech), ("face", self.motion))
        return [name for name, rows in there if rows is not None]


@dataclass(frozen=True)
class Missing:
    """A modality that cannot be read.

    Attributes:
        why: in one line.
    """

    why: str


def heard(waveform: Waveform) -> Recording:
    """A voice alone: `waveform` (N,) int16 mono at 16 kHz."""
    return Recording(speech_rows(waveform, listen(waveform)), None)


def perceive(path: Path, channel: Channel | None = None) -> Recording:
    """What can be heard and seen in a file; if only one of both is there, it is that one, and `lacks` says so.

    Args:
        path: of a sound, a video or a photo.
        channel: of the sound: "left", "right" or a number from 1; None mixes all of them.

    Raises:
        MediaError: the file cannot be read.
        InputError: there is neither a voice nor a face in it, or no such channel.
    """
    if is_still(existing_file(path)):
        return _photographed(path)
    pictures, sound = probe(path)
    if pictures is None:
        alone = read_sound(path, channel=channel)
        return replace(heard(alone.waveform), warnings=alone.warnings)
    with _beside(path) as face:
        spoken = _spoken(path, channel) if sound is not None else Missing(f"{path} has no sound")
        voice = spoken if isinstance(spoken, Missing) else heard(spoken.waveform).speech
        seen = _answer(face)
    voice, seen = _worthy(path, voice, seen)
    reasons = [found.why for found in (voice, seen) if isinstance(found, Missing)]
    if len(reasons) == 2:
        raise InputError(f"neither voice nor face can be read: {reasons[0]}; {reasons[1]}")
    speech = None if isinstance(voice, Missing) else voice
    motion = None if isinstance(seen, Missing) else seen
    warnings = () if isinstance(spoken, Missing) else spoken.warnings
    return Recording(*_alike(speech, motion), lacks="".join(reasons), warnings=warnings)


def _photographed(path: Path) -> Recording:
    """The face of a photo, held for a second.

    Raises:
        MediaError: the photo cannot be read.
        NoFaceError: no face is seen in it.
    """
    from dicetalk.portrait.framing import face_of
    from dicetalk.tracking.fitting import read_landmarks

    photo = read_photo(path)
    with naming(path):
        face = face_of(photo.picture, None)
    motion = read_landmarks(np.repeat(face.landmarks[None].astype(np.float64), FPS, axis=0))
    return Recording(None, np.column_stack([motion.shapes, motion.pose]), warnings=photo.warnings)


def _spoken(path: Path, channel: Channel | None) -> Sound | Missing:
    """The sound, or why there is none."""
    try:
        return read_sound(path, channel=channel)
    except MediaError as error:
        return Missing(str(error))


@contextmanager
def _beside(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks at the face while this one listens: in one process each would wait for the other."""
    command = [sys.executable, "-P", "-c", "from dicetalk.recording import tell_seen; tell_seen()", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as face:
        try:
            yield face
        finally:
            face.kill()


def _answer(face: subprocess.Popen[bytes]) -> Float32 | Missing:
    """What the process beside has seen: rows of motion, or the reason why there are none.

    Raises:
        RuntimeError: it ended without an answer, after it has said why on standard error.
    """
    said, _ = face.communicate()
    if face.returncode != 0:
        raise RuntimeError(f"the process that looks at the face ended with code {face.returncode}")
    found = np.load(io.BytesIO(said), allow_pickle=False)
    return Missing(str(found)) if found.ndim == 0 else np.asarray(found, np.float32)


def tell_seen() -> None:
    """Write what is seen in the file named on the command line to standard output, in NumPy's format."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both; whoever started this one ends it
    answer, seen = io.BytesIO(), _seen(Path(sys.argv[1]))
    np.save(answer, np.asarray(seen.why if isinstance(seen, Missing) else seen), allow_pickle=False)
    sys.stdout.buffer.write(answer.getvalue())


def _seen(path: Path) -> Float32 | Missing:
    """Rows of motion, or the reason why there are none."""
    from dicetalk.tracking.tracker import watch  # half a second, which only this process has to spend

    try:
        motion = watch(path, every=EVERY).motion
    except (MediaError, NoFaceError) as error:
        return Missing(str(error))
    return np.column_stack([motion.shapes, motion.pose])


def _worthy(
    path: Path, voice: Float32 | Missing | None, seen: Float32 | Missing
) -> tuple[Float32 | Missing | None, Float32 | Missing]:
    """Both, without one that is over before it tells anything, as a cover picture is: they are cut to the shorter."""
    if isinstance(voice, Missing) or voice is None or isinstance(seen, Missing):
        return voice, seen
    heard, shown = len(voice) / FPS, len(seen) / FPS
    if min(heard, shown) >= min(MOMENT, 0.5 * max(heard, shown)):
        return voice, seen
    if shown < heard:
        return voice, Missing(f"{path} has pictures for {shown:.2f} s of {heard:.1f}")
    return Missing(f"{path} has sound for {heard:.2f} s of {shown:.1f}"), seen


def _alike(speech: Float32 | None, motion: Float32 | None) -> tuple[Float32 | None, Float32 | None]:
    """Both cut to the shorter of the two: sound and pictures of a file seldom end together."""
    if speech is None or motion is None:
        return speech, motion
    frames = min(len(speech), len(motion))
    return speech[:frames], motion[:frames]

"""A corpus -> cached samples: speech features and acted motion at 25 frames a second. Parallel; the same call resumes.

The folder holds `clips/NAME.safetensors`, one a clip, and, written last, `clips.csv` and `dropped.csv`. A clip's file
has `speech` (T, 85) and, where its emotion is known, `motion` (K, T, 58): what K virtual actors, who belong to this
identity alone, look like saying it. A neutral clip has `contempt` (K, T, 58) as well, which few corpora have. `voices`
(V, T, 85), if any, is the speech as V other speakers say it elsewhere.
"""

from __future__ import annotations

import csv
import hashlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from dicetalk.data.clip import Clip, Corpus, Dropped
from dicetalk.data.procedural import perform_as, virtual_actor
from dicetalk.data.voices import Voices, another_voice
from dicetalk.errors import InputError, MediaError
from dicetalk.media import Waveform, read_sound
from dicetalk.speech import Speech, listen, listen_like
from dicetalk.speech.rows import speech_rows

Array = npt.NDArray[np.float16]
Progress = Callable[[int, int], None]
"""Called with clips done and clips in all."""

TABLE, DROPPED, CLIPS = "clips.csv", "dropped.csv", "clips"
COLUMNS = ("name", "corpus", "identity", "emotion", "strength", "sentence", "frames")


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How a corpus is prepared.

    Attributes:
        faces: virtual actors to an identity.
        voices: other speakers, places and channels to a clip.
        workers: processes.
    """

    faces: int = 4
    voices: int = 3
    workers: int = 1


@dataclass(frozen=True)
class Report:
    """What became of a corpus: clips prepared, how many of them now, and what was dropped with its reason."""

    clips: int
    new: int
    dropped: tuple[Dropped, ...]


def prepare(corpus: Corpus, out: Path, options: Preparation, progress: Progress | None = None) -> Report:
    """Prepare every clip that is not there yet; a clip that cannot be read is dropped, never the run.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        (out / CLIPS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out} cannot be made ({error.strerror}); choose another folder") from error
    lengths: dict[str, int] = {}
    dropped = list(corpus.dropped)
    files = {clip.name: _file(clip, out / CLIPS) for clip in corpus.clips}
    before = {name for name, file in files.items() if _prepared_frames(file, options.voices) is not None}
    for clip, result in zip(corpus.clips, _prepared(corpus.clips, out / CLIPS, options), strict=True):
        if isinstance(result, str):
            dropped.append(Dropped(clip.sound or Path(clip.name), result))
        else:
            lengths[clip.name] = result
        if progress is not None:
            progress(len(lengths) + len(dropped) - len(corpus.dropped), len(corpus.clips))
    _write_tables(out, [clip for clip in corpus.clips if clip.name in lengths], lengths, dropped)
    return Report(len(lengths), len(lengths.keys() - before), tuple(dropped))


def _prepared(clips: Sequence[Clip], out: Path, options: Preparation) -> Iterator[int | str]:
    """The number of frames of each clip, or the reason why it has none, in order."""
    work = partial(prepare_clip, out=out, options=options)
    if options.workers == 1:
        yield from map(work, clips)
        return
    # A forked process would inherit locks that the libraries' threads hold.
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, clips, chunksize=4)


def prepare_clip(clip: Clip, out: Path, options: Preparation) -> int | str:
    """Write one clip's samples, unless they are there; gives its frames, or the reason why it cannot be used."""
    target = _file(clip, out)
    frames = _prepared_frames(target, options.voices)
    if frames is not None:
        return frames
    target.unlink(missing_ok=True)
    if clip.sound is None:
        return "has no sound"
    try:
        waveform = read_sound(clip.sound).waveform
        samples = _samples(clip, waveform, options)
    except MediaError as error:
        return str(error)
    new = target.with_suffix(".new")
    save_file(samples, new)
    new.replace(target)
    return len(samples["speech"])


def _file(clip: Clip, out: Path) -> Path:
    return out / f"{clip.name}.safetensors"


def _prepared_frames(file: Path, voices: int) -> int | None:
    """Frames of a clip that is prepared with so many other voices, None where it has to be prepared anew."""
    try:
        with safe_open(file, "np") as tensors:
            lengths = {name: int(tensors.get_slice(name).get_shape()[0]) for name in tensors.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return None
    return lengths.get("speech") if lengths.get("voices", 0) == voices else None


def _samples(clip: Clip, waveform: Waveform, options: Preparation) -> dict[str, Array]:
    speech = listen(waveform)
    samples = {"speech": speech_rows(speech).astype(np.float16)}
    if options.voices:
        samples["voices"] = _said_by_others(clip, waveform, speech, options.voices)
    if clip.emotion is not None:
        samples["motion"] = _acted(clip, speech, options.faces, clip.emotion)
    if clip.emotion == "neutral":
        samples["contempt"] = _acted(clip, speech, options.faces, "contempt")
    return samples


def _said_by_others(clip: Clip, waveform: Waveform, speech: Speech, voices: int) -> Array:
    """(voices, T, 85) float16: rows of the clip as others say it elsewhere, its pauses where they were."""
    rows = []
    for voice in range(voices):
        rng = np.random.default_rng(_number(clip.corpus, clip.name, "voice", str(voice)))
        rows.append(speech_rows(listen_like(another_voice(waveform, rng, Voices()), speech)))
    return np.array(rows, np.float16)


def _acted(clip: Clip, speech: Speech, faces: int, emotion: str) -> Array:
    """(faces, T, 58) float16: the clip as the identity's own virtual actors say it."""
    strength = 1.0 if clip.emotion == "neutral" else clip.strength
    takes = []
    for face in range(faces):
        actor = virtual_actor(_number(clip.identity, str(face)))
        motion = perform_as(actor, speech, emotion, strength, _number(clip.corpus, clip.name, emotion, str(face)))
        takes.append(np.column_stack([motion.shapes, motion.pose]))
    return np.array(takes, np.float16)


def _number(*names: str) -> int:
    """A seed from names: the same on every machine, and never shared by two people."""
    return int.from_bytes(hashlib.sha256("/".join(names).encode()).digest()[:6], "big")


def _write_tables(out: Path, clips: Sequence[Clip], lengths: dict[str, int], dropped: Sequence[Dropped]) -> None:
    rows = [(c.name, c.corpus, c.identity, c.emotion or "", c.strength, c.sentence, lengths[c.name]) for c in clips]
    _write_table(out / DROPPED, ("file", "reason"), [(drop.file.name, drop.reason) for drop in dropped])
    _write_table(out / TABLE, COLUMNS, rows)


def _write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    new = path.with_suffix(".new")
    with new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    new.replace(path)

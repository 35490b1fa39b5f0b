"""A corpus -> cached samples: speech features and acted motion at 25 frames a second. Parallel; the same call resumes.

The folder holds `clips/NAME.safetensors`, one a clip, and, written last, `clips.csv` and `dropped.csv`. A clip's file
has `speech` (T, 85) and, where its emotion is known, `motion` (K, T, 58): what K virtual actors, who belong to this
identity alone, look like saying it. A neutral clip has `contempt` (K, T, 58) as well, which few corpora have.
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
from dicetalk.errors import InputError, MediaError
from dicetalk.media import read_sound
from dicetalk.speech import Speech, listen
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
        workers: processes.
    """

    faces: int = 4
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
    before = {clip.name for clip in corpus.clips if (out / CLIPS / f"{clip.name}.safetensors").exists()}
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
    work = partial(prepare_clip, out=out, faces=options.faces)
    if options.workers == 1:
        yield from map(work, clips)
        return
    # A forked process would inherit locks that the libraries' threads hold.
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, clips, chunksize=4)


def prepare_clip(clip: Clip, out: Path, faces: int) -> int | str:
    """Write one clip's samples, unless they are there; gives its frames, or the reason why it cannot be used."""
    target = out / f"{clip.name}.safetensors"
    if target.exists():
        try:
            with safe_open(target, "np") as file:
                return int(file.get_slice("speech").get_shape()[0])
        except SafetensorError:
            target.unlink()
    if clip.sound is None:
        return "has no sound"
    try:
        speech = listen(read_sound(clip.sound).waveform)
    except MediaError as error:
        return str(error)
    new = target.with_suffix(".new")
    save_file(_samples(clip, speech, faces), new)
    new.replace(target)
    return speech.frames


def _samples(clip: Clip, speech: Speech, faces: int) -> dict[str, Array]:
    samples = {"speech": speech_rows(speech).astype(np.float16)}
    if clip.emotion is not None:
        samples["motion"] = _acted(clip, speech, faces, clip.emotion)
    if clip.emotion == "neutral":
        samples["contempt"] = _acted(clip, speech, faces, "contempt")
    return samples


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

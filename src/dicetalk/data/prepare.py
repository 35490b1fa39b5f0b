"""A corpus -> cached samples: speech features and facial motion at 25 frames a second. Parallel; the same call resumes.

The folder holds `clips/NAME.safetensors`, one a clip, and, written last, `clips.csv` and `dropped.csv`. A clip's file
has `speech` (T, 85), and `motion`: of a filmed clip (1, T, 58), read off its pictures; of a sound whose emotion is
known (K, T, 58), what K virtual actors, who belong to this identity alone, look like saying it. A neutral sound has
`contempt` (K, T, 58) as well, which few corpora have. `crops/NAME.mp4` is the square around a filmed face.

A clip which lacks a voice or a face goes on with the other; `clips.csv` says which are there, and why not.
"""

from __future__ import annotations

import csv
import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from dicetalk.data.clip import Clip, Corpus, Dropped
from dicetalk.data.film import Film, read_film, write_crop
from dicetalk.data.procedural import perform_as, virtual_actor
from dicetalk.errors import InputError, MediaError
from dicetalk.media import read_sound
from dicetalk.speech import Speech, listen
from dicetalk.speech.rows import COLUMNS as SPEECH_COLUMNS
from dicetalk.speech.rows import speech_rows

Array = npt.NDArray[np.float16]
Progress = Callable[[int, int], None]
"""Called with clips done and clips in all."""

TABLE, DROPPED, CLIPS = "clips.csv", "dropped.csv", "clips"
CROPS = "crops"
COLUMNS = (
    *("name", "corpus", "identity", "emotion", "strength", "sentence", "frames", "heard", "seen", "offset", "note"),
)


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How a corpus is prepared.

    Attributes:
        faces: virtual actors to an identity whose face is not filmed.
        crop: side of the crops of filmed faces [px], even; 0 writes none.
        workers: processes.
    """

    faces: int = 4
    crop: int = 256
    workers: int = 1


@dataclass(frozen=True)
class Prepared:
    """What a clip's file holds.

    Attributes:
        frames: T.
        heard: whether there is a voice.
        seen: whether a face was filmed, and read.
        offset: of the pictures against the sound [frames], None where it is not sure.
        note: why a voice or a face is missing, in one line; "" where nothing is.
    """

    frames: int
    heard: bool = True
    seen: bool = False
    offset: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Report:
    """What became of a corpus: clips prepared, how many of them now, what was dropped or is missing, and why.

    `incomplete` are clips which go on without a voice or without a face.
    """

    clips: int
    new: int
    dropped: tuple[Dropped, ...]
    incomplete: tuple[Dropped, ...] = ()


def prepare(corpus: Corpus, out: Path, options: Preparation, progress: Progress | None = None) -> Report:
    """Prepare every clip that is not there yet; a clip that cannot be read is dropped, never the run.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        (out / CLIPS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out} cannot be made ({error.strerror}); choose another folder") from error
    if options.crop:
        (out / CROPS).mkdir(exist_ok=True)
    done: dict[str, Prepared] = {}
    dropped = list(corpus.dropped)
    before = {clip.name for clip in corpus.clips if (out / CLIPS / f"{clip.name}.safetensors").exists()}
    for number, (clip, result) in enumerate(zip(corpus.clips, _prepared(corpus.clips, out, options), strict=True), 1):
        if isinstance(result, str):
            dropped.append(Dropped(clip.sound or clip.video or Path(clip.name), result))
        else:
            done[clip.name] = result
        if progress is not None:
            progress(number, len(corpus.clips))
    kept = [clip for clip in corpus.clips if clip.name in done]
    _write_tables(out, kept, done, dropped)
    incomplete = [Dropped(Path(clip.name), done[clip.name].note) for clip in kept if done[clip.name].note]
    return Report(len(done), len(done.keys() - before), tuple(dropped), tuple(incomplete))


def _prepared(clips: Sequence[Clip], out: Path, options: Preparation) -> Iterator[Prepared | str]:
    """What each clip's file holds, or the reason why there is none, in order."""
    work = partial(prepare_clip, out=out, options=options)
    if options.workers == 1:
        yield from map(work, clips)
        return
    # A forked process would inherit locks that the libraries' threads hold.
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, clips, chunksize=4)


def prepare_clip(clip: Clip, out: Path, options: Preparation) -> Prepared | str:
    """Write one clip's samples, unless they are there; gives what they hold, or why the clip cannot be used."""
    target = out / CLIPS / f"{clip.name}.safetensors"
    known = _known(target)
    if known is not None:
        return known
    speech = _listened(clip)
    film = _watched(clip, speech)
    if isinstance(speech, str) and not isinstance(film, Film):
        return speech if film is None else f"{speech}; {film}"
    samples, found = _samples(clip, speech, film, options)
    if isinstance(film, Film) and clip.video is not None and options.crop:
        write_crop(clip.video, film.box, found.frames, options.crop, out / CROPS / f"{clip.name}.mp4")
    new = target.with_suffix(".new")
    save_file(samples, new, {"prepared": json.dumps(asdict(found))})
    new.replace(target)
    return found


def _known(target: Path) -> Prepared | None:
    """What a file that is there holds; a damaged one is removed."""
    if not target.exists():
        return None
    try:
        with safe_open(target, "np") as file:
            return Prepared(**json.loads(file.metadata()["prepared"]))
    except (SafetensorError, KeyError, TypeError, ValueError):
        target.unlink()
        return None


def _listened(clip: Clip) -> Speech | str:
    """The clip's speech, or the reason why there is none."""
    if clip.sound is None:
        return "has no sound"
    try:
        return listen(read_sound(clip.sound).waveform)
    except MediaError as error:
        return str(error)


def _watched(clip: Clip, speech: Speech | str) -> Film | str | None:
    """The clip's film, or the reason why its pictures are not used; None for a sound."""
    if clip.video is None:
        return None
    return read_film(clip.video, None if isinstance(speech, str) else speech)


def _samples(
    clip: Clip, speech: Speech | str, film: Film | str | None, options: Preparation
) -> tuple[dict[str, Array], Prepared]:
    """The tensors of a clip's file and what they are; a voice or a film is there."""
    note = "; ".join(found for found in (speech, film) if isinstance(found, str))
    if isinstance(film, Film):
        voice = None if isinstance(speech, str) else speech_rows(speech)
        frames = len(film.motion) if voice is None else min(len(voice), len(film.motion))
        rows = np.zeros((frames, len(SPEECH_COLUMNS)), np.float32) if voice is None else voice[:frames]
        samples = {"speech": rows.astype(np.float16), "motion": film.motion[None, :frames].astype(np.float16)}
        offset = film.offset.frames if film.offset is not None and film.offset.sure else None
        return samples, Prepared(frames, voice is not None, True, offset, note)
    assert not isinstance(speech, str)
    samples = {"speech": speech_rows(speech).astype(np.float16)}
    if clip.emotion is not None:
        samples["motion"] = _acted(clip, speech, options.faces, clip.emotion)
    if clip.emotion == "neutral":
        samples["contempt"] = _acted(clip, speech, options.faces, "contempt")
    return samples, Prepared(speech.frames, note=note)


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


def _write_tables(out: Path, clips: Sequence[Clip], done: dict[str, Prepared], dropped: Sequence[Dropped]) -> None:
    rows = [_row(clip, done[clip.name]) for clip in clips]
    _write_table(out / DROPPED, ("file", "reason"), [(drop.file.name, drop.reason) for drop in dropped])
    _write_table(out / TABLE, COLUMNS, rows)


def _row(clip: Clip, found: Prepared) -> tuple[object, ...]:
    known = (clip.name, clip.corpus, clip.identity, clip.emotion or "", clip.strength, clip.sentence)
    offset = "" if found.offset is None else found.offset
    return (*known, found.frames, int(found.heard), int(found.seen), offset, found.note)


def _write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    new = path.with_suffix(".new")
    with new.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    new.replace(path)

"""Passages of speech and the motion that belongs to it: what the motion model learns from.

A passage's file has `speech` (V, T, 119), as it is heard in the recording itself and in V - 1 others of the same words
by other voices, in other rooms and with noise. Of K performances it has `motion` (K, T, 58) without blinks and
glances, which are no matter of speech, `resting` (K, 52) the face at rest, and `feelings` (K, T, 8) the weights of what
is felt. A filmed passage has one performance.

Beside them stands who speaks: of synthesised speech the voice, whose name says whether it is held out; of a recording
what is known of it, that too. Which recordings count, the folder's table says.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dicetalk.arrays import Float16, Int64
from dicetalk.data.prepare import TABLE
from dicetalk.data.provenance import read_record
from dicetalk.data.samples import PASSAGES
from dicetalk.data.synthetic import is_held_out
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import InputError
from dicetalk.files import whole
from dicetalk.motion.space import POSE, SHAPES
from dicetalk.speech.stream import SPEECH

SUFFIX = ".safetensors"
VOICE, RECORDING = "voice", "recording"
"""Of a file's metadata: the name of a synthesiser's voice, or JSON of a recording, with `held_out`."""
COLUMNS = {"speech": SPEECH, "motion": len(SHAPES) + len(POSE), "feelings": len(NAMES), "resting": len(SHAPES)}

SOURCE, COUNT = "speech", "passages"
"""Of what a folder of acted speech says of itself: which speech, and once it is complete, how many passages."""

Tensors = dict[str, Float16]


@dataclass(frozen=True, eq=False)
class Acted:
    """Passages in memory, one behind the other.

    Attributes:
        speech: (V, N, 119) float16.
        motion: (K, N, 58) float16.
        feelings: (K, N, 8) float16.
        resting: (K, P, 52) float16.
        starts: (P + 1,) first row of each passage, and the one behind the last.
    """

    speech: Float16
    motion: Float16
    feelings: Float16
    resting: Float16
    starts: Int64


@dataclass(frozen=True, eq=False)
class Filed:
    """A passage as it lies in its file.

    Attributes:
        tensors: all of `COLUMNS`.
        held_out: whether nobody learns from who speaks.
        filmed: whether the motion was seen in a film, and not acted.
        corpus: what it is of; "synthetic" where a synthesiser speaks.
    """

    tensors: Tensors
    held_out: bool
    filmed: bool
    corpus: str


def write_passage(path: Path, tensors: Tensors, told: Mapping[str, str]) -> None:
    """Write a passage's file.

    Args:
        path: of the file.
        tensors: what it holds.
        told: one entry: the order of several is not the same each time.
    """
    with whole(path) as hidden:
        hidden.write_bytes(save({name: np.ascontiguousarray(each) for name, each in tensors.items()}, dict(told)))


def read_acted(folders: Sequence[Path], *, held_out: bool = False) -> Acted:
    """Everything that was prepared of people who are learned from, or of those that are held out.

    The one performance of a filmed passage is repeated where others have several.

    Raises:
        InputError: nothing of this kind in the folders, not of the same kind in all, not prepared to its end, or a file
            is missing, damaged or made for another network.
    """
    return acted_of(read_passages(folders), folders, held_out=held_out)


def acted_of(found: Sequence[Filed], folders: Sequence[Path], *, held_out: bool) -> Acted:
    """The same of what was read of the folders.

    Raises:
        InputError: nothing of this kind, or not of the same kind in all.
    """
    read = [one for one in found if one.held_out == held_out]
    if not read:
        kind = "of voices that are held out" if held_out else "of voices to learn from"
        raise InputError(f"{_listed(folders)} has no acted speech {kind}; prepare more with `dicetalk prepare`")
    performances = {len(one.tensors["motion"]) for one in read if not one.filmed} or {1}
    voices = {len(one.tensors["speech"]) - 1 for one in read}
    if len(performances) > 1 or len(voices) > 1:
        raise InputError(
            f"{_listed(folders)} hold passages of different kinds (faces: {_counted(performances)}; voices: "
            f"{_counted(voices)}); prepare them anew, with the same --faces and --voices"
        )
    alike = [_repeated(one.tensors, *performances) for one in read]
    speech, motion, feelings = (
        np.concatenate([each[name] for each in alike], axis=1) for name in ("speech", "motion", "feelings")
    )
    resting = np.stack([each["resting"] for each in alike], axis=1)
    starts = np.cumsum([0, *(each["speech"].shape[1] for each in alike)])
    return Acted(speech, motion, feelings, resting, starts)


def _listed(folders: Sequence[Path]) -> str:
    return ", ".join(str(folder) for folder in folders)


def _counted(counts: Collection[int]) -> str:
    return " or ".join(str(count) for count in sorted(counts))


def _repeated(tensors: Tensors, performances: int) -> Tensors:
    """A passage with as many performances."""
    chosen = np.arange(performances) % len(tensors["motion"])
    return {name: each if name == "speech" else each[chosen] for name, each in tensors.items()}


def _files(folder: Path) -> Iterator[Path]:
    """The files of a folder that count: those that its table names, if it has one."""
    if not (folder / PASSAGES).is_dir():
        raise InputError(
            f"{folder} has no acted speech; make some with `dicetalk prepare acted`, or `prepare ravdess --for motion`"
        )
    if not (folder / TABLE).exists():
        files = sorted((folder / PASSAGES).glob(f"*{SUFFIX}"))
        record = read_record(folder)
        if record is not None and SOURCE in record and record.get(COUNT) != len(files):
            raise InputError(f"{folder} is not complete; run the same `dicetalk prepare acted` again")
        yield from files
        return
    with (folder / TABLE).open(newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            yield folder / PASSAGES / f"{row.get('name')}{SUFFIX}"


def read_passages(folders: Sequence[Path]) -> list[Filed]:
    """What the files of folders hold; each is opened once.

    Raises:
        InputError: nothing of this kind in a folder, not prepared to its end, or a file is missing, damaged or made for
            another network.
    """
    return [_read(file) for folder in folders for file in _files(folder)]


def _read(file: Path) -> Filed:
    try:
        with safe_open(file, "numpy") as held:
            told = held.metadata() or {}
            held_out = _is_held_out(file, told)
            recording = json.loads(told[RECORDING]) if RECORDING in told else None
            filmed = recording is not None and bool(recording["found"]["seen"])
            corpus = "synthetic" if recording is None else str(recording["corpus"])
            tensors = {name: held.get_tensor(name) for name in COLUMNS}
    except (OSError, SafetensorError, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{file} cannot be read ({reason}); delete it and run `dicetalk prepare` again") from None
    _check(file, tensors)
    return Filed(tensors, held_out, filmed, corpus)


def corpora(found: Sequence[Filed]) -> tuple[str, ...]:
    """What passages are of, in order: "synthetic", or the names of corpora."""
    return tuple(sorted({one.corpus for one in found}))


def _is_held_out(file: Path, told: Mapping[str, str]) -> bool:
    if VOICE in told:
        return is_held_out(told[VOICE])
    if not (file.parents[1] / TABLE).exists():
        raise InputError(f"{file.parents[1]} has no {TABLE}; run `dicetalk prepare` again, to its end")
    recording: dict[str, Any] = json.loads(told[RECORDING])
    return bool(recording["held_out"])


def _check(file: Path, tensors: Tensors) -> None:
    """Make sure that a passage is one: (V, T, 119), (K, T, 58), (K, T, 8), (K, 52), all finite."""
    for name, columns in COLUMNS.items():
        if tensors[name].ndim != 3 - (name == "resting") or tensors[name].shape[-1] != columns:
            raise _unlike(file, f"{name} of {tensors[name].shape}, {columns} columns are expected")
        if not np.isfinite(tensors[name]).all():
            raise _unlike(file, f"{name} that is not finite")
    frames = {tensors[name].shape[1] for name in ("speech", "motion", "feelings")}
    performances = {len(tensors[name]) for name in ("motion", "feelings", "resting")}
    if len(frames) > 1 or len(performances) > 1 or 0 in frames | performances | {len(tensors["speech"])}:
        shapes = ", ".join(f"{name} {each.shape}" for name, each in tensors.items())
        raise _unlike(file, f"tensors that do not fit together: {shapes}")


def _unlike(file: Path, found: str) -> InputError:
    return InputError(f"{file} has {found}; delete the prepared folder and run `dicetalk prepare` again")

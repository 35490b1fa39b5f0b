"""Prepared clips in memory, and the samples that training draws of them."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from dicetalk.data.augment import Augmentation, augment_speech, cut, read_at
from dicetalk.data.prepare import CLIPS, TABLE
from dicetalk.emotion.embedder import MOTION_WIDTH, SPEECH_WIDTH, EmotionEmbedder, Gaussian
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import InputError

MOST_FRAMES = 250
"""Of a longer clip the first 10 s are held."""


@dataclass(frozen=True)
class Recordings:
    """Prepared clips of known emotion, N of them, K faces to each, at most T frames.

    Attributes:
        names: of the clips.
        people: names of the identities, in order.
        emotions: number in the vocabulary, `(N,)`.
        identities: number in `people`, `(N,)`.
        strengths: 0 to 1, `(N,)`.
        lengths: [frames], `(N,)`.
        speech: `(N, T, 85)` float16, 0 behind the end.
        motion: `(N, K, T, 58)` float16, 0 behind the end.
        heard: False where the speech does not tell the emotion, `(N,)`.
    """

    names: tuple[str, ...]
    people: tuple[str, ...]
    emotions: Tensor
    identities: Tensor
    strengths: Tensor
    lengths: Tensor
    speech: Tensor
    motion: Tensor
    heard: Tensor

    def __len__(self) -> int:
        return len(self.names)

    def part(self, chosen: Tensor) -> Recordings:
        """The clips where `chosen` `(N,)` is True."""
        kept = {name: getattr(self, name)[chosen] for name in _COLUMNS}
        names = tuple(name for name, keep in zip(self.names, chosen.tolist(), strict=True) if keep)
        return replace(self, names=names, **kept)

    def of(self, people: Collection[str]) -> Recordings:
        """The clips of some people."""
        numbers = torch.tensor([n for n, who in enumerate(self.people) if who in people], dtype=torch.long)
        return self.part(torch.isin(self.identities, numbers))


_COLUMNS = ("emotions", "identities", "strengths", "lengths", "speech", "motion", "heard")


@dataclass(frozen=True)
class Batch:
    """What the embedder learns from, B samples of T frames; shapes as `EmotionEmbedder.forward` takes them."""

    speech: Tensor
    motion: Tensor
    inside: Tensor
    heard: Tensor
    emotions: Tensor
    identities: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(*(getattr(self, column.name).to(device) for column in fields(self)))


@dataclass(frozen=True)
class _Entry:
    """One row of Recordings."""

    name: str
    identity: str
    emotion: str
    strength: float
    speech: Tensor
    motion: Tensor
    heard: bool


def load_recordings(folder: Path) -> Recordings:
    """Read what `prepare` wrote; clips of unknown emotion are passed over.

    Raises:
        InputError: no prepared folder, or a file of it is missing or damaged.
    """
    table = folder / TABLE
    if not table.is_file():
        raise InputError(f"{folder} has no {TABLE}; expected a folder written by `dicetalk prepare`, run to its end")
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["emotion"]]
    entries = [entry for row in rows for entry in _entries(folder, row)]
    if not entries:
        raise InputError(f"{table} holds no clip of known emotion; nothing can be learned from it")
    return _stacked(entries)


def _entries(folder: Path, row: dict[str, str]) -> list[_Entry]:
    """A clip, and its contempt if it has that: said in a neutral voice, which tells nothing of contempt."""
    file = folder / CLIPS / f"{row['name']}.safetensors"
    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file} cannot be read ({error}); delete it and run `dicetalk prepare` again") from None
    speech = tensors["speech"][:MOST_FRAMES]
    found = [(row["name"], row["emotion"], tensors["motion"], True)]
    if "contempt" in tensors:
        found.append((f"{row['name']}_contempt", "contempt", tensors["contempt"], False))
    return [
        _Entry(name, row["identity"], emotion, float(row["strength"]), speech, motion[:, :MOST_FRAMES], heard)
        for name, emotion, motion, heard in found
    ]


def _stacked(entries: Sequence[_Entry]) -> Recordings:
    people = tuple(sorted({entry.identity for entry in entries}))
    lengths = [len(entry.speech) for entry in entries]
    speech = torch.zeros(len(entries), max(lengths), SPEECH_WIDTH, dtype=torch.float16)
    motion = torch.zeros(len(entries), len(entries[0].motion), max(lengths), MOTION_WIDTH, dtype=torch.float16)
    for number, (entry, length) in enumerate(zip(entries, lengths, strict=True)):
        speech[number, :length] = entry.speech
        motion[number, :, :length] = entry.motion
    return Recordings(
        tuple(entry.name for entry in entries),
        people,
        torch.tensor([NAMES.index(entry.emotion) for entry in entries]),
        torch.tensor([people.index(entry.identity) for entry in entries]),
        torch.tensor([entry.strength for entry in entries]),
        torch.tensor(lengths),
        speech,
        motion,
        torch.tensor([entry.heard for entry in entries]),
    )


def draw(
    recordings: Recordings, chosen: Tensor, frames: int, options: Augmentation, generator: torch.Generator
) -> Batch:
    """Training samples: a random stretch of each chosen clip, another voice, one of its faces.

    Args:
        recordings: N clips.
        chosen: which, `(B,)`.
        frames: T of the samples.
        options: how far the voice may be moved.
        generator: the source of chance.
    """
    places, inside = cut(recordings.lengths[chosen].float(), frames, options.rate, generator)
    face = torch.randint(recordings.motion.shape[1], (len(chosen),), generator=generator)
    return Batch(
        augment_speech(read_at(recordings.speech[chosen].float(), places), options, generator),
        read_at(recordings.motion[chosen, face].float(), places),
        inside,
        recordings.heard[chosen],
        recordings.emotions[chosen],
        recordings.identities[chosen],
    )


def whole(recordings: Recordings, chosen: Tensor, face: int = 0) -> Batch:
    """Whole clips as they are, with one of their faces."""
    lengths = recordings.lengths[chosen]
    frames = int(lengths.max())
    return Batch(
        recordings.speech[chosen, :frames].float(),
        recordings.motion[chosen, face, :frames].float(),
        torch.arange(frames) < lengths[:, None],
        recordings.heard[chosen],
        recordings.emotions[chosen],
        recordings.identities[chosen],
    )


@torch.inference_mode()
def embed(net: EmotionEmbedder, recordings: Recordings, *, heard: bool, seen: bool, face: int = 0) -> Gaussian:
    """The Gaussians of whole clips, from speech, from one of their faces, or from both."""
    found = []
    for chosen in torch.arange(len(recordings)).split(64):
        batch = whole(recordings, chosen, face)
        streams = (torch.full(batch.heard.shape, there) for there in (heard, seen))
        found.append(net(batch.speech, batch.motion, batch.inside, *streams))
    return Gaussian(torch.cat([g.mean for g in found]), torch.cat([g.variance for g in found]))

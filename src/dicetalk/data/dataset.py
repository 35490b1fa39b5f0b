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

from dicetalk.data.augment import Augmentation, Misreading, augment_speech, cut, misread_motion, read_at
from dicetalk.data.prepare import TABLE
from dicetalk.data.samples import CLIPS
from dicetalk.emotion.embedder import MOTION_WIDTH, SPEECH_WIDTH, EmotionEmbedder, Gaussian
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import InputError
from dicetalk.motion.space import SHAPES
from dicetalk.rates import FPS

MOST_FRAMES = 10 * FPS
"""Of a longer clip the first 10 s are held."""


@dataclass(frozen=True)
class Recordings:
    """Prepared clips of known emotion, N of them, K faces and V other voices to each, at most T frames.

    Attributes:
        names: of the clips.
        people: names of the identities, in order.
        emotions: number in the vocabulary, `(N,)`.
        identities: number in `people`, `(N,)`.
        strengths: 0 to 1, `(N,)`.
        lengths: [frames], `(N,)`.
        speech: `(N, V + 1, T, C)` float16, 0 behind the end; voice 0 is the recording itself.
        motion: `(N, K, T, 58)` float16, 0 behind the end.
        faces: how many of the K are its own, `(N,)`; a filmed clip has one, which the others repeat.
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
    faces: Tensor
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


_COLUMNS = ("emotions", "identities", "strengths", "lengths", "speech", "motion", "faces", "heard")


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
    """One row of Recordings, its speech `(V + 1, T, C)`."""

    name: str
    identity: str
    emotion: str
    strength: float
    speech: Tensor
    motion: Tensor
    heard: bool


def load_recordings(*folders: Path) -> Recordings:
    """Read what `prepare` wrote into one folder or more; clips of unknown emotion are passed over.

    Raises:
        InputError: no prepared folder, a file of it is missing or damaged, or clips differ in their number of voices or
            in the columns of their speech.
    """
    entries = [entry for folder in folders for row in _rows(folder) for entry in _entries(folder, row)]
    if not entries:
        raise InputError(f"{folders[0] / TABLE} holds no clip of known emotion; nothing can be learned from it")
    _check_alike(entries)
    return _stacked(entries)


def _rows(folder: Path) -> list[dict[str, str]]:
    """Of the table, the lines with an emotion."""
    table = folder / TABLE
    if not table.is_file():
        raise InputError(f"{folder} has no {TABLE}; expected a folder written by `dicetalk prepare`, run to its end")
    with table.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["emotion"]]


def _check_alike(entries: Sequence[_Entry]) -> None:
    first = entries[0]
    for entry in entries:
        if entry.speech.shape[2] != SPEECH_WIDTH:
            found = f"{entry.name} has {entry.speech.shape[2]} columns of speech, {SPEECH_WIDTH} expected"
            raise InputError(f"{found}; delete the prepared folder and run `dicetalk prepare` again")
        if len(entry.speech) != len(first.speech):
            found = f"{first.name} {len(first.speech) - 1} other voices, {entry.name} {len(entry.speech) - 1}"
            raise InputError(f"clips of different kinds ({found}); run `dicetalk prepare` again, to its end")


def _entries(folder: Path, row: dict[str, str]) -> list[_Entry]:
    """A clip, and its contempt if it has that: said in a neutral voice, which tells nothing of contempt."""
    file = folder / CLIPS / f"{row['name']}.safetensors"
    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file} cannot be read ({error}); delete it and run `dicetalk prepare` again") from None
    voices = (tensors["speech"][None], *((tensors["voices"],) if "voices" in tensors else ()))
    speech = torch.cat(voices)[:, :MOST_FRAMES]
    found = [(row["name"], row["emotion"], tensors["motion"], row.get("heard", "1") == "1")]
    if "contempt" in tensors:
        found.append((f"{row['name']}_contempt", "contempt", tensors["contempt"], False))
    return [
        _Entry(name, row["identity"], emotion, float(row["strength"]), speech, motion[:, :MOST_FRAMES], heard)
        for name, emotion, motion, heard in found
    ]


def _stacked(entries: Sequence[_Entry]) -> Recordings:
    people = tuple(sorted({entry.identity for entry in entries}))
    lengths = [entry.speech.shape[1] for entry in entries]
    speech = torch.zeros(len(entries), len(entries[0].speech), max(lengths), SPEECH_WIDTH, dtype=torch.float16)
    faces = max(len(entry.motion) for entry in entries)  # a filmed clip has one
    motion = torch.zeros(len(entries), faces, max(lengths), MOTION_WIDTH, dtype=torch.float16)
    for number, (entry, length) in enumerate(zip(entries, lengths, strict=True)):
        speech[number, :, :length] = entry.speech
        motion[number, :, :length] = entry.motion[torch.arange(faces) % len(entry.motion)]
    return Recordings(
        tuple(entry.name for entry in entries),
        people,
        torch.tensor([NAMES.index(entry.emotion) for entry in entries]),
        torch.tensor([people.index(entry.identity) for entry in entries]),
        torch.tensor([entry.strength for entry in entries]),
        torch.tensor(lengths),
        speech,
        motion,
        torch.tensor([len(entry.motion) for entry in entries]),
        torch.tensor([entry.heard for entry in entries]),
    )


def draw(
    recordings: Recordings,
    chosen: Tensor,
    frames: int,
    spread: Tensor,
    options: Augmentation,
    misreading: Misreading,
    generator: torch.Generator,
) -> Batch:
    """Training samples: a random stretch of each chosen clip, one of its voices moved further, a face misread.

    Args:
        recordings: N clips.
        chosen: which, `(B,)`.
        frames: T of the samples.
        spread: of the columns of speech, `(C,)`.
        options: how far the voice may be moved.
        misreading: how far the motion may be.
        generator: the source of chance.
    """
    places, inside = cut(recordings.lengths[chosen].float(), frames, options.rate, generator)
    face = torch.randint(recordings.motion.shape[1], (len(chosen),), generator=generator)
    motion = read_at(recordings.motion[chosen, face].float(), places)
    voice = _voices(len(chosen), recordings.speech.shape[1] - 1, generator)
    return Batch(
        augment_speech(read_at(recordings.speech[chosen, voice].float(), places), spread, options, generator),
        held_straight(misread_motion(motion, misreading, generator), inside),
        inside,
        recordings.heard[chosen],
        recordings.emotions[chosen],
        recordings.identities[chosen],
    )


def _voices(count: int, others: int, generator: torch.Generator) -> Tensor:
    """(count,) numbers of voices: a third of them 0, the recording itself, the rest any of the others."""
    if not others:
        return torch.zeros(count, dtype=torch.long)
    other = torch.randint(1, others + 1, (count,), generator=generator)
    return other * (torch.rand(count, generator=generator) < 2 / 3)


def whole(recordings: Recordings, chosen: Tensor, face: int = 0) -> Batch:
    """Whole clips as they were recorded, with one of their faces."""
    lengths = recordings.lengths[chosen]
    frames = int(lengths.max())
    inside = torch.arange(frames) < lengths[:, None]
    return Batch(
        recordings.speech[chosen, 0, :frames].float(),
        held_straight(recordings.motion[chosen, face, :frames].float(), inside),
        inside,
        recordings.heard[chosen],
        recordings.emotions[chosen],
        recordings.identities[chosen],
    )


def held_straight(motion: Tensor, inside: Tensor) -> Tensor:
    """Motion `(B, T, 58)` whose pose is relative to how the head is held on average, as it is when read off video."""
    pose = motion[..., len(SHAPES) :]
    share = inside[..., None].float()
    mean = (pose * share).sum(1, keepdim=True) / share.sum(1, keepdim=True)
    return torch.cat([motion[..., : len(SHAPES)], (pose - mean) * share], dim=2)


@torch.inference_mode()
def embed(net: EmotionEmbedder, recordings: Recordings, *, heard: bool, seen: bool, face: int = 0) -> Gaussian:
    """The Gaussians of whole clips, from speech, from one of their faces, or from both."""
    found = []
    for chosen in torch.arange(len(recordings)).split(64):
        batch = whole(recordings, chosen, face)
        streams = (torch.full(batch.heard.shape, there) for there in (heard, seen))
        found.append(net(batch.speech, batch.motion, batch.inside, *streams))
    return Gaussian(torch.cat([g.mean for g in found]), torch.cat([g.variance for g in found]))

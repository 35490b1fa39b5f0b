"""Virtual actors who say synthesised speech: what the motion model learns from.

The rules act on the *true* phones, which only a synthesiser knows; what is kept beside is what the product hears in the
sound. So whoever learns from both can come out ahead of the rules, who are given what is heard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from dicetalk.acting.performer import lip_closing, lips_shut
from dicetalk.amounts import Amounts
from dicetalk.arrays import Float16, Float32, Float64, UInt8, Waveform
from dicetalk.data.passages import COUNT, SOURCE, SUFFIX, VOICE, write_passage
from dicetalk.data.procedural import VirtualActor, feeling_of, perform_as, virtual_actor
from dicetalk.data.provenance import RECORD, Record, claim, write_record
from dicetalk.data.samples import PASSAGES
from dicetalk.data.synthetic import Shard, read_shard, shard_files
from dicetalk.data.voices import Voices, another_voice
from dicetalk.data.workers import spread
from dicetalk.easing import smoothstep
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.files import remove_abandoned
from dicetalk.motion.space import index
from dicetalk.rates import FPS, HOP, HOPS_PER_FRAME, HOPS_PER_SECOND
from dicetalk.speech import Speech, listen
from dicetalk.speech.broad import PHONES, SILENCE
from dicetalk.speech.stream import hear_rows

WITHIN = 8
"""Hops that a passage goes on into the pause that ends it."""
LEAST_HOPS = 2 * HOPS_PER_SECOND
"""Of a passage that is worth acting out."""
TURN_S = (0.1, 1.0)
"""How long a feeling takes to turn into another one [s]."""
CLOSE = index("mouthClose")
CALM = Amounts(blink=0.0, gaze="camera")
MOVED = Voices(speaker=0.5, room=0.3, noise=0.7)
"""How the other recordings of a passage differ."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Casting:
    """How much is acted.

    Attributes:
        performances: K, of each passage, by as many actors.
        hearings: V, of each passage.
        actors: there are.
        seconds: a passage is cut at the first pause behind so many.
        turns: share of the performances in which the feeling turns.
        mixed: share of the feelings that are of two emotions.
        seed: of actors, feelings and takes.
        workers: processes.
    """

    performances: int = 4
    hearings: int = 4
    actors: int = 400
    seconds: float = 8.0
    turns: float = 0.6
    mixed: float = 0.3
    seed: int = 0
    workers: int = 1


@dataclass(frozen=True, eq=False)
class Passage:
    """A stretch of a shard.

    Attributes:
        name: of its file.
        sound: (160 N,) int16.
        phones: (N,) its true broad phones; N is a multiple of 4.
    """

    name: str
    sound: Waveform
    phones: UInt8


def passages(shard: Shard, seconds: float) -> Iterator[Passage]:
    """A shard in passages that end in pauses."""
    start, least = 0, round(seconds * HOPS_PER_SECOND)
    silent = shard.phones == SILENCE
    pauses = np.flatnonzero(silent[WITHIN:] & silent[:-WITHIN]) + WITHIN
    while start + LEAST_HOPS < len(shard.phones):
        behind = pauses[np.searchsorted(pauses, start + least) :]
        stop = int(behind[0]) if len(behind) else len(shard.phones)
        stop = start + (stop - start) // HOPS_PER_FRAME * HOPS_PER_FRAME
        if stop - start >= LEAST_HOPS:
            yield Passage(
                f"{shard.name.replace(' ', '_')}-{start}",
                shard.sound[start * HOP : stop * HOP],
                shard.phones[start:stop],
            )
        start = max(stop, start + HOPS_PER_FRAME)


def prepare_acted(source: Path, out: Path, options: Casting, progress: Progress | None = None) -> int:
    """Act out the synthesised speech of a folder; gives how many passages there are.

    Voices that are held out are acted as well: `read_acted` tells them apart. The same call goes on.

    Raises:
        InputError: nothing of this kind in the folder, or the other one was made by something else.
    """
    told = ("performances", "hearings", "actors", "seconds", "turns", "mixed", "seed")
    files = shard_files(source)
    made_by: Record = {name: getattr(options, name) for name in told} | {SOURCE: _digest(files)}
    record = claim(out, made_by, held=any((out / PASSAGES).glob(f"*{SUFFIX}")))
    (out / PASSAGES).mkdir(exist_ok=True)
    work = partial(_act_shard, out=out, options=options)
    counts = spread(work, files, options.workers) if options.workers > 1 else (work(file) for file in files)
    made = 0
    try:
        with closing(counts):
            for done, count in enumerate(counts, 1):
                made += count
                if progress is not None:
                    progress(done, len(files))
    finally:  # a worker that was stopped could not
        remove_abandoned(out / PASSAGES)
    write_record(out, record | {COUNT: made})
    return made


def _digest(files: Sequence[Path]) -> str:
    """What tells one folder of shards from another: their names and sizes, and by what they were made."""
    record = files[0].parent / RECORD
    told = [f"{file.name} {file.stat().st_size}" for file in files]
    told += [record.read_text("utf-8")] if record.exists() else []
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _act_shard(file: Path, out: Path, options: Casting) -> int:
    """Act out all passages of a shard that are not there yet; gives how many it has."""
    shard = read_shard(file)
    count = 0
    for passage in passages(shard, options.seconds):
        count += 1
        target = out / PASSAGES / f"{passage.name}{SUFFIX}"
        if not target.exists():
            write_passage(target, act_out(passage, options), {VOICE: shard.name})
    return count


def act_out(passage: Passage, options: Casting) -> dict[str, Float16]:
    """What a passage's file holds."""
    heard = listen(passage.sound)
    told = truly_said(heard, passage.phones)
    drawn = np.random.default_rng([options.seed, *hashlib.sha256(passage.name.encode()).digest()[:8]])
    acted = [_performance(told, drawn, options) for _ in range(options.performances)]
    motion, resting, feelings = (np.stack(column).astype(np.float16) for column in zip(*acted, strict=True))
    speech = hearings(passage.sound, options.hearings, drawn)
    return {"speech": speech, "motion": motion, "resting": resting, "feelings": feelings}


def hearings(sound: Waveform, count: int, drawn: np.random.Generator) -> Float16:
    """(count, T, 119) rows of a sound as it is, and as others say it elsewhere."""
    sounds = [sound, *(another_voice(sound, drawn, MOVED) for _ in range(count - 1))]
    return np.stack([np.concatenate(list(hear_rows(each))) for each in sounds]).astype(np.float16)


def truly_said(heard: Speech, phones: UInt8) -> Speech:
    """What was heard (T rows), but with the true phones (4 T,) in place of the shares that were heard."""
    return replace(heard, phones=np.eye(len(PHONES), dtype=np.float32)[phones])


def _performance(told: Speech, drawn: np.random.Generator, options: Casting) -> tuple[Float32, Float32, Float32]:
    """One actor's motion (T, 58), resting face (52,) and feelings (T, 8)."""
    actor = virtual_actor(int(drawn.integers(options.actors)))
    take = int(drawn.integers(2**31))
    one, feelings = acted_out(actor, told, _feeling(drawn, options.mixed), take)
    if drawn.random() < options.turns:
        turned, later = acted_out(actor, told, _feeling(drawn, options.mixed), take)
        middle = drawn.uniform(0.2, 0.8) * told.frames
        length = drawn.uniform(*TURN_S) * FPS
        share = smoothstep((np.arange(told.frames) - middle) / length + 0.5)[:, None]
        one, feelings = one + share * (turned - one), feelings + share * (later - feelings)
    return np.asarray(one, np.float32), actor.resting.astype(np.float32), np.asarray(feelings, np.float32)


def _feeling(drawn: np.random.Generator, mixed: float) -> Float64:
    """Weights (8,) of one emotion, or of two in a share of the cases."""
    first, second = (feeling_of(str(drawn.choice(NAMES)), float(drawn.uniform(0.3, 1.0))) for _ in range(2))
    share = float(drawn.uniform(0.2, 0.8)) if drawn.random() < mixed else 0.0
    return (1 - share) * first + share * second


def acted_out(actor: VirtualActor, told: Speech, feeling: Float64, take: int) -> tuple[Float32, Float32]:
    """Motion (T, 58) in one feeling (8,), without blinks and glances, and its weights (T, 8)."""
    motion = perform_as(actor, told, feeling, take, CALM)
    _shut_lips(motion.shapes, told)
    return np.column_stack([motion.shapes, motion.pose]), np.tile(feeling.astype(np.float32), (told.frames, 1))


def _shut_lips(shapes: Float32, told: Speech) -> None:
    """Let lips meet where they should, whatever an actor's habits make of the shapes (T, 52); changed in place."""
    shut = lips_shut(told)
    shapes[:, CLOSE] = 0
    shapes[:, CLOSE] = shut * lip_closing(shapes.astype(np.float64))

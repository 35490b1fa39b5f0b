"""A corpus of synthesised speech that knows its phones: sentences of catalogues by the voices of `synthesisers`.

A file a voice: its sentences one after the other with pauses between them, and the broad phone of each hop. The same
seed and programs give the same files.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from dicetalk.arrays import UInt8, Waveform
from dicetalk.data.catalogues import read_sentences
from dicetalk.data.ipa import broad_phones
from dicetalk.data.synthesisers import (
    ESPEAK,
    FESTIVAL,
    FLITE,
    RECORDED,
    Spoken,
    Voice,
    espeak_speaks,
    installed,
    recordings,
    speak,
)
from dicetalk.errors import InputError
from dicetalk.files import whole, writing
from dicetalk.rates import HOP, HOPS_PER_SECOND

HELD_OUT_LANGUAGES = frozenset({"de", "ko", "pl"})
HELD_OUT_VOICES = frozenset({"rms", "ked_diphone", "czech_machac", "f4", "m7", "klatt3", "david"})
"""Never learned from."""
SHARES = {"espeak": 0.4, "flite": 0.25, "festival": 0.35}
"""Of the hours, by program."""
VARIANTS_A_LANGUAGE = 4
LEAST_SENTENCES = 60
"""Fewer say too little of a language."""
PAUSE_S = (0.15, 1.0)
"""Between two sentences [s]."""
SENTENCE_S = 2.2
"""That a sentence lasts on average."""
SUFFIX = ".safetensors"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """How much is spoken.

    Attributes:
        hours: of speech in all, about.
        seed: of sentences, paces and pitches.
        workers: processes at a time.
    """

    hours: float = 7.0
    seed: int = 0
    workers: int = 1


@dataclass(frozen=True)
class Script:
    """What a voice is to read."""

    voice: Voice
    sentences: tuple[str, ...]
    seed: str


@dataclass(frozen=True, eq=False)
class Shard:
    """What a voice spoke.

    Attributes:
        name: program, language, voice.
        sound: (N,) int16 at 16 kHz.
        phones: (N // 160,) the broad phone of each hop.
        voiced: (N // 160,) 1 where the voice sounds.
    """

    name: str
    sound: Waveform
    phones: UInt8
    voiced: UInt8

    @property
    def held_out(self) -> bool:
        """Whether it is kept for measuring."""
        return is_held_out(self.name)


def is_held_out(name: str) -> bool:
    """Whether a voice, by program, language and its own name, is never learned from."""
    _, language, voice = name.split(" ")
    return language.split("-")[0] in HELD_OUT_LANGUAGES or voice in HELD_OUT_VOICES


def prepare_synthetic(
    catalogues: Path, out: Path, options: Synthesis, progress: Progress | None = None
) -> tuple[int, int]:
    """Let all voices read; gives how many files there are, and how many voices read nothing.

    The same call goes on where it was stopped.

    Raises:
        InputError: no catalogues, no program that speaks, or a file that cannot be written.
    """
    scripts = write_scripts(read_sentences(catalogues), options)
    if not scripts:
        raise InputError(f"{catalogues} has no language that a voice here reads")
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    missing = [script for script in scripts if not (out / f"{script.voice}{SUFFIX}").exists()]
    with ThreadPoolExecutor(options.workers) as pool:
        for done, _ in enumerate(pool.map(lambda script: _in_a_process(script, out), missing), 1):
            if progress is not None:
                progress(done, len(missing))
    made = sum((out / f"{script.voice}{SUFFIX}").exists() for script in scripts)
    return made, len(scripts) - made


def write_scripts(sentences: Mapping[str, Sequence[str]], options: Synthesis) -> list[Script]:
    """Which voice reads what; languages and voices get about the same time within a program."""
    voices = {program: list(find(sentences)) for program, find in _FINDERS.items()}
    scripts = []
    for program, found in voices.items():
        count = round(options.hours * SHARES[program] * 3600 / (SENTENCE_S * max(len(found), 1)))
        for voice in found:
            seed = f"{options.seed} {voice}"
            known = sentences[voice.language]
            chosen = random.Random(seed).sample(known, min(max(count, 1), len(known)))
            scripts.append(Script(voice, tuple(chosen), seed))
    return [*scripts, *_recorded_scripts(options)]


def _recorded_scripts(options: Synthesis) -> Iterator[Script]:
    """All recordings that voices bring along."""
    for (language, name), licence in RECORDED.items():
        voice = Voice("recorded", language, name, licence)
        if names := recordings(name):
            yield Script(voice, tuple(names), f"{options.seed} {voice}")


def _espeak_voices(sentences: Mapping[str, Sequence[str]]) -> Iterator[Voice]:
    spoken = [each for each in sentences if len(sentences[each]) >= LEAST_SENTENCES and espeak_speaks(each)]
    for number, language in enumerate(spoken):
        for place in range(VARIANTS_A_LANGUAGE):
            variant = ESPEAK[(VARIANTS_A_LANGUAGE * number + place) % len(ESPEAK)]
            yield Voice("espeak", language, variant, "GPL-3+")


def _flite_voices(sentences: Mapping[str, Sequence[str]]) -> Iterator[Voice]:
    yield from (
        Voice("flite", "en", name, licence)
        for name, licence in FLITE.items()
        if "en" in sentences and installed("flite")
    )


def _festival_voices(sentences: Mapping[str, Sequence[str]]) -> Iterator[Voice]:
    for (language, name), licence in FESTIVAL.items():
        if language in sentences and installed("festival"):
            yield Voice("festival", language, name, licence)


_FINDERS = {"espeak": _espeak_voices, "flite": _flite_voices, "festival": _festival_voices}


def _in_a_process(script: Script, out: Path) -> None:
    """A script read in a process of its own, a copy of this one: a voice that crashes takes nothing else along."""
    context = get_context("fork")
    faults = context.SimpleQueue()
    process = context.Process(target=_write_or_tell, args=(script, out, faults))
    process.start()
    process.join()
    if not faults.empty():
        raise InputError(faults.get())


def _write_or_tell(script: Script, out: Path, faults: SimpleQueue[str]) -> None:
    try:
        write_shard(script, out)
    except InputError as error:
        faults.put(str(error))


def write_shard(script: Script, out: Path) -> None:
    """Read a script aloud into a file; none where nothing could be spoken."""
    rng = random.Random(script.seed)
    parts = [labelled(spoken, rng.uniform(*PAUSE_S)) for spoken in speak(script.voice, script.sentences, rng)]
    if not parts:
        return
    sound, phones, voiced = (np.concatenate(column) for column in zip(*parts, strict=True))
    voice = script.voice
    told = {"name": f"{voice.program} {voice.language} {voice.name}", "licence": voice.licence}
    with whole(out / f"{voice}{SUFFIX}") as hidden:
        hidden.write_bytes(safetensors.numpy.save({"sound": sound, "phones": phones, "voiced": voiced}, told))


def labelled(spoken: Spoken, pause: float) -> tuple[Waveform, UInt8, UInt8]:
    """A sentence (N,) with a pause [s] behind it, and broad phone and voicing of each of its N / 160 hops."""
    hops = -(-len(spoken.sound) // HOP) + round(pause * HOPS_PER_SECOND)
    sound = np.zeros(hops * HOP, np.int16)
    sound[: len(spoken.sound)] = spoken.sound
    phones, voiced = np.zeros(hops, np.uint8), np.zeros(hops, np.uint8)
    for (start, symbol), (end, _) in zip(spoken.phones, spoken.phones[1:], strict=False):
        seconds = end - start
        for part in broad_phones(symbol, spoken.alphabet):
            stop = start + part.share * seconds
            inside = slice(round(start * HOPS_PER_SECOND), round(stop * HOPS_PER_SECOND))
            phones[inside], voiced[inside] = part.phone, part.voiced
            start = stop
    return sound, phones, voiced


def read_shards(folder: Path) -> Iterator[Shard]:
    """Everything that was prepared, in order.

    Raises:
        InputError: nothing of this kind in the folder, or something else.
    """
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not files:
        raise InputError(f"{folder} has no synthesised speech; make some with `dicetalk prepare synthetic`")
    for file in files:
        yield _read_shard(file)


def _read_shard(file: Path) -> Shard:
    try:
        with safetensors.safe_open(file, "numpy") as held:
            name = (held.metadata() or {}).get("name", "")
            return Shard(name, *(held.get_tensor(column) for column in ("sound", "phones", "voiced")))
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(
            f"{file} is no synthesised speech ({error}); delete it and run `dicetalk prepare synthetic` again"
        ) from None

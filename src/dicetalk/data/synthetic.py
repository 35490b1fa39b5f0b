"""A corpus of synthesised speech that knows its phones: sentences of catalogues by the voices of `synthesisers`.

A file a voice: its sentences one after the other with pauses between them, and the broad phone of each hop. The same
seed, sentences and programs give the same files; `made.json` says which they were, and goes on with no others.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from dicetalk.arrays import UInt8, Waveform
from dicetalk.data.catalogues import read_sentences
from dicetalk.data.ipa import broad_phones
from dicetalk.data.provenance import Record, claim, read_record, write_record
from dicetalk.data.synthesisers import (
    ESPEAK,
    FESTIVAL,
    FLITE,
    PACKAGES,
    RECORDED,
    Spoken,
    Stopped,
    Voice,
    has_voice,
    known_languages,
    recordings,
    speak,
    version,
)
from dicetalk.errors import InputError
from dicetalk.files import whole
from dicetalk.rates import HOP, HOPS_PER_SECOND
from dicetalk.speech.broad import PHONES

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
        workers: programs at a time.
        programs: that speak, of `SHARES`; by default those that are installed, of which eSpeak NG has to be one: it
            alone speaks most languages.
    """

    hours: float = 7.0
    seed: int = 0
    workers: int = 1
    programs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """What came of it.

    Attributes:
        voices: files that there are.
        silent: voices that could read nothing.
        skipped: sentences that a voice could not read.
        lacking: programs that would have spoken, were they installed.
    """

    voices: int
    silent: tuple[Voice, ...]
    skipped: int
    lacking: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """What to tell about it."""
        yield f"{self.voices} voices; {self.skipped} of their sentences could not be spoken"
        if self.silent:
            named = ", ".join(str(voice) for voice in self.silent[:5])
            yield f"{len(self.silent)} voices could read nothing: {named}{' ...' if len(self.silent) > 5 else ''}"
        for name in self.lacking:
            yield f"without {name}, which is not installed (apt-get install {PACKAGES[name]})"


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


def prepare_synthetic(catalogues: Path, out: Path, options: Synthesis, progress: Progress | None = None) -> Made:
    """Let all voices read; the same call goes on where it was stopped.

    Raises:
        InputError: no catalogues, no program that speaks, a folder that was made by something else, or a file that
            cannot be written.
    """
    programs = find_programs(options)
    sentences = read_sentences(catalogues)
    scripts = write_scripts(sentences, options, tuple(programs))
    if not scripts:
        raise InputError(f"{catalogues} has no language that a voice here reads")
    record = claim(out, _made_by(options, programs, sentences), bool(_shards(out)))
    _read_aloud([script for script in scripts if not _file_of(script, out).exists()], out, options.workers, progress)
    made = [script for script in scripts if _file_of(script, out).exists()]
    write_record(out, record | {"voices": {str(script.voice): script.voice.licence for script in made}})
    silent = tuple(script.voice for script in scripts if script not in made)
    skipped = sum(_skipped(_file_of(script, out)) for script in made)
    lacking = () if options.programs else tuple(each for each in SHARES if each not in programs)
    return Made(len(made), silent, skipped, lacking)


def chosen_programs(names: str | None) -> tuple[str, ...]:
    """Programs by their names, with commas between them, in the order of `SHARES`; none for None.

    Raises:
        InputError: there is no such program.
    """
    if names is None:
        return ()
    chosen = {name.strip() for name in names.split(",")}
    if wrong := chosen - set(SHARES):
        raise InputError(f"{min(wrong)!r} is no program that speaks; give some of {','.join(SHARES)}")
    return tuple(name for name in SHARES if name in chosen)


def find_programs(options: Synthesis) -> dict[str, str]:
    """The version of each program that is to speak.

    Raises:
        InputError: one that was asked for, or eSpeak NG where none was, is not installed.
    """
    found = {name: told for name in options.programs or SHARES if (told := version(name)) is not None}
    needed = options.programs or ("espeak",)
    for name in needed:
        if name not in found:
            others = ",".join(each for each in SHARES if version(each) is not None)
            way = f", or let others speak: --programs {others}" if others else ""
            raise InputError(f"{name} is not installed, or its data are not; apt-get install {PACKAGES[name]}{way}")
    return found


def _made_by(options: Synthesis, programs: Mapping[str, str], sentences: Mapping[str, Sequence[str]]) -> Record:
    digest = hashlib.sha256(json.dumps(sentences, sort_keys=True).encode()).hexdigest()[:16]
    return {"hours": options.hours, "seed": options.seed, "programs": dict(programs), "sentences": digest}


def _file_of(script: Script, out: Path) -> Path:
    return out / f"{script.voice}{SUFFIX}"


def _read_aloud(scripts: Sequence[Script], out: Path, workers: int, progress: Progress | None) -> None:
    """Write the files of scripts, several at a time; where one fails, or somebody stops it, the others end as well."""
    stop = Event()
    with ThreadPoolExecutor(workers) as pool:
        try:
            written = [pool.submit(write_shard, script, out, stop.is_set) for script in scripts]
            for done, one in enumerate(as_completed(written), 1):
                one.result()
                if progress is not None:
                    progress(done, len(scripts))
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def write_scripts(sentences: Mapping[str, Sequence[str]], options: Synthesis, programs: Sequence[str]) -> list[Script]:
    """Which voice of some programs reads what; languages and voices get about the same time within a program."""
    scripts = []
    whole_share = sum(SHARES[program] for program in programs)
    for program in programs:
        found = list(_FINDERS[program](sentences))
        seconds = options.hours * 3600 * SHARES[program] / whole_share
        count = round(seconds / (SENTENCE_S * max(len(found), 1)))
        for voice in found:
            seed = f"{options.seed} {voice}"
            known = sentences[voice.language]
            chosen = random.Random(seed).sample(known, min(max(count, 1), len(known)))
            scripts.append(Script(voice, tuple(chosen), seed))
    return [*scripts, *(_recorded_scripts(options) if "festival" in programs else ())]


def _recorded_scripts(options: Synthesis) -> Iterator[Script]:
    """All recordings that voices bring along."""
    for (language, name), licence in RECORDED.items():
        voice = Voice("recorded", language, name, licence)
        if names := recordings(name):
            yield Script(voice, tuple(names), f"{options.seed} {voice}")


def _espeak_voices(sentences: Mapping[str, Sequence[str]]) -> Iterator[Voice]:
    spoken = known_languages([each for each in sentences if len(sentences[each]) >= LEAST_SENTENCES])
    for number, language in enumerate(spoken):
        for place in range(VARIANTS_A_LANGUAGE):
            variant = ESPEAK[(VARIANTS_A_LANGUAGE * number + place) % len(ESPEAK)]
            yield Voice("espeak", language, variant, "GPL-3+")


def _flite_voices(sentences: Mapping[str, Sequence[str]]) -> Iterator[Voice]:
    yield from (Voice("flite", "en", name, licence) for name, licence in FLITE.items() if "en" in sentences)


def _festival_voices(sentences: Mapping[str, Sequence[str]]) -> Iterator[Voice]:
    for (language, name), licence in FESTIVAL.items():
        if language in sentences and has_voice(name):
            yield Voice("festival", language, name, licence)


_FINDERS = {"espeak": _espeak_voices, "flite": _flite_voices, "festival": _festival_voices}


def write_shard(script: Script, out: Path, stopped: Stopped = bool) -> None:
    """Read a script aloud into a file; none where nothing could be spoken.

    Raises:
        DiceTalkError: as `speak`; or the file cannot be written.
    """
    rng = random.Random(script.seed)
    with closing(speak(script.voice, script.sentences, rng, stopped)) as all_spoken:
        parts = [labelled(spoken, rng.uniform(*PAUSE_S)) for spoken in all_spoken]
    if not parts:
        return
    sound, phones, voiced = (np.concatenate(column) for column in zip(*parts, strict=True))
    voice = script.voice
    # One word only is told beside the tensors: of several the order would be by chance.
    name = {"name": f"{voice.program} {voice.language} {voice.name}"}
    tensors: dict[str, NDArray[Any]] = {"sound": sound, "phones": phones, "voiced": voiced}
    tensors["skipped"] = np.array([len(script.sentences) - len(parts)], np.int64)
    with whole(_file_of(script, out)) as hidden:
        hidden.write_bytes(safetensors.numpy.save(tensors, name))


def _skipped(file: Path) -> int:
    """Sentences of a file's script that could not be spoken."""
    with safetensors.safe_open(file, "numpy") as held:
        return int(held.get_tensor("skipped")[0])


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
        InputError: nothing of this kind in the folder, or something else, or not all of it.
    """
    for file in shard_files(folder):
        yield read_shard(file)


def shard_files(folder: Path) -> list[Path]:
    """The files of everything that was prepared, in order.

    Raises:
        InputError: nothing of this kind in the folder, or not all of it.
    """
    files = _shards(folder)
    if not files:
        raise InputError(f"{folder} has no synthesised speech; make some with `dicetalk prepare synthetic`")
    _check_complete(folder, files)
    return files


def _shards(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob(f"*{SUFFIX}") if not file.name.startswith("."))


def _check_complete(folder: Path, files: Sequence[Path]) -> None:
    record = read_record(folder)
    if record is None:
        return  # by hand, or by an older version
    voices = record.get("voices")
    if not isinstance(voices, dict):
        raise InputError(f"{folder} is not finished; run the same `dicetalk prepare synthetic` again")
    missing = voices.keys() - {file.stem for file in files}
    if missing:
        raise InputError(
            f"{folder} lacks {min(missing)}{SUFFIX}, {len(missing)} files in all; "
            "run the same `dicetalk prepare synthetic` again"
        )


def read_shard(file: Path) -> Shard:
    """What a file holds.

    Raises:
        InputError: it is damaged, or none of this kind.
    """
    try:
        with safetensors.safe_open(file, "numpy") as held:
            name = (held.metadata() or {}).get("name", "")
            shard = Shard(name, *(held.get_tensor(column) for column in ("sound", "phones", "voiced")))
        _check_shard(shard)
        return shard
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise InputError(
            f"{file} is no synthesised speech ({error}); delete it and run `dicetalk prepare synthetic` again"
        ) from None


def _check_shard(shard: Shard) -> None:
    hops = shard.phones.shape
    if len(shard.name.split(" ")) != 3:
        raise ValueError(f"its name is {shard.name!r}; expected program, language and voice")
    if shard.sound.dtype != np.int16 or shard.voiced.shape != hops or shard.sound.shape != (hops[0] * HOP,):
        raise ValueError(f"sound {shard.sound.dtype} {shard.sound.shape} does not fit phones {hops}")
    if shard.phones.max(initial=0) >= len(PHONES):
        raise ValueError(f"phone {shard.phones.max()} of {len(PHONES)}")

"""Programs that speak and know when which phone is spoken: eSpeak NG, Flite, Festival. Tools of training: none ships.

One of Festival's voices brings along what a person read to make it, with its phones: read from there it is real speech.

    apt-get install libespeak-ng1 flite festival festvox-{kallpc16k,kdlpc16k,us-slt-hts,italp16k,itapc16k} \\
        festvox-ca-ona-hts festvox-czech-{dita,krb,machac,ph} festvox-suopuhe-{lj,mv} festvox-ru
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import resample_poly

from dicetalk.arrays import Waveform
from dicetalk.data import espeak
from dicetalk.errors import DiceTalkError, InputError
from dicetalk.files import writing
from dicetalk.rates import SPEECH_RATE

Phones = list[tuple[float, str]]
"""Start [s] and symbol of each phone; the last one, of an empty symbol, is where the sound ends."""


@dataclass(frozen=True)
class Voice:
    """A voice of a program.

    Attributes:
        program: espeak, flite or festival; recorded is what a person read.
        language: whose sentences it reads, as `catalogues` names it.
        name: as the program knows it; of espeak a variant.
        licence: of the voice.
    """

    program: str
    language: str
    name: str
    licence: str

    def __str__(self) -> str:
        """Fit for the name of a file."""
        return f"{self.program}-{self.language}-{self.name}"


@dataclass(frozen=True)
class Spoken:
    """A sentence as a voice spoke it: int16 at 16 kHz, and the phones in `alphabet` of `ipa.ALPHABETS`."""

    sound: Waveform
    phones: Phones
    alphabet: str


ESPEAK = (
    *(f"{sex}{number}" for number in range(1, 6) for sex in "mf"), "m6", "m7", "m8", "klatt", "klatt2", "klatt3",
    "klatt4", "croak", "whisper", "adam", "anika", "antonio", "aunty", "belinda", "benjamin", "boris", "caleb",
    "david", "ed", "edward", "grandma", "grandpa", "gustave", "iven", "john", "linda", "marcelo", "max", "michel",
    "miguel", "norbert", "pablo", "paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "travis",
    "victor", "zac",
)  # fmt: skip
"""Variants of the voice."""
FLITE = {"kal": "Festvox", "kal16": "Festvox", "awb": "Festvox", "rms": "Festvox", "slt": "Festvox"}
FESTIVAL = {
    ("en", "kal_diphone"): "Festvox", ("en", "ked_diphone"): "Festvox", ("en", "cmu_us_slt_arctic_hts"): "Festvox",
    ("it", "lp_diphone"): "GPL-2+", ("it", "pc_diphone"): "GPL-2+", ("cs", "czech_dita"): "GPL-3+",
    ("cs", "czech_krb"): "GPL-3+", ("cs", "czech_machac"): "GPL-3+", ("cs", "czech_ph"): "GPL-2+",
    ("fi", "hy_fi_mv_diphone"): "LGPL-2+", ("fi", "suo_fi_lj_diphone"): "LGPL-2+",
    ("ca", "upc_ca_ona_hts"): "LGPL-2.1+",
}  # fmt: skip
RECORDED = {("ru", "msu_ru_nsh_clunits"): "Festvox"}
"""Voices of Festival that bring along what was read: sounds in `wav`, phones in `lab`."""
ENCODINGS = {"cs": "iso-8859-2", "fi": "iso-8859-15", "it": "iso-8859-1", "ca": "iso-8859-15"}
"""What Festival's voices read; the others UTF-8."""


PACKAGES = {"espeak": "libespeak-ng1", "flite": "flite", "festival": "festival"}
"""Of Debian, which bring the programs."""
_ESPEAK = (sys.executable, "-IS", espeak.__file__)
_VERSIONS = {"espeak": (*_ESPEAK, "version"), "flite": ("flite", "--version"), "festival": ("festival", "--version")}
Stopped = Callable[[], bool]
"""Whether the work is to end before its time."""


@cache
def version(program: str) -> str | None:
    """Of eSpeak, Flite or Festival; None where it cannot be run."""
    try:
        told = subprocess.run(_VERSIONS[program], capture_output=True, check=False).stdout
    except OSError:
        return None
    found = re.search(rb"\d+\.\d+[.\d]*", told)
    return found.group().decode() if found else None


def speak(
    voice: Voice, sentences: Sequence[str], rng: random.Random, stopped: Stopped
) -> Generator[Spoken, None, None]:
    """Sentences by a voice, each at a pace and pitch of its own; what the program cannot speak is left out.

    Raises:
        DiceTalkError: the work was stopped, or somebody killed the program.
        InputError: the program is not installed, or there is no room for what it writes.
    """
    speaks = {"espeak": _by_espeak, "flite": _by_flite, "festival": _by_festival, "recorded": _recorded}[voice.program]
    try:
        yield from speaks(voice, sentences, rng, stopped)
    except FileNotFoundError as error:
        raise InputError(f"{voice.program} cannot be run ({error}); install it") from None


KILLS = (-1, -2, -9, -15)
"""Codes of programs that did not end by themselves; any other end is a sentence's fault."""
OFTEN_S = 0.2
"""How often a program that works is asked whether it shall end."""


def _run(words: Sequence[str], stopped: Stopped, told: bytes = b"") -> tuple[int, bytes]:
    """A program's code and what it wrote, `told` what it reads; it does not outlive the work."""
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        try:
            written = _awaited(program, stopped, told)
        finally:
            program.kill()
    _check_end(words[0], program.returncode)
    return program.returncode, written


def _awaited(program: subprocess.Popen[bytes], stopped: Stopped, told: bytes) -> bytes:
    while True:
        if stopped():
            raise DiceTalkError("stopped")
        try:
            return program.communicate(told, timeout=OFTEN_S)[0]
        except subprocess.TimeoutExpired:
            told = b""  # it is being read


def _check_end(name: str, code: int) -> None:
    if code in KILLS:
        raise DiceTalkError(f"{name} was killed (signal {-code}; out of memory?); run the same again")


def known_languages(languages: Sequence[str]) -> list[str]:
    """Those that eSpeak NG speaks."""
    told = subprocess.run([*_ESPEAK, "known"], input="\n".join(languages).encode(), capture_output=True, check=False)
    return told.stdout.decode().split()


MOVED = ((1, 110, 240), (3, 15, 85), (4, 20, 80))
"""eSpeak's rate, pitch and its range: their numbers, and between what they are drawn."""


class _Espeak:
    """eSpeak with a voice, started when it is asked, and anew after a sentence at which it ended."""

    def __init__(self, voice: str) -> None:
        self._words = (*_ESPEAK, "speak", voice)
        self._program: subprocess.Popen[bytes] | None = None

    def ask(self, request: dict[str, object]) -> tuple[dict[str, Any], bytes] | None:
        """What it tells of a sentence, and samples; None where it ended."""
        program = self._program = self._program or subprocess.Popen(
            self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert program.stdin is not None and program.stdout is not None
        with suppress(OSError, ValueError):  # a pipe that is closed, and half an answer
            program.stdin.write(json.dumps(request).encode() + b"\n")
            program.stdin.flush()
            told = json.loads(program.stdout.readline())
            sound = program.stdout.read(2 * told["samples"])
            if len(sound) == 2 * told["samples"]:
                return told, sound
        _check_end("eSpeak NG", self.end())
        return None

    def end(self) -> int:
        """Its code; 0 where it does not run."""
        if self._program is None:
            return 0
        program, self._program = self._program, None
        with suppress(BrokenPipeError):  # it has ended, with a request in its pipe
            program.__exit__(None, None, None)
        return program.wait()


def _by_espeak(voice: Voice, sentences: Sequence[str], rng: random.Random, stopped: Stopped) -> Iterator[Spoken]:
    program = _Espeak(f"{voice.language}+{voice.name}")
    try:
        for sentence in sentences:
            if stopped():
                raise DiceTalkError("stopped")
            moved = [(parameter, rng.randint(low, high)) for parameter, low, high in MOVED]
            answer = program.ask({"text": sentence, "parameters": moved})
            yield from _as_spoken(*answer) if answer else ()
    finally:
        program.end()


def _as_spoken(told: dict[str, Any], sound: bytes) -> Iterator[Spoken]:
    """A sentence of eSpeak, if it says something, and all of it in its language."""
    rate, phones = told["rate"], told["phones"]
    switched = any(symbol.startswith("(") for _, symbol in phones)
    if sound and phones and not switched:
        ends = [(sample / rate, symbol) for sample, symbol in phones]
        samples = np.frombuffer(sound, np.int16)
        yield Spoken(_resampled(samples, rate), [*ends, (len(samples) / rate, "")], "ipa")


def _by_flite(voice: Voice, sentences: Sequence[str], rng: random.Random, stopped: Stopped) -> Iterator[Spoken]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spoken.wav"
        for sentence in sentences:
            stretch, pitch = rng.uniform(0.75, 1.35), rng.uniform(80, 220)
            file.unlink(missing_ok=True)
            _, told = _run(
                ["flite", "-voice", voice.name, "-psdur", "--setf", f"duration_stretch={stretch:.3f}",
                 "--setf", f"int_f0_target_mean={pitch:.1f}", "-t", sentence, "-o", str(file)],
                stopped,
            )  # fmt: skip
            yield from _written(file, list(_durations(told)), "en")


def _durations(told: bytes) -> Iterator[tuple[float, str]]:
    """End and symbol of each phone, as Flite tells them: `hh:0.295`."""
    for word in told.decode("latin-1").split():
        symbol, _, end = word.rpartition(":")
        if re.fullmatch(r"[\d.]+", end):
            yield float(end), symbol


def _written(file: Path, ends: list[tuple[float, str]], alphabet: str) -> Iterator[Spoken]:
    """What a program wrote, if it is whole; it may have failed at a sentence, which is then left out.

    Raises:
        InputError: it failed because there was no room.
    """
    phones = _from_ends(ends)
    with suppress(OSError, EOFError, wave.Error):
        sound = _read(file)
        if phones and len(sound):
            yield Spoken(sound, phones, alphabet)
            return
    _check_room(file.parent)


NEEDED = 2**20
"""Of a sentence, at most [bytes]."""


def _check_room(folder: Path) -> None:
    file = folder / "room"
    with writing(file):
        file.write_bytes(bytes(NEEDED))
        file.unlink()


_TO_A_PROCESS = 25
"""Sentences that one process of Festival speaks: its voices take a second to load."""


def _by_festival(voice: Voice, sentences: Sequence[str], rng: random.Random, stopped: Stopped) -> Iterator[Spoken]:
    for start in range(0, len(sentences), _TO_A_PROCESS):
        texts = sentences[start : start + _TO_A_PROCESS]
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            orders = [_ordered(number, text, place, rng) for number, text in enumerate(texts)]
            _carry_out(voice, orders, place, stopped)
            for number in range(len(orders)):
                segments = _segments_of(place, number)
                yield from _written(segments.with_suffix(".wav"), list(_segments(segments)), voice.language)


def _carry_out(voice: Voice, orders: Sequence[str], place: Path, stopped: Stopped) -> None:
    """Let Festival speak sentences; where it crashes at one, it is started again behind that."""
    first = 0
    while first < len(orders):
        words = "\n".join([f"(voice_{voice.name})", *orders[first:]])
        code, _ = _run(["festival", "--pipe"], stopped, words.encode(ENCODINGS.get(voice.language, "utf-8"), "ignore"))
        if code == 0:
            return
        done = [number for number in range(first, len(orders)) if _segments_of(place, number).is_file()]
        first = max([first, *done]) + 1


def _segments_of(place: Path, number: int) -> Path:
    return place / f"{number:03d}.segs"


def _ordered(number: int, sentence: str, place: Path, rng: random.Random) -> str:
    """What Festival is to do for a sentence, in its language."""
    segments = _segments_of(place, number)
    sound = segments.with_suffix(".wav")
    return (
        f"(Parameter.set 'Duration_Stretch {rng.uniform(0.75, 1.35):.3f})"
        f'(set! u nil)(set! u (SynthText "{sentence}"))'
        f'(utt.save.wave u "{sound.as_posix()}")(utt.save.segs u "{segments.as_posix()}")'
    )


@cache
def _place(voice: str) -> Path:
    """Where Festival keeps a voice; an empty path where it has none, or is not installed."""
    asked = f'(format t "%s" (cdr (assoc \'{voice} voice-locations)))'
    try:
        told = subprocess.run(["festival", "-b", asked], capture_output=True, check=False)
    except FileNotFoundError:
        return Path()
    return Path(told.stdout.decode()) if b"/" in told.stdout else Path()


def has_voice(voice: str) -> bool:
    """Whether Festival has a voice; without it, it would read by another one."""
    return _place(voice) != Path()


def recordings(voice: str) -> list[str]:
    """Names of what was read for a voice; none where it is not installed."""
    return sorted(file.stem for file in _place(voice).glob("lab/*.lab"))


def _recorded(voice: Voice, sentences: Sequence[str], rng: random.Random, stopped: Stopped) -> Iterator[Spoken]:
    """Recordings by their names."""
    place = _place(voice.name)
    for name in sentences:
        if stopped():
            raise DiceTalkError("stopped")
        sound = place / "wav" / f"{name}.wav"
        if sound.is_file():
            phones = _from_ends(list(_segments(place / "lab" / f"{name}.lab")))
            yield Spoken(_read(sound), phones, voice.language)


def _segments(file: Path) -> Iterator[tuple[float, str]]:
    """End and symbol of each; none where there is no file."""
    if not file.is_file():
        return
    for line in file.read_text(encoding="latin-1").splitlines():
        cells = line.split()
        if len(cells) == 3:
            yield float(cells[0]), cells[2]


def _from_ends(ends: list[tuple[float, str]]) -> Phones:
    if not ends:
        return []
    starts = [0.0, *(end for end, _ in ends)]
    return [*((start, symbol) for start, (_, symbol) in zip(starts, ends, strict=False)), (starts[-1], "")]


def _read(file: Path) -> Waveform:
    with wave.open(str(file)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        if len(samples) < sound.getnframes():
            raise EOFError(f"{file} lacks its end")
        return _resampled(samples, sound.getframerate())


def _resampled(sound: Waveform, rate: int) -> Waveform:
    if rate == SPEECH_RATE:
        return sound
    ratio = Fraction(SPEECH_RATE, rate)
    moved = resample_poly(sound.astype(np.float64), ratio.numerator, ratio.denominator)
    samples: Waveform = np.clip(np.round(moved), -32768, 32767).astype(np.int16)
    return samples

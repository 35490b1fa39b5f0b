"""Programs that speak and know when which phone is spoken: eSpeak NG, Flite, Festival. Tools of training: none ships.

One of Festival's voices brings along what a person read to make it, with its phones: read from there it is real speech.

    apt-get install libespeak-ng1 flite festival festvox-{kallpc16k,kdlpc16k,us-slt-hts,italp16k,itapc16k} \\
        festvox-ca-ona-hts festvox-czech-{dita,krb,machac,ph} festvox-suopuhe-{lj,mv} festvox-ru
"""

from __future__ import annotations

import ctypes
import random
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from dicetalk.arrays import Waveform
from dicetalk.errors import InputError
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


def installed(program: str) -> bool:
    """Whether Flite or Festival can be run."""
    return shutil.which(program) is not None


def speak(voice: Voice, sentences: Sequence[str], rng: random.Random) -> Iterator[Spoken]:
    """Sentences by a voice, each at a pace and pitch of its own; what the program cannot speak is left out.

    Raises:
        InputError: the program is not installed.
    """
    speaks = {"espeak": _by_espeak, "flite": _by_flite, "festival": _by_festival, "recorded": _recorded}[voice.program]
    try:
        yield from speaks(voice, sentences, rng)
    except FileNotFoundError as error:
        raise InputError(f"{voice.program} cannot be run ({error}); install it") from None


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("text", ctypes.c_char_p), ("phone", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("identity", _Identity),
    )


_Called = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
_SYNCHRONOUS, _PHONES_IN_IPA, _UTF8 = 2, 1 | 2, 1
_PHONE_EVENT, _LAST_EVENT = 7, 0
MOVED = ((1, 110, 240), (3, 15, 85), (4, 20, 80))
"""Rate, pitch and its range: their numbers, and between what they are drawn."""


@cache
def _espeak() -> tuple[ctypes.CDLL, int]:
    """The library, and its samples a second."""
    try:
        library = ctypes.CDLL("libespeak-ng.so.1")
    except OSError as error:
        raise InputError(f"eSpeak NG's library cannot be loaded ({error}); install libespeak-ng1") from None
    return library, int(library.espeak_Initialize(_SYNCHRONOUS, 200, None, _PHONES_IN_IPA))


def espeak_speaks(language: str) -> bool:
    """Whether eSpeak NG knows a language."""
    library, _ = _espeak()
    return bool(library.espeak_SetVoiceByName(language.encode()) == 0)


def _by_espeak(voice: Voice, sentences: Sequence[str], rng: random.Random) -> Iterator[Spoken]:
    library, rate = _espeak()
    samples: list[Waveform] = []
    phones: Phones = []

    def called(wave: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if wave and count:
            samples.append(np.ctypeslib.as_array(wave, (count,)).copy())
        number = 0
        while events[number].kind != _LAST_EVENT:
            if events[number].kind == _PHONE_EVENT:
                symbol = events[number].identity.phone.decode(errors="ignore")
                phones.append((events[number].sample / rate, symbol))
            number += 1
        return 0

    kept = _Called(called)  # the library holds no reference
    library.espeak_SetSynthCallback(kept)
    if library.espeak_SetVoiceByName(f"{voice.language}+{voice.name}".encode()):
        return
    for sentence in sentences:
        samples.clear()
        phones.clear()
        for parameter, low, high in MOVED:
            library.espeak_SetParameter(parameter, rng.randint(low, high), 0)
        text = sentence.encode()
        library.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8, None, None)
        library.espeak_Synchronize()
        switched = any(symbol.startswith("(") for _, symbol in phones)  # into another language
        if samples and phones and not switched:
            sound = np.concatenate(samples)
            yield Spoken(_resampled(sound, rate), [*phones, (len(sound) / rate, "")], "ipa")


def _by_flite(voice: Voice, sentences: Sequence[str], rng: random.Random) -> Iterator[Spoken]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spoken.wav"
        for sentence in sentences:
            stretch, pitch = rng.uniform(0.75, 1.35), rng.uniform(80, 220)
            done = subprocess.run(
                ["flite", "-voice", voice.name, "-psdur", "--setf", f"duration_stretch={stretch:.3f}",
                 "--setf", f"int_f0_target_mean={pitch:.1f}", "-t", sentence, "-o", str(file)],
                capture_output=True, check=True,
            )  # fmt: skip
            ends = [word.rsplit(b":", 1) for word in done.stdout.split()]
            phones = _from_ends([(float(end), symbol.decode()) for symbol, end in ends])
            if phones:
                yield Spoken(_read(file), phones, "en")


_TO_A_PROCESS = 25
"""Sentences that one process of Festival speaks: its voices take a second to load."""


def _by_festival(voice: Voice, sentences: Sequence[str], rng: random.Random) -> Iterator[Spoken]:
    for start in range(0, len(sentences), _TO_A_PROCESS):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            words = _scheme(voice, sentences[start : start + _TO_A_PROCESS], place, rng)
            # It ends with an error after a sentence that it cannot speak; those before are there.
            subprocess.run(["festival", "--pipe"], input=words, capture_output=True, check=False)
            for segments in sorted(place.glob("*.segs")):
                sound = segments.with_suffix(".wav")
                phones = _from_ends(list(_segments(segments)))
                if phones and sound.is_file():
                    yield Spoken(_read(sound), phones, voice.language)


@cache
def _place(voice: str) -> Path:
    """Where Festival keeps a voice; an empty path where it has none, or is not installed."""
    asked = f'(format t "%s" (cdr (assoc \'{voice} voice-locations)))'
    try:
        told = subprocess.run(["festival", "-b", asked], capture_output=True, check=False)
    except FileNotFoundError:
        return Path()
    return Path(told.stdout.decode()) if b"/" in told.stdout else Path()


def recordings(voice: str) -> list[str]:
    """Names of what was read for a voice; none where it is not installed."""
    return sorted(file.stem for file in _place(voice).glob("lab/*.lab"))


def _recorded(voice: Voice, sentences: Sequence[str], rng: random.Random) -> Iterator[Spoken]:
    """Recordings by their names."""
    place = _place(voice.name)
    for name in sentences:
        phones = _from_ends(list(_segments(place / "lab" / f"{name}.lab")))
        sound = _read(place / "wav" / f"{name}.wav")
        yield Spoken(sound, phones, voice.language)


def _scheme(voice: Voice, sentences: Sequence[str], place: Path, rng: random.Random) -> bytes:
    """What Festival is to do, in its language."""
    lines = [f"(voice_{voice.name})"]
    for number, sentence in enumerate(sentences):
        lines.append(f"(Parameter.set 'Duration_Stretch {rng.uniform(0.75, 1.35):.3f})")
        lines.append(f'(set! u (SynthText "{sentence}"))')
        lines.append(f'(utt.save.wave u "{place}/{number:03d}.wav")(utt.save.segs u "{place}/{number:03d}.segs")')
    return "\n".join(lines).encode(ENCODINGS.get(voice.language, "utf-8"), "ignore")


def _segments(file: Path) -> Iterator[tuple[float, str]]:
    """End and symbol of each."""
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
        return _resampled(samples, sound.getframerate())


def _resampled(sound: Waveform, rate: int) -> Waveform:
    if rate == SPEECH_RATE:
        return sound
    ratio = Fraction(SPEECH_RATE, rate)
    moved = resample_poly(sound.astype(np.float64), ratio.numerator, ratio.denominator)
    samples: Waveform = np.clip(np.round(moved), -32768, 32767).astype(np.int16)
    return samples

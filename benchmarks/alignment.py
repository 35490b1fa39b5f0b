"""How far known words are found from where eSpeak NG said them: `python benchmarks/alignment.py`, prints Markdown.

Needs libespeak-ng, and no network. Sentences are our own; each is spoken by two voices, plain and with noise.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys

import numpy as np
from scipy.signal import resample_poly

from dicetalk.data import espeak
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import Hearing
from dicetalk.words.alignment import align

WORD = 1
"""eSpeak's event of a word that begins."""
NOISE_DB = 15.0

TEXTS = {
    "en": "The little boat came back to the harbour before the storm. Nobody had expected it, and my grandmother "
    "laughed and cried at once. She gave the fisherman five coins, a loaf of bread and a warm blue coat. Then all was "
    "quiet.",
    "de": "Das kleine Boot kam vor dem Sturm in den Hafen zurück. Niemand hatte es erwartet, und meine Großmutter "
    "lachte. Sie gab dem Fischer fünf Münzen und einen warmen Mantel. Dann war alles still.",
    "fr": "Le petit bateau est rentré au port avant la tempête. Personne ne l'attendait, et ma grand-mère a ri. Elle a "
    "donné au pêcheur cinq pièces et un manteau chaud. Puis tout était calme.",
    "es": "El pequeño barco volvió al puerto antes de la tormenta. Nadie lo esperaba, y mi abuela se rió. Le dio al "
    "pescador cinco monedas y un abrigo azul. Después todo quedó en silencio.",
    "ru": "Маленькая лодка вернулась в гавань до бури. Никто её не ждал, и моя бабушка смеялась. Она дала рыбаку пять "
    "монет и тёплое пальто. Потом всё стихло.",
    "el": "Το μικρό καράβι γύρισε στο λιμάνι πριν από την καταιγίδα. Κανείς δεν το περίμενε και η γιαγιά μου "
    "γέλασε.",
    "fi": "Pieni vene palasi satamaan ennen myrskyä. Kukaan ei odottanut sitä, ja isoäitini nauroi. Sitten kaikki "
    "hiljeni.",
}  # fmt: skip


def said(language: str, voice: str, text: str) -> tuple[np.ndarray, list[tuple[int, float]]]:
    """The sound (N,) int16 at 16 kHz, and of each word its place in the text [characters] and its time [s]."""
    library, rate = espeak.open_library()
    samples, begins = bytearray(), []

    def called(wave: object, count: int, events: object) -> int:
        if wave and count:
            samples.extend(ctypes.string_at(wave, 2 * count))
        number = 0
        while events[number].kind:
            if events[number].kind == WORD:
                begins.append((events[number].text_position - 1, events[number].sample / rate))
            number += 1
        return 0

    kept = espeak._Called(called)
    library.espeak_SetSynthCallback(kept)
    library.espeak_SetVoiceByName(f"{language}+{voice}".encode())
    espeak._synthesise(library, text, [])
    sound = resample_poly(np.frombuffer(bytes(samples), np.int16).astype(float), SPEECH_RATE, rate)
    return np.clip(sound, -32768, 32767).astype(np.int16), begins


def in_own_process(language: str, voice: str, text: str) -> tuple[np.ndarray, list[tuple[int, float]]]:
    """The library keeps state: each text gets a program of its own."""
    told = subprocess.run(
        [sys.executable, __file__, language, voice], input=text.encode(), capture_output=True, check=True
    )
    line, _, sound = told.stdout.partition(b"\n")
    return np.frombuffer(sound, np.int16), [tuple(pair) for pair in json.loads(line)]


def errors(text: str, sound: np.ndarray, begins: list[tuple[int, float]]) -> tuple[list[float], list[float], float]:
    """Of each word that eSpeak tells the start of: how far it was found [s]; the same at an even pace; and the fit."""
    from dicetalk.words.sentences import words

    found = words(text)
    hearing = Hearing(sound)
    spoken = align([word.text for word in found], hearing.whole().phones)
    truth = dict(begins)
    length = len(sound) / SPEECH_RATE
    ours, even = [], []
    for word, (start, _) in zip(found, spoken.times, strict=True):
        if word.start in truth:
            ours.append(abs(start - truth[word.start]))
            even.append(abs(word.start / len(text) * length - truth[word.start]))
    return ours, even, spoken.fit


def main() -> None:
    print("| language | words | median | 90 % | within .1 s | within .25 s | at an even pace: median | fit |")
    print("|---|---|---|---|---|---|---|---|")
    for noise in (False, True):
        for language, text in TEXTS.items():
            ours, even, fits = [], [], []
            for voice in ("m3", "f2"):
                sound, begins = in_own_process(language, voice, text)
                if noise:
                    level = float(np.sqrt((sound.astype(float) ** 2).mean())) * 10 ** (-NOISE_DB / 20)
                    sound = np.clip(sound + np.random.default_rng(0).normal(0, level, len(sound)), -32768, 32767)
                    sound = sound.astype(np.int16)
                one, other, fit = errors(text, sound, begins)
                ours, even, fits = ours + one, even + other, [*fits, fit]
            at, flat = np.array(ours), np.array(even)
            name = language + (f", noise of {NOISE_DB:g} dB" if noise else "")
            fit = np.mean(fits)
            print(
                f"| {name} | {len(at)} | {np.median(at):.2f} s | {np.quantile(at, 0.9):.2f} s | "
                f"{(at < 0.1).mean():.2f} | {(at < 0.25).mean():.2f} | {np.median(flat):.2f} s | {fit:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        sound, begins = said(sys.argv[1], sys.argv[2], sys.stdin.read())
        sys.stdout.buffer.write(json.dumps(begins).encode() + b"\n" + sound.tobytes())
    else:
        main()

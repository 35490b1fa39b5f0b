"""Fit what `speech.frontend` and `speech.presence` need: `src/dicetalk/weights/speech/fitted.safetensors`.

    python tools/plain_voices.py plain/                                          speech in many languages
    apt-get install asterisk-moh-opsound-wav supertux-data sound-theme-freedesktop      what is no speech
    python tools/fit_frontend.py plain/ /usr/share/asterisk/moh /usr/share/games/supertux2 /usr/share/sounds/freedesktop

`phones` are the directions in which the means of the broad phones differ most, in any language. `speech` and `offset`
tell speech, also through rooms, noise, codecs and telephones, from music, effects,
noise and tones; how well is printed, on voices and pieces of music that were not fitted to.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from dicetalk.data.folder import read_folder
from dicetalk.data.voices import Voices, another_voice
from dicetalk.errors import MediaError
from dicetalk.evaluation.probes import fit_probe
from dicetalk.media import Waveform, read_sound
from dicetalk.rates import HOPS_PER_FRAME, SPEECH_RATE
from dicetalk.speech import listen
from dicetalk.speech.broad import SILENCE
from dicetalk.speech.frontend import FITTED, FRAMES_PER_ROW, whole_embedding
from dicetalk.speech.level import measure_level

Array = npt.NDArray[np.float64]
PHONES = 12
"""Directions: of 0, 12, 18 and 24 the best on RAVDESS' second sentence by people apart, taught the first."""
RIDGE = 0.003
FOLDS = 5
PIECES = 12
"""Cut of each recording that is no speech."""
SECONDS = (1.2, 8.0)
LEAST_OF_A_PHONE = 50


def main() -> None:
    """Fit all."""
    rng = np.random.default_rng(0)
    heard = [
        (clip.identity, read_sound(clip.sound).waveform) for clip in read_folder(Path(sys.argv[1])).clips if clip.sound
    ]
    phones = phone_directions([waveform for _, waveform in heard])
    speech = list(_speech(heard, rng))
    other = [*_other([Path(folder) for folder in sys.argv[2:]], rng), *_made(rng)]
    sources = np.array([source for source, _ in (*speech, *other)])
    rows = [rows for _, rows in (*speech, *other)]
    summaries = np.array([_summary(each, phones) for each in rows])
    truth = np.arange(len(rows)) < len(speech)
    print(_told(summaries, truth, sources, rng))
    probe = fit_probe(summaries, truth.astype(np.int64), RIDGE)
    weights = (probe.weights[:-1, 1] - probe.weights[:-1, 0]) / probe.spread
    offset = probe.weights[-1, 1] - probe.weights[-1, 0] - probe.middle @ weights
    # Rows of speech are a tenth of the embedding.
    tensors = {"phones": phones, "speech": weights, "offset": np.array([offset])}
    save_file({name: value.astype(np.float32) for name, value in tensors.items()}, FITTED)


def embedding(waveform: Waveform) -> Array:
    """(R, 96) as the network gives it, phones and all, a tenth of it as rows of speech have it."""
    return whole_embedding(waveform, measure_level(waveform)).astype(np.float64) / 10


def phone_directions(waveforms: list[Waveform]) -> Array:
    """(12, 96) orthonormal: where the means of phones differ most, weighted by how often they come."""
    said = defaultdict(list)
    for waveform in waveforms[::2]:
        phones = listen(waveform).phones
        for number, row in enumerate(embedding(waveform)):
            hop = round((number + 0.5) * FRAMES_PER_ROW * HOPS_PER_FRAME)
            said[int(phones[min(hop, len(phones) - 1)].argmax())].append(row)
    kept = [np.array(rows) for label, rows in sorted(said.items()) if label != SILENCE and len(rows) > LEAST_OF_A_PHONE]
    middle = np.concatenate([*said.values()]).mean(0)
    weighted = [(rows.mean(0) - middle) * np.sqrt(len(rows)) for rows in kept]
    return np.asarray(np.linalg.svd(np.array(weighted), full_matrices=False)[2][:PHONES])


def _summary(rows: Array, phones: Array) -> Array:
    left = rows - (rows @ phones.T) @ phones
    return np.concatenate([left.mean(0), left.std(0)])


def _speech(heard: list[tuple[str, Waveform]], rng: np.random.Generator) -> Iterator[tuple[str, Array]]:
    """Who speaks, and rows: each clip as it is, and as others say it elsewhere."""
    for who, waveform in heard:
        short = waveform[: round(SPEECH_RATE * rng.uniform(*SECONDS))]
        yield who, embedding(short)
        yield who, embedding(another_voice(short, rng, Voices()))


def _other(folders: list[Path], rng: np.random.Generator) -> Iterator[tuple[str, Array]]:
    """Which file, and rows, of music and effects; effects are repeated until they last."""
    files = [
        file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in (".wav", ".ogg", ".oga")
    ]
    for file in files:
        try:
            waveform = read_sound(file).waveform
        except MediaError:
            continue  # too short to be heard
        long = len(waveform) > SPEECH_RATE * SECONDS[1]
        waveform = waveform if long else np.tile(waveform, -(-5 * SPEECH_RATE // len(waveform)))
        for _ in range(PIECES if long else 1):
            length = round(SPEECH_RATE * rng.uniform(*SECONDS))
            start = int(rng.integers(max(len(waveform) - length, 1)))
            piece = waveform[start : start + length]
            if np.abs(piece.astype(np.int32)).max() > 50:
                yield file.stem, embedding(piece)


def _made(rng: np.random.Generator) -> Iterator[tuple[str, Array]]:
    """Noise of many colours, in bursts or steady, glides and chords."""
    for number in range(250):
        times = np.arange(round(SPEECH_RATE * rng.uniform(*SECONDS))) / SPEECH_RATE
        kind = ("noise", "bursts", "glide", "chord")[number % 4]
        if kind in ("noise", "bursts"):
            spectrum = np.fft.rfft(rng.normal(size=len(times)))
            sound = np.fft.irfft(spectrum / np.maximum(np.arange(len(spectrum)), 1) ** rng.uniform(0, 1), len(times))
            if kind == "bursts":
                sound = sound * (np.sin(2 * np.pi * rng.uniform(0.5, 6) * times) > rng.uniform(-0.5, 0.8))
        elif kind == "glide":
            bend = 1 + 0.1 * np.sin(2 * np.pi * rng.uniform(0.1, 6) * times)
            sound = np.sin(2 * np.pi * np.cumsum(rng.uniform(80, 2000) * bend) / SPEECH_RATE)
        else:
            notes = np.sin(2 * np.pi * np.outer(rng.uniform(80, 800, 5), times) + rng.uniform(0, 6, (5, 1)))
            sound = notes.sum(0) * np.exp(-3 * (times % rng.uniform(0.2, 1)))
        loud = sound / sound.std() * 10 ** rng.uniform(1.5, 3.6)
        yield f"{kind} {number % 12}", embedding(np.clip(loud, -32768, 32767).astype(np.int16))


def _told(
    summaries: Array, truth: npt.NDArray[np.bool_], sources: npt.NDArray[np.str_], rng: np.random.Generator
) -> str:
    """How much of both is told, of sources that were not fitted to."""
    names = rng.permutation(np.unique(sources))
    fold = {name: number % FOLDS for number, name in enumerate(names)}
    folds, found = np.array([fold[source] for source in sources]), np.zeros(len(truth), bool)
    for number in range(FOLDS):
        apart = folds == number
        found[apart] = (
            fit_probe(summaries[~apart], truth[~apart].astype(np.int64), RIDGE).predict(summaries[apart]) == 1
        )
    return f"speech {found[truth].mean():.3f} of {truth.sum()}, other {(~found[~truth]).mean():.3f} of {(~truth).sum()}"


if __name__ == "__main__":
    main()

"""Fit how far a voice is trusted beside a face: `FACE`, `VOICE` and `FELT` of `reading.together`.

    python tools/fit_together.py meshes.npz faces/ plain/synthesised RAVDESS

Faces are windows of drawn portraits, each read by a network that the portrait was left out of (`fit_reader.py`). Beside
each stand voices: a third says the same (actors of RAVDESS that no reader learned from), a third is calm (theirs, or
synthesised), and a third is any. What the face acts counts as the truth: it is what was asked of a video.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fit_reader import left_out, windows
from numpy.typing import NDArray
from scipy.optimize import minimize

from dicetalk.arrays import Bool, Float64, Int64
from dicetalk.data.ravdess import HELD_OUT, read_ravdess
from dicetalk.emotion.vocabulary import HEARD, NAMES, NEUTRAL
from dicetalk.media import Sound, read_sound
from dicetalk.reading.together import LEAST
from dicetalk.reading.tone import tones
from dicetalk.recording import Missing

DRAWS = 6
"""Voices beside each window of a face."""
CALM_ONES = 40
"""Synthesised voices."""
AS_PEOPLE = (0.96, 0.62, 0.55)
"""The fit to votes (`benchmarks/reading.py together`), and no fit at all."""
PRODUCT = (1.0, 1.0, 0.0)
CHANNEL = [name in HEARD for name in NAMES]
FELT = np.array([name != NEUTRAL for name in NAMES])


@dataclass(frozen=True, eq=False)
class Pairs:
    """N faces beside voices: shares (N, 8) of each, what the face acts (N,), whose both are, which kind of voice."""

    face: Float64
    voice: Float64
    acted: Int64
    portrait: NDArray[Any]
    speaker: NDArray[Any]
    kind: NDArray[Any]


Voice = tuple[str, str, Float64]
"""Who speaks, what is acted, and shares (8,) of what is heard."""


def main() -> None:
    """Fit, and tell how good it is on portraits and speakers that were left out."""
    torch.set_num_threads(1)
    meshes = np.load(sys.argv[1])
    plain = meshes["rows"].astype(np.float32), meshes["felt"].astype(np.float32)
    faces = left_out(plain, {path.stem: windows(path) for path in sorted(Path(sys.argv[2]).glob("*.npz"))})
    voices = [*acted_voices(Path(sys.argv[4])), *calm_voices(Path(sys.argv[3]))]
    pairs = beside(faces.shares, faces.acted, faces.drawing, voices, np.random.default_rng(0))
    print(f"{len(faces.acted)} faces, {len(voices)} voices, {len(pairs.acted)} pairs")
    whole = np.ones(len(pairs.acted), np.bool_)
    ways = {"face alone": (1.0, 0.0, 0.0), "as people do": AS_PEOPLE, "product": PRODUCT}
    for name, numbers in ways.items():
        print(f"  {name:12} {told(pairs, odds(np.array(numbers), pairs, whole))}")
    print(f"  {'fitted':12} {told(pairs, left_apart(pairs))}")
    print("fitted to all:", np.round(fitted(pairs, whole), 2))


def acted_voices(folder: Path) -> list[Voice]:
    """Voices of actors that no reader learned from."""
    clips = [clip for clip in read_ravdess(folder).clips if clip.identity in HELD_OUT]
    found = [(clip.identity, str(clip.emotion), heard(read_sound(clip.sound))) for clip in clips]
    return [(who, what, shares) for who, what, shares in found if shares is not None]


def calm_voices(folder: Path) -> list[Voice]:
    """Synthesised voices."""
    paths = sorted(folder.glob("*.wav"))
    found = [(path.stem, NEUTRAL, heard(read_sound(path))) for path in paths[:: max(1, len(paths) // CALM_ONES)]]
    return [(who, what, shares) for who, what, shares in found if shares is not None]


def heard(sound: Sound) -> Float64 | None:
    """Shares (8,) of what is heard; None where that is no voice."""
    found = tones(sound, [(0.0, sound.seconds)])
    return None if isinstance(found, Missing) else found.shares[0]


def beside(
    shares: Float64, acted: Int64, drawing: NDArray[Any], voices: Sequence[Voice], random: np.random.Generator
) -> Pairs:
    """Each face beside voices of three kinds; what no voice of RAVDESS acts stands beside calm ones and any."""
    rows = []
    for face, number, where in zip(shares, acted, drawing, strict=True):
        kinds = {
            "same": [voice for voice in voices if voice[1] == NAMES[number]],
            "calm": [voice for voice in voices if voice[1] == NEUTRAL],
            "any": list(voices),
        }
        for kind in list(kinds) * (DRAWS // len(kinds)):
            if kinds[kind]:
                who, _, voice = kinds[kind][random.integers(len(kinds[kind]))]
                rows.append((face, filled(voice), number, str(where).split("-")[0], who, kind))
    return Pairs(*(np.array(column) for column in zip(*rows, strict=True)))


def filled(voice: Float64) -> Float64:
    """The same, with what no voice can tell as likely as the other emotions are on average."""
    others = [voice[number] for number, there in enumerate(CHANNEL) if there and FELT[number]]
    return np.where(CHANNEL, voice, np.mean(others))


def odds(t: Float64, pairs: Pairs, some: Bool) -> Float64:
    """Logarithms (N, 8) of shares; t is face, voice and felt."""
    face, voice = np.maximum(pairs.face[some], LEAST), np.maximum(pairs.voice[some], LEAST)
    scores = t[0] * np.log(face) + t[1] * np.log(voice) + t[2] * FELT
    return np.asarray(scores - np.log(np.exp(scores).sum(1, keepdims=True)))


def loss(t: Float64, pairs: Pairs, some: Bool) -> float:
    """Of windows, each kind of voice and each emotion counting the same."""
    found = odds(t, pairs, some)
    count = np.bincount(pairs.acted[some], minlength=len(NAMES))[pairs.acted[some]]
    own = found[np.arange(len(found)), pairs.acted[some]]
    return -float((own / count).sum() / (1 / count).sum())


def fitted(pairs: Pairs, some: Bool) -> Float64:
    """The likeliest of all ways to put them together."""
    return np.asarray(minimize(loss, np.array([1.0, 0.5, 0.0]), (pairs, some)).x)


def left_apart(pairs: Pairs) -> Float64:
    """Logarithms of shares, of each pair by what was fitted to others: portraits by halves, speakers by halves."""
    found = np.zeros_like(pairs.face)
    halves = [np.unique(names, return_inverse=True)[1] % 2 for names in (pairs.portrait, pairs.speaker)]
    for one in (0, 1):
        for other in (0, 1):
            away = (halves[0] == one) & (halves[1] == other)
            known = (halves[0] != one) & (halves[1] != other)
            found[away] = odds(fitted(pairs, known), pairs, away)
    return found


def told(pairs: Pairs, found: Float64) -> str:
    """Cross-entropy, and how often it is right, by kind of voice and by emotion."""
    right = found.argmax(1) == pairs.acted
    own = found[np.arange(len(found)), pairs.acted]
    kinds = " ".join(f"{kind} {right[pairs.kind == kind].mean():.3f}" for kind in ("same", "calm", "any"))
    calm = pairs.kind == "calm"
    each = " ".join(f"{name} {right[calm & (pairs.acted == n)].mean():.2f}" for n, name in enumerate(NAMES))
    return f"{-own.mean():.3f} nat, right {right.mean():.3f}: {kinds}; beside a calm voice: {each}"


if __name__ == "__main__":
    main()

"""Face and voice together, as people put them together.

    log p(name) = FACE log p(name | face) + VOICE log p(name | voice) + FELT [name is not neutral] - log of the sum

Three numbers, near those of a fit (.96, .64, .58) to the votes on CREMA-D's clips of which people saw the face alone,
heard the voice alone, and had both (Cao et al., IEEE TAC 2014; votes under the ODbL 1.0): `benchmarks/reading.py
together`. A face counts half as much again as a voice. A reader's voice is less sure than people's ears, so that a calm
voice takes more from a face than it should: the figures say how much.
"""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import HEARD, NAMES, NEUTRAL
from dicetalk.reading.answers import Answers

FACE, VOICE, FELT = 0.96, 0.62, 0.55
"""How much each channel counts, and what speaks for any emotion against none."""
LEAST = 0.02
"""Of a share: a reader that is never wrong would silence the other."""


def together(face: Float64, voice: Float64) -> Float64:
    """Shares (W, 8) of both from shares (W, 8) of each."""
    felt = np.array([name != NEUTRAL for name in NAMES])
    heard = _with_unheard(voice)
    odds = FACE * np.log(np.maximum(face, LEAST)) + VOICE * np.log(np.maximum(heard, LEAST)) + FELT * felt
    shares = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def both(face: Answers, voice: Answers) -> Answers:
    """What both channels tell of each window; one alone where the other tells nothing. A face says how strongly."""
    shares = np.where(face.known[:, None], face.shares, voice.shares)
    known = face.known & voice.known
    shares[known] = together(face.shares[known], voice.shares[known])
    strengths = np.where(face.known, face.strengths, voice.strengths)
    return Answers(shares, strengths, face.known | voice.known)


def _with_unheard(voice: Float64) -> Float64:
    """The same, with what no voice can tell as likely as the other emotions are on average."""
    unheard = [number for number, name in enumerate(NAMES) if name not in HEARD]
    others = [number for number, name in enumerate(NAMES) if name in HEARD and name != NEUTRAL]
    filled = voice.copy()
    filled[:, unheard] = voice[:, others].mean(axis=1, keepdims=True)
    return filled

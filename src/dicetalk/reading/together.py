"""Face and voice together, each trusted as far as it is reliable.

    log p(name) = FACE log p(name | face) + VOICE log p(name | voice) + FELT [name is not neutral] - log of the sum

Three numbers, a fit to windows of drawn portraits beside voices that say the same, are calm, or any, as often each
(`tools/fit_together.py`; none of the portraits and voices that figures are told of). People who had both trusted voices
more (.96, .64, .58, votes on CREMA-D's clips, Cao et al., IEEE TAC 2014; `benchmarks/reading.py together`): they hear
better than the reader does, and nobody showed them calm voices with faces that are not.
"""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import HEARD, NAMES, NEUTRAL
from dicetalk.reading.answers import Answers

FACE, VOICE, FELT = 1.49, 0.44, 1.29
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

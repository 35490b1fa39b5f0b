"""Face and voice together, each trusted as far as it is reliable.

    heard(name) = CALM p(neutral | voice) + (1 - CALM) p(name | voice), but p(neutral | voice) of neutral
    log p(name) = FACE log p(name | face) + VOICE log heard(name) + FELT [name is not neutral] - log of the sum

Many voices stay calm whatever the face shows, synthesised ones above all: CALM is how many, so that a calm voice says
little against a face, and one that is not calm says which emotion it is. The numbers are a fit to windows of drawn
portraits beside voices that say the same, are calm, or any (`tools/fit_together.py`; none of the portraits, people and
voices that figures are told of). People who had both trusted a voice more (.96, .64, .58, votes on CREMA-D's clips, Cao
et al., IEEE TAC 2014; `benchmarks/reading.py together`): they hear better than the reader does.
"""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import HEARD, NAMES, NEUTRAL
from dicetalk.reading.answers import Answers

FACE, VOICE, FELT, CALM = 0.96, 0.62, 0.55, 0.0
"""How much each channel counts, what speaks for any emotion against none, and the share of voices that stay calm."""
LEAST = 0.02
"""Of a share: a reader that is never wrong would silence the other."""


def together(face: Float64, voice: Float64) -> Float64:
    """Shares (W, 8) of both from shares (W, 8) of each."""
    felt = np.array([name != NEUTRAL for name in NAMES])
    heard = np.maximum(_with_unheard(voice), LEAST)
    calm = heard[:, [NAMES.index(NEUTRAL)]]
    heard = np.where(felt, CALM * calm + (1 - CALM) * heard, calm)
    odds = FACE * np.log(np.maximum(face, LEAST)) + VOICE * np.log(heard) + FELT * felt
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

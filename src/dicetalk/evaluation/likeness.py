"""How far a face is from where the real one is at the same moment of the same speech: the landmark distance, LMD.

Papers measure it in pixels of crops that differ. Here points lie in the head's own frame, so that a head which turns
another way is no error, and are told as shares of the distance between the eyes.
"""

from __future__ import annotations

import numpy as np

from dicetalk.evaluation.figures import Figure, Sums
from dicetalk.evaluation.footage import LIPS, Footage
from dicetalk.evaluation.takes import say_the_same

FIGURES = (
    Figure("lmd_lips", "LMD of the lips, to the real clip [% of inter-ocular distance]", digits=1),
    Figure("lmd_face", "LMD of the face, likewise", digits=1),
)


def likeness_figures(clip: Footage, real: Footage | None) -> dict[str, Sums]:
    """The landmark distance of a clip to the real one; nothing where there is none of the same sound.

    Lips are laid over each other by their middles in each frame; the face by the head's frame alone.
    """
    if real is None or not say_the_same(clip, real):
        return {}
    frames = min(clip.frames, real.frames)
    one, other = clip.points_of_face[:frames], real.points_of_face[:frames]
    lips = [points[:, LIPS] - points[:, LIPS].mean(1, keepdims=True) for points in (one, other)]
    return {
        figure.key: (100 * float(np.linalg.norm(a - b, axis=2).mean()), 1)
        for figure, (a, b) in zip(FIGURES, (lips, (one, other)), strict=True)
    }

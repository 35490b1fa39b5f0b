"""Whether the face stays the same person's: likeness of vectors of a network that knows faces."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.evaluation.figures import Figure, Sums

FIGURE = Figure("identity", "identity, cosine (CSIM)")


def identity_figure(faces: Float32 | None, like: Float32 | None) -> dict[str, Sums]:
    """How alike the faces of a clip are to another clip's of the same person, or to its own first one.

    Args:
        faces: (n, D) vectors of length 1; None where there is no network.
        like: (m, D) of the reference; None where it has no clip of that name.
    """
    if faces is None:
        return {}
    if like is None:
        faces, like = faces[1:], faces[:1]
    middle = like.mean(0)
    alike = faces @ (middle / max(float(np.linalg.norm(middle)), 1e-9))
    return {FIGURE.key: (float(alike.mean()), 1)} if len(alike) else {}

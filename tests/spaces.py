"""A small space of priors, for the tests of what mixes them."""

from __future__ import annotations

import numpy as np

from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.priors import Prior
from dicetalk.emotion.space import Space
from dicetalk.emotion.vocabulary import NAMES

WIDTH = 4


def prior(*mean: float, std: float = 0.1) -> Prior:
    return Prior(np.array(mean, np.float32), np.full(len(mean), std, np.float32))


def space(name: str = "ours", seed: int = 0) -> Space:
    """All eight names, anywhere."""
    rng = np.random.default_rng(seed)
    draws = rng.normal(size=(len(NAMES), WIDTH)).astype(np.float32)
    priors = {
        n: Prior(draw, np.full(WIDTH, 0.1 + 0.1 * k, np.float32))
        for k, (n, draw) in enumerate(zip(NAMES, draws, strict=True))
    }
    return Space(name, priors)


def felt(prior: Prior, space: Space, **strengths: float) -> Feeling:
    """A feeling that lies somewhere, with the names it resembles."""
    named = Feeling.of(strengths.items())
    return Feeling(named.weights, named.intensity, 0.7, "it resembles something", prior, space)

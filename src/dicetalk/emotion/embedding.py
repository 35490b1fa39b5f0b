"""The trained embedder as it ships: speech and face motion -> a Gaussian over emotion, by onnxruntime.

Its folder holds a graph, whose weights lie in a safetensors file beside it, and the priors of the named emotions. The
network itself, as it is trained, is `emotion.embedder`; `training.export` makes the graph.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.emotion.priors import Prior, average
from dicetalk.emotion.space import SHIPPED, open_space, shipped_space
from dicetalk.networks import open_network

GRAPH = "embedder.onnx"

LONGEST = 60 * 25
"""Frames that are embedded in one piece: memory and time of attention grow with the square of their number."""


class Embedder:
    """A trained embedder.

    Attributes:
        space: where its priors lie.
    """

    def __init__(self, folder: Path = SHIPPED) -> None:
        """Load the shipped one, or that of another folder.

        Raises:
            CheckpointError: not an embedder's folder, of another version, or damaged.
        """
        self.space = shipped_space() if folder == SHIPPED else open_space(folder)
        self._net = open_network(folder / GRAPH)
        self._columns = self._net.widths()

    def embed(self, speech: Float32 | None, motion: Float32 | None) -> Prior:
        """The Gaussian of one recording; of a long one that of its parts together, each of at most a minute.

        Args:
            speech: (T, 85) rows of `speech.rows`; None where nothing is heard.
            motion: (T, 58) shapes and pose; None where nothing is seen. One of both is there.

        Returns:
            mean and spread, (D,).
        """
        frames = max(len(rows) for rows in (speech, motion) if rows is not None)
        count = math.ceil(frames / LONGEST)
        cuts = [frames * number // count for number in range(count + 1)]
        return average([self._embed(_cut(speech, a, b), _cut(motion, a, b)) for a, b in pairwise(cuts)])

    def _embed(self, speech: Float32 | None, motion: Float32 | None) -> Prior:
        """The Gaussian of one piece."""
        frames = max(len(rows) for rows in (speech, motion) if rows is not None)
        given = {
            "speech": self._stream("speech", speech, frames),
            "motion": self._stream("motion", motion, frames),
            "heard": np.array([speech is not None]),
            "seen": np.array([motion is not None]),
        }
        mean, variance = self._net.run(["mean", "variance"], given)
        return Prior(mean[0], np.sqrt(variance[0]))

    def _stream(self, name: str, rows: Float32 | None, frames: int) -> Float32:
        """A stream as the network takes it, (1, T, columns): zeros, which it does not look at, for one not there."""
        if rows is None:
            return np.zeros((1, frames, self._columns[name]), np.float32)
        return rows[None].astype(np.float32, copy=False)


def _cut(rows: Float32 | None, start: int, end: int) -> Float32 | None:
    return None if rows is None else rows[start:end]


@cache
def shipped_embedder() -> Embedder:
    """The embedder that ships."""
    return Embedder()

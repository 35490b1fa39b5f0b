"""The trained embedder as it ships: speech and face motion -> a Gaussian over emotion, by onnxruntime.

Its folder holds a graph, whose weights lie in a safetensors file beside it, and the priors of the named emotions. The
network itself, as it is trained, is `emotion.embedder`; `training.export` makes the graph.
"""

from __future__ import annotations

import hashlib
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import safetensors.numpy

from dicetalk.checkpoints import CONFIG, open_checkpoint
from dicetalk.emotion.priors import Array, Prior, average
from dicetalk.errors import CheckpointError
from dicetalk.networks import open_network

KIND, VERSION = "embedder", 3
WEIGHTS, GRAPH, PRIORS = "embedder.safetensors", "embedder.onnx", "priors.safetensors"
SHIPPED = Path(__file__).parents[1] / "weights" / "embedder"

LONGEST = 60 * 25
"""Frames that are embedded in one piece: memory and time of attention grow with the square of their number."""


class Embedder:
    """A trained embedder.

    Attributes:
        space: name of the space of its vectors: those of two embedders cannot be compared.
        vocabulary: names of the emotions it learned.
        even: `(D, D)` makes directions count alike where vectors are compared, see `priors.likeness`.
    """

    def __init__(self, folder: Path = SHIPPED) -> None:
        """Load the shipped one, or that of another folder.

        Raises:
            CheckpointError: not an embedder's folder, of another version, or damaged.
        """
        config = open_checkpoint(folder, KIND, VERSION).config
        weights = _weights(folder)
        self.space = space_of(weights)
        if config.get("space") != self.space:
            raise CheckpointError(f"{folder / WEIGHTS} is not the file that {CONFIG} was written for; get both again")
        self.vocabulary = tuple(config["vocabulary"])
        self.even: Array = safetensors.numpy.load(weights)["discriminant.even"]
        self._net = open_network(folder / GRAPH)
        self._columns = {stream.name: stream.shape[-1] for stream in self._net.get_inputs()}

    def embed(self, speech: Array | None, motion: Array | None) -> Prior:
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

    def _embed(self, speech: Array | None, motion: Array | None) -> Prior:
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

    def _stream(self, name: str, rows: Array | None, frames: int) -> Array:
        """A stream as the network takes it, (1, T, columns): zeros, which it does not look at, for one not there."""
        if rows is None:
            return np.zeros((1, frames, self._columns[name]), np.float32)
        return rows[None].astype(np.float32, copy=False)


def _cut(rows: Array | None, start: int, end: int) -> Array | None:
    return None if rows is None else rows[start:end]


def _weights(folder: Path) -> bytes:
    try:
        return (folder / WEIGHTS).read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"no file {WEIGHTS} in {folder}; the checkpoint is not complete") from None


def space_of(weights: bytes) -> str:
    """The name of an embedder's space: 16 hexadecimal digits that tell the content of its file of weights."""
    return hashlib.sha256(weights).hexdigest()[:16]

"""The trained embedder as it ships: speech and face motion -> a Gaussian over emotion, by onnxruntime.

Its folder holds a graph, whose weights lie in a safetensors file beside it, and the priors of the named emotions. What
hears lies in a folder of its own within, `hearing/`: speech -> tokens of the voice, which the graph takes. Without it
faces are read all the same. The network itself, as it is trained, is `emotion.embedder`; `training.export` makes the
graphs.
"""

from __future__ import annotations

import math
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.checkpoints import open_checkpoint
from dicetalk.emotion.priors import Prior, average
from dicetalk.emotion.space import KIND, SHIPPED, VERSION, open_space, shipped_space
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.errors import CheckpointError
from dicetalk.networks import Network, open_network

GRAPH = "embedder.onnx"
HEARING = "hearing"
"""The folder of what hears, within the embedder's."""
HEARING_KIND, HEARING_VERSION = "hearing", 1
HEARING_WEIGHTS, HEARING_GRAPH = "hearing.safetensors", "hearing.onnx"

LONGEST = 60 * 25
"""Frames that are embedded in one piece: memory and time of attention grow with the square of their number."""


class Embedder:
    """A trained embedder.

    Attributes:
        folder: where it was loaded from.
        space: where its priors lie.
    """

    def __init__(self, folder: Path = SHIPPED) -> None:
        """Load the shipped one, or that of another folder.

        Raises:
            CheckpointError: not an embedder's folder, of another version, or damaged.
        """
        self.space = shipped_space() if folder == SHIPPED else open_space(folder)
        self.folder = folder
        self._net = open_network(folder / GRAPH)
        self._columns = self._net.widths()
        self._stride = open_checkpoint(folder, KIND, VERSION).config["sizes"]["stride"]

    def embed(self, speech: Float32 | None, motion: Float32 | None) -> Prior:
        """The Gaussian of one recording; of a long one that of its parts together, each of at most a minute.

        Args:
            speech: (T, C) rows of `speech.rows`; None where nothing is heard.
            motion: (T, 58) shapes and pose; None where nothing is seen. One of both is there.

        Returns:
            mean and spread, (D,).

        Raises:
            CheckpointError: there is a voice, and the embedder's folder has nothing that hears, or for another space.
            ValueError: speech and motion differ in length.
        """
        if speech is not None and motion is not None and len(speech) != len(motion):
            raise ValueError(f"speech has {len(speech)} frames, motion {len(motion)}; cut both to the shorter")
        frames = max(len(rows) for rows in (speech, motion) if rows is not None)
        count = math.ceil(frames / LONGEST)
        cuts = [frames * number // count for number in range(count + 1)]
        return average([self._embed(_cut(speech, a, b), _cut(motion, a, b)) for a, b in pairwise(cuts)])

    def _embed(self, speech: Float32 | None, motion: Float32 | None) -> Prior:
        """The Gaussian of one piece."""
        frames = max(len(rows) for rows in (speech, motion) if rows is not None)
        given = {
            "voice": self._voice(speech, frames),
            "motion": self._motion(motion, frames),
            "heard": np.array([speech is not None]),
            "seen": np.array([motion is not None]),
        }
        mean, variance = self._net.run(["mean", "variance"], given)
        found = Prior(mean[0], np.sqrt(variance[0]))
        return found if motion is not None else self.space.among(found, HEARD)

    def _voice(self, speech: Float32 | None, frames: int) -> Float32:
        """Tokens of the voice (1, L, width): zeros, which the network does not look at, where nothing is heard."""
        if speech is None:
            return np.zeros((1, -(-frames // self._stride), self._columns["voice"]), np.float32)
        (tokens,) = self._hearing.run(["voice"], {"speech": speech[None].astype(np.float32, copy=False)})
        return np.asarray(tokens)

    def _motion(self, motion: Float32 | None, frames: int) -> Float32:
        """Motion as the network takes it, (1, T, 58): zeros, which it does not look at, where nothing is seen."""
        if motion is None:
            return np.zeros((1, frames, self._columns["motion"]), np.float32)
        return motion[None].astype(np.float32, copy=False)

    @cached_property
    def _hearing(self) -> Network:
        """What hears."""
        folder = self.folder / HEARING
        told = open_checkpoint(folder, HEARING_KIND, HEARING_VERSION).config
        if told.get("space") != self.space.name:
            raise CheckpointError(f"{folder} hears for another embedder ({told.get('space')}); get both again")
        return open_network(folder / HEARING_GRAPH)


def _cut(rows: Float32 | None, start: int, end: int) -> Float32 | None:
    return None if rows is None else rows[start:end]


@cache
def shipped_embedder() -> Embedder:
    """The embedder that ships."""
    return Embedder()

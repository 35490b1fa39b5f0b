"""The network that reads a scene: objects as a graph, attended to as the scene says.

After Yang et al., "SOLVER: Scene-Object Interrelated Visual Emotion Reasoning Network", IEEE TIP 30, 2021: a node is
the word of an object, an edge how akin two of them look, the scene's own vector attends over the objects. It is taught
by `training.scene` and runs here without torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32, Float64, Int64
from dicetalk.checkpoints import open_checkpoint
from dicetalk.emotion.circle import MIKELS
from dicetalk.errors import CheckpointError
from dicetalk.networks import WEIGHTS

KIND, VERSION, MODULE = "scene", 1, "scene"
FOLDER = WEIGHTS / "scene"
ODD = 2.5
"""Deviations beyond which light and looks are not believed."""


@dataclass(frozen=True)
class Read:
    """What the network makes of a scene with N objects.

    Attributes:
        shares: (8,) of `MIKELS.names`, sum 1.
        attention: (N,) how much each object counts, sum 1.
        edges: (N, N) how much each takes from each, itself included; rows of sum 1.
    """

    shares: Float64
    attention: Float64
    edges: Float64


class SceneGraph:
    """The network.

    Attributes:
        tensors: its weights by the names of `training.scene.SceneNet`.
    """

    def __init__(self, tensors: Mapping[str, Float32]) -> None:
        """One of these weights."""
        self.tensors = tensors
        self.layers = sum(name.endswith("own.weight") for name in tensors)

    def __call__(self, light: Float32, words: Int64, looks: Float32) -> Read:
        """What it makes of light (S,), known words (N,) and looks (N, V) of its objects; at least one."""
        scene = _rises(self._linear("scene", self._usual("light", light)))
        seen = self._usual("looks", looks)
        edges = _softmax(self._linear("gives", seen) @ self._linear("takes", seen).T)
        others = edges * (1 - np.eye(len(words)))
        nodes = self.tensors["words.weight"][words].astype(np.float64)
        for layer in range(self.layers):
            own, told = self._linear(f"layers.{layer}.own", nodes), self._linear(f"layers.{layer}.told", nodes)
            nodes = nodes + _rises(own + others @ told)
        attention = _softmax(self._linear("asks", scene) @ self._linear("answers", nodes).T)
        hidden = _rises(self._linear("hidden", np.concatenate([attention @ nodes, scene])))
        return Read(_softmax(self._linear("names", hidden)), attention, edges)

    def _linear(self, name: str, given: Float64) -> Float64:
        found: Float64 = given @ self.tensors[f"{name}.weight"].T.astype(np.float64) + self.tensors[f"{name}.bias"]
        return found

    def _usual(self, name: str, given: Float32) -> Float64:
        """Numbers as deviations from what is usual among the drawn scenes."""
        mean, spread = self.tensors[f"{name}_mean"], self.tensors[f"{name}_spread"]
        return np.clip((given.astype(np.float64) - mean) / spread, -ODD, ODD)


def _rises(given: Float64) -> Float64:
    return np.maximum(given, 0)


def _softmax(given: Float64) -> Float64:
    raised = np.exp(given - given.max(axis=-1, keepdims=True))
    shares: Float64 = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def open_graph(folder: Path) -> SceneGraph:
    """A network of a checkpoint folder.

    Raises:
        CheckpointError: it is none, or not whole.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    checkpoint = open_checkpoint(folder, KIND, VERSION)
    if tuple(checkpoint.config.get("names", ())) != MIKELS.names:
        raise CheckpointError(f"the scene network in {folder} tells other emotions than {', '.join(MIKELS.names)}")
    try:
        return SceneGraph(load_file(checkpoint.file(MODULE)))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{checkpoint.file(MODULE)} cannot be read ({error}); get or write it again") from None


@cache
def shipped_graph() -> SceneGraph:
    """The network that ships."""
    return open_graph(FOLDER)

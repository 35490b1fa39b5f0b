"""Teach the network that reads scenes, and the plain ones that it must beat, from scenes that are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.data.drawn_scenes import DrawnScene, draw_scenes, pairs_apart
from dicetalk.emotion.circle import MIKELS
from dicetalk.errors import ConfigError
from dicetalk.modules import save_tensors
from dicetalk.scene.graph import KIND, MODULE, ODD, VERSION
from dicetalk.scene.light import LIGHT, light_of
from dicetalk.scene.objects import LOOKS, looks_of
from dicetalk.scene.words import WORDS
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes

Sees = Literal["graph", "bag", "scene"]
"""Objects and their edges; objects alone; neither."""
DEV_SEED = 10_000
"""Of the scenes that are measured on."""


@dataclass(frozen=True, kw_only=True)
class SceneRecipe:
    """A recipe.

    Attributes:
        loop: how long and how fast.
        sees: what the network may see.
        width: of words, nodes and scene.
        layers: of the graph.
        scenes: that are drawn to learn from.
        batch: scenes of a batch.
        measured: scenes of each kind that are measured on.
    """

    loop: LoopOptions = field(default_factory=lambda: LoopOptions(steps=1500, rate=4e-3, decay=0.02, save_every=500))
    sees: Sees = "graph"
    width: int = 32
    layers: int = 2
    scenes: int = 6000
    batch: int = 96
    measured: int = 2000

    def __post_init__(self) -> None:
        if min(self.width, self.layers, self.scenes, self.batch, self.measured) < 1:
            raise ConfigError("width, layers, scenes, batch and measured of a scene recipe are 1 or more")


@dataclass(frozen=True, eq=False)
class Scenes:
    """Scenes as tensors, objects padded to the most there are.

    Attributes:
        light: (B, S).
        words: (B, N); of what is not there 0.
        looks: (B, N, V).
        there: (B, N) bool.
        labels: (B,).
    """

    light: Tensor
    words: Tensor
    looks: Tensor
    there: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, chosen: Tensor) -> Scenes:
        """Some of them."""
        return Scenes(
            self.light[chosen], self.words[chosen], self.looks[chosen], self.there[chosen], self.labels[chosen]
        )


def as_tensors(scenes: Sequence[DrawnScene]) -> Scenes:
    """Scenes as a network takes them."""
    most = max(len(scene.objects) for scene in scenes)
    words, looks = np.zeros((len(scenes), most), np.int64), np.zeros((len(scenes), most, LOOKS), np.float32)
    there = np.zeros((len(scenes), most), bool)
    for row, scene in enumerate(scenes):
        count = len(scene.objects)
        words[row, :count] = [WORDS.index(some.name) for some in scene.objects]
        looks[row, :count] = looks_of(scene.picture, scene.objects)
        there[row, :count] = True
    light, labels = np.stack([light_of(scene.picture) for scene in scenes]), [scene.label for scene in scenes]
    return Scenes(
        torch.from_numpy(light), torch.from_numpy(words), torch.from_numpy(looks), torch.from_numpy(there),
        torch.tensor(labels),
    )  # fmt: skip


class GraphLayer(nn.Module):
    """A node's own word, and what the others tell by their edges."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own = nn.Linear(width, width)
        self.told = nn.Linear(width, width)

    def forward(self, nodes: Tensor, others: Tensor) -> Tensor:
        """Nodes (B, N, D) and edges (B, N, N), of none to itself -> nodes."""
        return nodes + fn.relu(self.own(nodes) + others @ self.told(nodes))


class SceneNet(nn.Module):
    """Light (B, S), words (B, N), looks (B, N, V) and who is there (B, N) -> logits (B, 8)."""

    light_mean: Tensor
    light_spread: Tensor
    looks_mean: Tensor
    looks_spread: Tensor

    def __init__(self, recipe: SceneRecipe) -> None:
        super().__init__()
        self.sees, width = recipe.sees, recipe.width
        for name, sides in (("light", LIGHT), ("looks", LOOKS)):
            self.register_buffer(f"{name}_mean", torch.zeros(sides))
            self.register_buffer(f"{name}_spread", torch.ones(sides))
        self.words = nn.Embedding(len(WORDS), width)
        self.gives, self.takes = nn.Linear(LOOKS, width), nn.Linear(LOOKS, width)
        self.layers = nn.ModuleList([GraphLayer(width) for _ in range(recipe.layers)])
        self.scene = nn.Linear(LIGHT, width)
        self.asks, self.answers = nn.Linear(width, width), nn.Linear(width, width)
        self.hidden, self.names = nn.Linear(2 * width, 2 * width), nn.Linear(2 * width, len(MIKELS.names))

    def forward(self, light: Tensor, words: Tensor, looks: Tensor, there: Tensor) -> Tensor:
        """As above."""
        scene = fn.relu(self.scene(usual(light, self.light_mean, self.light_spread)))
        seen = usual(looks, self.looks_mean, self.looks_spread)
        edges = _shares(self.gives(seen) @ self.takes(seen).mT, there[:, None])
        others = edges * (1 - torch.eye(words.shape[1], device=edges.device)) * (self.sees == "graph")
        nodes = self.words(words) * (self.sees != "scene")
        for layer in self.layers:
            nodes = layer(nodes, others)
        attention = _shares((self.answers(nodes) @ self.asks(scene)[..., None])[..., 0], there)
        pooled = (attention[:, None] @ nodes)[:, 0]
        logits: Tensor = self.names(fn.relu(self.hidden(torch.cat([pooled, scene], 1))))
        return logits


def usual(given: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """Numbers as deviations from what is usual."""
    return ((given - mean) / spread).clamp(-ODD, ODD)


def _shares(logits: Tensor, there: Tensor) -> Tensor:
    """Softmax over what is there."""
    return logits.masked_fill(~there, -torch.inf).softmax(-1)


class SceneTask:
    """Draws batches of scenes, and tells how well it does on pairs that it has never seen together."""

    def __init__(self, recipe: SceneRecipe, learned: Scenes, seen: Scenes, unseen: Scenes) -> None:
        """A fresh network, which knows the usual light and looks."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.loop.seed)
            self.net: nn.Module = SceneNet(recipe)
        self.recipe, self.learned, self.seen, self.unseen = recipe, learned, seen, unseen
        state = self.net.state_dict()
        for name, tensor in (("light", learned.light), ("looks", learned.looks[learned.there])):
            state[f"{name}_mean"].copy_(tensor.mean(0))
            state[f"{name}_spread"].copy_(tensor.std(0) + 1e-4)

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The cross-entropy of one batch."""
        batch = self.learned.part(torch.randint(len(self.learned), (self.recipe.batch,), generator=generator))
        return {"loss": fn.cross_entropy(self._logits(batch), batch.labels)}

    def validation(self) -> dict[str, float]:
        """Shares that are right, where the pair that touches has been seen, and where it has not."""
        return {"seen": self.right(self.seen), "unseen": self.right(self.unseen)}

    @torch.no_grad()
    def right(self, scenes: Scenes) -> float:
        """Share of scenes told rightly."""
        return float((self._logits(scenes).argmax(1) == scenes.labels).float().mean())

    def _logits(self, scenes: Scenes) -> Tensor:
        found: Tensor = self.net(scenes.light, scenes.words, scenes.looks, scenes.there)
        return found


def scene_task(recipe: SceneRecipe) -> SceneTask:
    """What is learned by a recipe: its seed says which scenes and which pairs are kept apart."""
    seed = recipe.loop.seed
    apart = pairs_apart(seed)
    learned = as_tensors([*draw_scenes(recipe.scenes, seed, apart)])
    seen = as_tensors([*draw_scenes(recipe.measured, DEV_SEED + seed, apart)])
    unseen = as_tensors([*draw_scenes(recipe.measured, 2 * DEV_SEED + seed, apart, unseen=True)])
    return SceneTask(recipe, learned, seen, unseen)


def train_scene(out: Path, recipe: SceneRecipe, progress: Progress | None = None, processes: Processes = ALONE) -> Path:
    """Teach a network, and write it to a checkpoint folder.

    Raises:
        CheckpointError: the folder holds the state of another network.
        ConfigError: a loss is not finite.
    """
    task = scene_task(recipe)
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        write_scene(out, task)
    return out


def write_scene(out: Path, task: SceneTask) -> None:
    """Write what was learned, and how often it is right, to a checkpoint folder."""
    save_tensors(out / f"{MODULE}.safetensors", task.net.state_dict())
    found = {name: round(value, 4) for name, value in task.validation().items()}
    write_config(out, KIND, VERSION, {"names": MIKELS.names, "words": WORDS, "right": found} | to_plain(task.recipe))

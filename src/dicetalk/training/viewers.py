"""Teach the network of viewers from AFFEC, a download of its users' own; no weights of it ship.

People are told apart: one of five viewers is never learned from. Beside the network's figures stand those of a table of
the clip's label, since that is what most of a published figure came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dicetalk.arrays import Bool, Float32, Int64
from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.data.affec import ASKED, RATE, AffecColumns, Trial, read_affec
from dicetalk.errors import ConfigError
from dicetalk.modules import save_tensors
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes
from dicetalk.training.viewer_net import BINS, ViewerNet, ViewerSizes, Viewing, chances, ordinal_loss

KIND, VERSION, MODULE = "viewers", 1, "viewers"


@dataclass(frozen=True, kw_only=True)
class ViewerRecipe:
    """A recipe.

    Attributes:
        loop: how long and how fast.
        sizes: of the network.
        columns: what those of AFFEC's tables are called.
        batch: trials of a batch.
        told: whether the network is told what the clip shows; without it a figure says what eyes tell.
        held_out: one of so many viewers is never learned from.
    """

    loop: LoopOptions = field(default_factory=lambda: LoopOptions(steps=3000, rate=1e-3, decay=0.01, save_every=500))
    sizes: ViewerSizes = field(default_factory=ViewerSizes)
    columns: AffecColumns = field(default_factory=AffecColumns)
    batch: int = 32
    told: bool = True
    held_out: int = 5

    def __post_init__(self) -> None:
        if self.batch < 1 or self.held_out < 2:
            raise ConfigError("a batch of a viewers' recipe is 1 or more, held_out 2 or more")


@dataclass(frozen=True, eq=False)
class Usual:
    """What is usual among the viewers that are learned from.

    Attributes:
        labels: of clips, in order; number 0 is one that is not told.
        pupils, traits: mean and deviation of each column.
        edges: (4, 2) between the bins of each answer: thirds of the range in which people answered.
    """

    labels: tuple[str, ...]
    pupils: tuple[Float32, Float32]
    traits: tuple[Float32, Float32]
    edges: Float32

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> Usual:
        """Of some trials, at least one."""
        answers = np.stack([trial.answers for trial in trials])
        low, high = answers.min(0), answers.max(0)
        edges = np.stack([low + (high - low) / BINS, low + 2 * (high - low) / BINS], 1)
        pupils = np.concatenate([trial.pupils for trial in trials])
        traits = np.stack([trial.traits for trial in trials])
        labels = tuple(sorted({trial.stimulus for trial in trials}))
        return cls(labels, _moments(pupils), _moments(traits), edges.astype(np.float32))

    def viewing(self, trials: Sequence[Trial], *, told: bool) -> Viewing:
        """Trials as the network takes them."""
        lengths = np.array([max(len(trial.gaze), 1) for trial in trials])
        gaze, pupils = (np.zeros((len(trials), lengths.max(), 4), np.float32) for _ in range(2))
        for row, trial in enumerate(trials):
            gaze[row, : len(trial.gaze)] = _known(2 * trial.gaze - 1)
            pupils[row, : len(trial.pupils)] = _known(_against(trial.pupils, self.pupils))
        traits = np.nan_to_num(_against(np.stack([trial.traits for trial in trials]), self.traits))
        numbers = {label: number for number, label in enumerate(self.labels, 1)}
        stimulus = [numbers.get(trial.stimulus, 0) if told else 0 for trial in trials]
        answers = np.stack([trial.answers for trial in trials])[..., None] > self.edges
        return Viewing(
            torch.from_numpy(gaze), torch.from_numpy(pupils), torch.from_numpy(lengths), torch.from_numpy(traits),
            torch.tensor(stimulus), torch.from_numpy(answers.sum(-1)),
        )  # fmt: skip


def _moments(values: Float32) -> tuple[Float32, Float32]:
    """Mean and deviation of columns, of which some rows or all may be unknown."""
    known = np.isfinite(values)
    counts = np.maximum(known.sum(0), 1)
    mean = np.where(known, values, 0).sum(0) / counts
    spread = np.sqrt(np.where(known, (values - mean) ** 2, 0).sum(0) / counts)
    return mean.astype(np.float32), np.maximum(spread, 1e-3).astype(np.float32)


def _against(values: Float32, usual: tuple[Float32, Float32]) -> Float32:
    return ((values - usual[0]) / usual[1]).astype(np.float32)


def _known(values: Float32) -> Float32:
    """(T, 2) -> (T, 4): the values, 0 where unknown, and which are known."""
    known = np.isfinite(values)
    return np.concatenate([np.where(known, values, 0), known], axis=1).astype(np.float32)


def held_out(trials: Sequence[Trial], one_of: int) -> Bool:
    """Which trials (N,) are of viewers that are not learned from: every so-manieth, by name."""
    names = sorted({trial.viewer for trial in trials})
    kept = set(names[::one_of])
    return np.array([trial.viewer in kept for trial in trials])


class ViewerTask:
    """Learns the answers of some viewers, and tells how well it does on others."""

    def __init__(self, recipe: ViewerRecipe, trials: Sequence[Trial]) -> None:
        """A fresh network.

        Raises:
            ConfigError: there are fewer than two viewers.
        """
        apart = held_out(trials, recipe.held_out)
        if apart.all():
            raise ConfigError("these trials are all of one viewer; expected at least two, one to measure on")
        known = [trial for trial, is_apart in zip(trials, apart, strict=True) if not is_apart]
        others = [trial for trial, is_apart in zip(trials, apart, strict=True) if is_apart]
        self.usual, self.recipe = Usual.of(known), recipe
        self.known, self.others = (self.usual.viewing(some, told=recipe.told) for some in (known, others))
        self.table = _table(self.usual.viewing(known, told=True), self.usual.viewing(others, told=True))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.loop.seed)
            self.net: nn.Module = ViewerNet(recipe.sizes, 1 + len(self.usual.labels))

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The ordinal cross-entropy of one batch."""
        batch = self.known.part(torch.randint(len(self.known), (self.recipe.batch,), generator=generator))
        return {"loss": ordinal_loss(self.net(batch), batch.answers)}

    def validation(self) -> dict[str, float]:
        """Macro-F1 of each question on viewers not learned from, and that of a table of the clip's label."""
        answers = self.others.answers.numpy()
        guesses = {"": self.guesses(self.others), "table_": self.table}
        return {
            f"{whose}{name}": macro_f1(answers[:, place], guess[:, place])
            for whose, guess in guesses.items()
            for place, name in enumerate(ASKED)
        }

    @torch.no_grad()
    def guesses(self, viewing: Viewing) -> Int64:
        """The likeliest bins (B, 4)."""
        is_training = self.net.training
        self.net.eval()
        found = chances(self.net(viewing)).argmax(-1).numpy()
        self.net.train(is_training)
        return np.asarray(found, np.int64)


def _table(known: Viewing, asked: Viewing) -> Int64:
    """For each clip's label the answer that most others gave (B, 4); 0 is a label that nobody saw: all of them."""
    found = np.zeros(asked.answers.shape, np.int64)
    for label in asked.stimulus.unique():
        alike = known.stimulus == label
        answers = known.answers[alike] if bool(alike.any()) else known.answers
        found[(asked.stimulus == label).numpy()] = answers.mode(0).values.numpy()
    return found


def macro_f1(true: Int64, guess: Int64) -> float:
    """The mean of the bins' F1, over bins that are true or guessed at least once."""
    scores = []
    for number in range(BINS):
        hits = ((true == number) & (guess == number)).sum()
        either = (true == number).sum() + (guess == number).sum()
        if either:
            scores.append(2 * hits / either)
    return float(np.mean(scores))


def train_viewers(
    data: Sequence[Path],
    out: Path,
    recipe: ViewerRecipe,
    progress: Progress | None = None,
    processes: Processes = ALONE,
) -> Path:
    """Teach a network on the folder of AFFEC, and write it to a checkpoint folder.

    Raises:
        InputError: the folder is no AFFEC.
        CheckpointError: the folder of the run holds the state of another network.
        ConfigError: there are several folders, too few viewers, or a loss is not finite.
    """
    if len(data) != 1:
        raise ConfigError(f"AFFEC lies in one folder; found {len(data)}")
    task = ViewerTask(recipe, read_affec(data[0], recipe.columns))
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        write_viewers(out, task)
    return out


def write_viewers(out: Path, task: ViewerTask) -> None:
    """Write what was learned, what is usual, and how well it does, to a checkpoint folder."""
    save_tensors(out / f"{MODULE}.safetensors", task.net.state_dict())
    usual = task.usual
    told = {
        "asked": list(ASKED),
        "labels": list(usual.labels),
        "rate": RATE,
        "edges": usual.edges.tolist(),
        "pupils": [part.tolist() for part in usual.pupils],
        "traits": [part.tolist() for part in usual.traits],
        "f1": {name: round(value, 4) for name, value in task.validation().items()},
    }
    write_config(out, KIND, VERSION, told | to_plain(task.recipe))

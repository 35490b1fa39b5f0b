"""Fit what reads faces: `src/dicetalk/weights/reader/face.safetensors`.

    python tools/plain_voices.py plain/
    python tools/reader_meshes.py plain/synthesised meshes.npz PORTRAIT...      faces that are never drawn
    python tools/reader_faces.py plain/synthesised faces/ PORTRAIT...           faces that are drawn, and read again
    python tools/fit_reader.py meshes.npz faces/

Printed is how often portraits are read rightly that were left out of the fit, with intervals of 95 % by bootstrap over
portraits: the windows of one portrait go together. Of the portraits on which the reader is
reported none may be among these: `benchmarks/reading.py` says which those are.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.arrays import Float32, Float64, Int64
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.evaluation.figures import Figure, estimate
from dicetalk.reading.expression import FILE, against_usual, functionals
from dicetalk.tracking.fitting import read_landmarks

WIDTH, STEPS, BATCH = 32, 400, 256
RATE, DECAY = 6e-3, 1e-2
DROPPED, BLURRED = (0.15, 0.3), 0.1
"""Shares of inputs and of hidden numbers that are dropped; noise on inputs [standard deviations]."""
LEAST_SPREAD = 0.03
"""Of an input: what hardly moves must not be blown up."""
CLEAR = 1.6
"""A feeling counts as all there is from 1 / CLEAR of its full strength on: which one it is, is not how strong it is."""
DRAWN = 3.0
"""How much a face that was drawn counts, against one that was not."""
HARD, COUNTS = NAMES.index("disgusted"), 2.0
"""What is hardest to tell counts more: .80 of its windows are read on portraits left out; counted as all, .73."""
FRAMES, STEP = 5, 2
"""Of a window, and between two windows [frames that were drawn]."""
FOLDS = 5
LEAST_FELT = 0.3
"""Share of a feeling from which it is said to be there."""
READ = Figure("read", "windows that are read rightly", "windows")


class Reader(nn.Module):
    """What a window tells (N, C) -> odds of the names and of full strength (N, 9)."""

    def __init__(self, rows: Float32) -> None:
        super().__init__()
        self.middle, self.spread = torch.from_numpy(rows.mean(0)), torch.from_numpy(rows.std(0) + LEAST_SPREAD)
        self.into, self.out = nn.Linear(rows.shape[1], WIDTH), nn.Linear(WIDTH, len(NAMES) + 1)

    def forward(self, rows: Tensor) -> Tensor:
        """Odds of rows (N, C)."""
        inputs = (rows - self.middle) / self.spread
        if self.training:
            inputs = inputs + BLURRED * torch.randn_like(inputs)
        hidden = torch.tanh(self.into(fn.dropout(inputs, DROPPED[0], self.training)))
        found: Tensor = self.out(fn.dropout(hidden, DROPPED[1], self.training))
        return found

    def tensors(self) -> dict[str, Float32]:
        """As `reading.expression` takes them."""
        named = {
            "middle": self.middle, "spread": self.spread, "into": self.into.weight.T, "into_offset": self.into.bias,
            "out": self.out.weight.T, "out_offset": self.out.bias,
        }  # fmt: skip
        return {name: np.ascontiguousarray(tensor.detach().numpy(), np.float32) for name, tensor in named.items()}


@dataclass(frozen=True, eq=False)
class Windows:
    """What is read in N windows of portraits that were left out.

    Attributes:
        shares: (N, 8).
        acted: (N,) which of `NAMES`.
        drawing: (N,) name of the file.
    """

    shares: Float64
    acted: Int64
    drawing: NDArray[Any]


def main() -> None:
    """Fit, tell how good it is on portraits left out, and write the weights."""
    torch.set_num_threads(1)
    meshes = np.load(sys.argv[1])
    plain = meshes["rows"].astype(np.float32), meshes["felt"].astype(np.float32)
    drawn = {path.stem: windows(path) for path in sorted(Path(sys.argv[2]).glob("*.npz"))}
    found = left_out(plain, drawn)
    for by in ("actors", "backbone"):
        own = np.array([f"-{by}-" in drawing for drawing in found.drawing.tolist()])
        tell(Windows(found.shares[own], found.acted[own], found.drawing[own]), f"acted by {by}")
    net = fit(*gathered(plain, list(drawn.values())))
    FILE.parent.mkdir(exist_ok=True)
    save_file(net.tensors(), FILE)
    print(FILE, f"{len(plain[0])} windows of meshes, {sum(len(rows) for rows, _ in drawn.values())} of drawings")


def windows(path: Path) -> tuple[Float32, Float32]:
    """What the windows of a portrait tell (N, C), and what is felt in them (N, 8)."""
    told = np.load(path)
    rows, felt = [], []
    for clip in np.unique(told["clip"]):
        own = told["clip"] == clip
        landmarks = told["landmarks"][own].astype(np.float64)
        shapes, against = read_landmarks(landmarks).shapes, against_usual(landmarks)
        for start in range(0, max(1, len(shapes) - FRAMES + 1), STEP):
            inside = slice(start, start + FRAMES)
            rows.append(functionals(shapes[inside], against[inside]))
            felt.append(told["felt"][own][inside].mean(0))
    return np.array(rows, np.float32), np.array(felt, np.float32)


def gathered(
    plain: tuple[Float32, Float32], drawn: Sequence[tuple[Float32, Float32]]
) -> tuple[Float32, Float32, Float32]:
    """Rows, feelings and how much each counts, of all."""
    rows, felt = (np.concatenate([plain[k], *(part[k] for part in drawn)]) for k in (0, 1))
    counts = np.where(np.arange(len(rows)) < len(plain[0]), 1.0, DRAWN)
    counts = np.where(felt[:, HARD] > LEAST_FELT, COUNTS * counts, counts).astype(np.float32)
    return rows, felt, counts / counts.mean()


def fit(rows: Float32, felt: Float32, counts: Float32, seed: int = 0) -> Reader:
    """A reader of windows (N, C) in which this is felt (N, 8)."""
    torch.manual_seed(seed)
    net = Reader(rows)
    steps = torch.optim.AdamW(net.parameters(), weight_decay=DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(steps, RATE, total_steps=STEPS)
    which, strong, inputs, weight = map(torch.from_numpy, (clear(felt), 1 - felt[:, 0], rows, counts))
    for _ in range(STEPS):
        some = torch.randint(0, len(rows), (BATCH,))
        found = net(inputs[some])
        loss = fn.cross_entropy(found[:, : len(NAMES)], which[some], reduction="none")
        loss = loss + 0.5 * fn.binary_cross_entropy_with_logits(found[:, -1], strong[some], reduction="none")
        steps.zero_grad()
        (loss * weight[some]).mean().backward()
        steps.step()
        pace.step()
    return net.eval()


def clear(felt: Float32) -> Float32:
    """Which feeling it is (N, 8), of how strong each is (N, 8)."""
    some = CLEAR * felt[:, 1:]
    some /= np.maximum(some.sum(1, keepdims=True), 1)
    return np.column_stack([1 - some.sum(1), some]).astype(np.float32)


def left_out(plain: tuple[Float32, Float32], drawn: dict[str, tuple[Float32, Float32]]) -> Windows:
    """What is read in portraits by networks that these were left out of; windows between two feelings are passed over.

    Args:
        plain: rows and feelings of meshes.
        drawn: the same by the name of a drawing, `PORTRAIT-...`.
    """
    who = {name: name.split("-")[0] for name in sorted(drawn)}
    portraits = sorted(set(who.values()))
    parts = []
    for fold in range(FOLDS):
        kept = portraits[fold::FOLDS]
        net = fit(*gathered(plain, [drawn[name] for name in who if who[name] not in kept]))
        for name in (name for name in who if who[name] in kept):
            odds = net(torch.from_numpy(drawn[name][0])).detach().numpy()[:, : len(NAMES)].astype(np.float64)
            shares, felt = np.exp(odds - odds.max(1, keepdims=True)), drawn[name][1]
            told = (felt[:, 0] > 0.9) | (felt[:, 1:].max(1) > 0.4)
            acted = np.where(felt[:, 0] > 0.9, 0, felt[:, 1:].argmax(1) + 1)
            where = np.full(len(acted), name)
            parts.append((shares[told] / shares[told].sum(1, keepdims=True), acted[told], where[told]))
    return Windows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def tell(windows: Windows, title: str) -> None:
    """Print how often each feeling is read, and as what most else."""
    shares, acted = windows.shares, windows.acted
    print(f"{title}: {len(acted)} windows; as sure as right: {_error(shares, acted):.3f}")
    right = shares.argmax(1) == acted
    who = np.array([drawing.split("-")[0] for drawing in windows.drawing.tolist()])
    for number, name in enumerate(NAMES):
        own = acted == number
        wrong = np.bincount(shares[own & ~right].argmax(1), minlength=len(NAMES))
        instead = f", else {NAMES[int(wrong.argmax())]}" if wrong.any() else ""
        print(f"  {name:10} {_often(right[own], who[own])}{instead}")
    print(f"  all        {_often(right, who)}")


def _often(right: NDArray[np.bool_], who: NDArray[Any]) -> str:
    """How often (N,) windows of portraits `who` are read rightly, its interval, and of how many windows."""
    found = estimate(READ, [(float(right[who == one].sum()), float((who == one).sum())) for one in np.unique(who)])
    return "of no window" if found is None else found.text()


def _error(shares: Float64, truth: Int64, bins: int = 8) -> float:
    """Expected calibration error of shares (N, 8)."""
    sure, right = shares.max(1), shares.argmax(1) == truth
    place = np.minimum((sure * bins).astype(int), bins - 1)
    parts = [abs(sure[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in set(place.tolist())]
    return float(sum(parts))


if __name__ == "__main__":
    main()

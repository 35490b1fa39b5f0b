"""What a motion model is trained by: sizes, steps, what is left out, how much each loss counts."""

from __future__ import annotations

from dataclasses import dataclass, field

from dicetalk.diffusion.model import MotionSizes
from dicetalk.emotion.bank import BankTraining
from dicetalk.errors import ConfigError
from dicetalk.training.loop import LoopOptions

PERFORMANCES = 2
"""Of each stretch of speech in a batch: the same words, felt otherwise."""


@dataclass(frozen=True, kw_only=True)
class Drops:
    """What is left out, as shares of the windows.

    Attributes:
        all: neither speech nor emotion.
        emotion: no emotion.
        phones: no phones, but the bands.
        bands: no bands, but the phones.
    """

    all: float = 0.1
    emotion: float = 0.25
    phones: float = 0.3
    bands: float = 0.15


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each loss counts against that of diffusion."""

    bank: float = 1.0
    classes: float = 0.1
    speed: float = 0.5
    closure: float = 5.0
    tremble: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Stage2Motion:
    """A recipe.

    Attributes:
        sizes: of the network.
        loop: how long and how fast.
        bank: how it is read.
        drops: what is left out.
        weights: of the losses.
        batch: windows, an even number.
        frames: of a window.
        guided: share of the windows that learn to be guided.
        half: whether to reckon in numbers of 16 bits where that is enough.
        compiled: whether to compile the network first: two minutes, then twice as fast; needs a C++ compiler.
        space: folder of the embedder in whose space emotions lie; "" for the one that ships.

    Raises:
        ConfigError: an option cannot be met.
    """

    sizes: MotionSizes = field(default_factory=MotionSizes)
    loop: LoopOptions = field(default_factory=LoopOptions)
    bank: BankTraining = field(default_factory=BankTraining)
    drops: Drops = field(default_factory=Drops)
    weights: Weights = field(default_factory=Weights)
    batch: int = 64
    frames: int = 100
    guided: float = 0.2
    half: bool = True
    compiled: bool = False
    space: str = ""

    def __post_init__(self) -> None:
        if self.batch < PERFORMANCES or self.batch % PERFORMANCES:
            raise ConfigError(f"the batch is {self.batch}; use a multiple of {PERFORMANCES}")
        if self.frames < 3:
            raise ConfigError(f"the windows have {self.frames} frames; use 3 or more")

"""What the svd denoiser is trained by: where it starts, what learns, what is left out, how much each loss counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from dicetalk.emotion.bank import BankTraining
from dicetalk.errors import ConfigError
from dicetalk.training.loop import LoopOptions

Learned = Literal["all", "streams", "lora"]
Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True, kw_only=True)
class SvdDrops:
    """What is left out, as shares of the windows: each of the guidance's four predictions is trained.

    Attributes:
        all: the portrait, speech and emotion.
        voice: speech and emotion.
        emotion: the emotion.
    """

    all: float = 0.05
    voice: float = 0.05
    emotion: float = 0.1

    def __post_init__(self) -> None:
        if min(self.all, self.voice, self.emotion) < 0 or self.all + self.voice + self.emotion > 1:
            raise ConfigError("the drops are shares: none below 0, no more than 1 in all")


@dataclass(frozen=True, kw_only=True)
class NoiseLevels:
    """Of what is learned: ln sigma has this mean and deviation."""

    mean: float = 0.7
    spread: float = 1.6


@dataclass(frozen=True, kw_only=True)
class SvdWeights:
    """How much each loss counts against that of diffusion."""

    bank: float = 1.0
    classes: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Stage2Svd:
    """A recipe.

    Attributes:
        start: folder of the svd checkpoint that learning starts from; its other networks stay as they are.
        learned: "all"; "streams": what speech and emotion pass through, and nothing of the U-Net itself; "lora": small
            changes (low rank) of the streams, a file of some MB beside the checkpoint, which stays as it is.
        rank: of these changes.
        fresh: start the streams from the layers' own projections, and the bank's entries from what the emotions ask
            for, not from the checkpoint's.
        loop: how long and how fast.
        bank: how it is read.
        drops: what is left out.
        noise: the levels of noise.
        weights: of the losses.
        batch: windows.
        frames: of a window, 12.5 a second.
        reach: most frames between a window and its portrait.
        elsewhere: share of the windows whose portrait is of another clip of the same person, a neutral one where there
            is: a portrait out of the clip shows the emotion already, and nothing has to be learned of it.
        precision: of what is reckoned where 16 bits are enough: "bfloat16"; "float16", with scaled losses, for cards
            that know no other; or "float32".
        shards: where shards lie that are learned from, in place of prepared folders: a folder, https://..., s3://...
        stay: steps until another shard has its turn.
        looks: windows of people who are held out that are shown, made beside true, whenever the state is saved.
        checkpointing: run layers again on the way back: slower, with much less memory.
        held_out: identities that are never learned from; without any, a tenth of them.

    Raises:
        ConfigError: an option cannot be met.
    """

    start: str = ""
    learned: Learned = "all"
    rank: int = 8
    fresh: bool = False
    loop: LoopOptions = field(default_factory=LoopOptions)
    bank: BankTraining = field(default_factory=BankTraining)
    drops: SvdDrops = field(default_factory=SvdDrops)
    noise: NoiseLevels = field(default_factory=NoiseLevels)
    weights: SvdWeights = field(default_factory=SvdWeights)
    batch: int = 1
    frames: int = 25
    reach: int = 50
    elsewhere: float = 0.5
    precision: Precision = "bfloat16"
    shards: str = ""
    stay: int = 500
    looks: int = 2
    checkpointing: bool = True
    held_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.batch < 1 or self.frames < 2 or self.reach < 0:
            raise ConfigError(
                f"a batch of {self.batch} windows of {self.frames} frames, portraits {self.reach} frames away; "
                "use 1 or more, 2 or more, 0 or more"
            )
        if self.learned not in get_args(Learned):
            raise ConfigError(f"learned is {self.learned!r}; expected one of: {', '.join(get_args(Learned))}")
        if self.precision not in get_args(Precision):
            raise ConfigError(f"precision is {self.precision!r}; expected one of: {', '.join(get_args(Precision))}")
        if self.looks < 0 or self.stay < 1:
            raise ConfigError(f"looks is {self.looks} and stay {self.stay}; use 0 or more, 1 or more")
        if self.rank < 1:
            raise ConfigError(f"the rank is {self.rank}; use 1 or more")
        if self.learned == "lora" and self.fresh:
            raise ConfigError("streams that start anew learn as a whole; use learned=all or learned=streams")
        if not 0 <= self.elsewhere <= 1:
            raise ConfigError(f"elsewhere is {self.elsewhere:g}; use a share, 0 to 1")
        if self.noise.spread <= 0:
            raise ConfigError(f"noise.spread is {self.noise.spread:g}; use more than 0")

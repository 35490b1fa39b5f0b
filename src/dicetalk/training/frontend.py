"""Teach the front end to hear broad phones, voice and lips from synthesised speech that knows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.data.synthetic import Shard, read_shards
from dicetalk.errors import InputError
from dicetalk.modules import save_tensors
from dicetalk.rates import HOP, HOPS_PER_SECOND
from dicetalk.speech.broad import BITING, CLOSED, LIPS, OPENING, PHONES
from dicetalk.speech.phone_network import PhoneNetwork, PhoneSizes, bands_of
from dicetalk.speech.phonetics import BEFORE, DELAY
from dicetalk.training.acoustics import Acoustics, Chance, recorded
from dicetalk.training.export import export_phones
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes

KIND, VERSION = "phones", 1
WEIGHTS, GRAPH = "phones.safetensors", "phones.onnx"


@dataclass(frozen=True, kw_only=True)
class FrontEnd:
    """A recipe of the front end.

    Attributes:
        sizes: of the network.
        loop: how long and how fast.
        acoustics: what is made of the recordings.
        batch: samples.
        seconds: of a sample.
        espeak: share of the samples that eSpeak NG speaks; other programs put recorded pieces together.
        recorded: share of the samples that a person read.
        quiet: share of the samples in which nobody speaks.
        lips: weight of hops for which lips shut or bite; of the others 1.
        opening: weight of how far the lips part.
    """

    sizes: PhoneSizes = field(default_factory=PhoneSizes)
    loop: LoopOptions = field(default_factory=LoopOptions)
    acoustics: Acoustics = field(default_factory=Acoustics)
    batch: int = 24
    seconds: float = 3.0
    espeak: float = 0.25
    recorded: float = 0.45
    quiet: float = 0.06
    lips: float = 2.5
    opening: float = 10.0


@dataclass(frozen=True, eq=False)
class Speeches:
    """Shards one behind the other, on a device.

    Attributes:
        sound: `(N,)` int16.
        phones, voiced: `(N / 160,)` uint8.
        starts, lengths: `(S,)` of each shard [hops].
        weights: `(S,)` how often each is drawn.
    """

    sound: Tensor
    phones: Tensor
    voiced: Tensor
    starts: Tensor
    lengths: Tensor
    weights: Tensor


def gather(shards: Sequence[Shard], recipe: FrontEnd, device: torch.device) -> Speeches:
    """Shards as they are drawn from; within a kind of voice each by its length, softened."""
    lengths = torch.tensor([len(shard.phones) for shard in shards])
    weights = lengths.double().sqrt()
    kinds = [shard.name.split(" ")[0] for shard in shards]
    shares = {"espeak": recipe.espeak, "recorded": recipe.recorded, "": 1 - recipe.espeak - recipe.recorded}
    for kind, share in shares.items():
        chosen = torch.tensor([(each if each in shares else "") == kind for each in kinds])
        weights[chosen] *= share / weights[chosen].sum().clamp(min=1e-9)
    columns = ("sound", "phones", "voiced")
    sound, phones, voiced = (
        torch.from_numpy(np.concatenate([getattr(shard, name) for shard in shards])).to(device) for name in columns
    )
    return Speeches(sound, phones, voiced, lengths.cumsum(0) - lengths, lengths, weights)


class FrontEndTask:
    """Draws samples, moves them about, and tells how badly they are heard."""

    def __init__(self, speeches: Speeches, recipe: FrontEnd, device: torch.device = ALONE.device) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.loop.seed)
            self.net = PhoneNetwork(recipe.sizes).to(device)
        self.speeches, self.recipe, self.device = speeches, recipe, device
        counts = torch.ones(len(PHONES), device=device)
        counts[[*CLOSED, BITING]] = recipe.lips
        self.weights = counts

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of one batch."""
        seed = int(torch.randint(2**31, (1,), generator=generator))
        chance = Chance(self.recipe.batch, torch.Generator(self.device).manual_seed(seed))
        sound, phones, voiced = self._drawn(generator, chance)
        heard = recorded(sound, self.recipe.acoustics, chance)
        throat = 1 + self.recipe.acoustics.throat * chance.uniform(-1, 1)
        logits, _ = self.net(bands_of(heard, throat), self.net.nothing(len(heard)))
        return self._compared(logits[:, DELAY:], phones, voiced)

    def _drawn(self, generator: torch.Generator, chance: Chance) -> tuple[Tensor, Tensor, Tensor]:
        """Sound `(B, N)` with what windows and delay need besides, phones and voicing `(B, T)`, at some pace."""
        recipe, held = self.recipe, self.speeches
        hops = round(recipe.seconds * HOPS_PER_SECOND)
        shard = torch.multinomial(held.weights, recipe.batch, True, generator=generator)
        pace = torch.exp(np.log1p(recipe.acoustics.rate) * (2 * torch.rand(recipe.batch, generator=generator) - 1))
        room = (held.lengths[shard] - pace * (hops + DELAY + 2)).clamp(min=0)
        start = (held.starts[shard] + room * torch.rand(recipe.batch, generator=generator)).floor()
        start, pace = start.to(self.device), pace.to(self.device)[:, None]
        count = (hops + DELAY) * HOP + 2 * BEFORE
        places = (start * HOP)[:, None].double() + pace * (torch.arange(count, device=self.device) - BEFORE)
        before = places.long().clamp(0, len(held.sound) - 2)
        share = (places - before).float().clamp(0, 1)
        sound = torch.lerp(held.sound[before].float(), held.sound[before + 1].float(), share)
        rows = (
            (start[:, None] + pace * (torch.arange(hops, device=self.device) + 0.5))
            .long()
            .clamp(0, len(held.phones) - 1)
        )
        speaks = 1 - chance.chosen(recipe.quiet)
        return sound * speaks, held.phones[rows].long() * speaks.long(), held.voiced[rows].float() * speaks

    def _compared(self, logits: Tensor, phones: Tensor, voiced: Tensor) -> dict[str, Tensor]:
        count = len(PHONES)
        told = functional.cross_entropy(
            logits[..., :count].flatten(0, 1), phones.flatten(), weight=self.weights, label_smoothing=0.02
        )
        voice = functional.binary_cross_entropy_with_logits(logits[..., count], voiced)
        lips = (logits[..., count + 1].sigmoid() - lip_opening(phones)).square().mean()
        right = (logits[..., :count].argmax(-1) == phones).float().mean()
        return {
            "loss": told + 0.3 * voice + self.recipe.opening * lips,
            "phones": told,
            "voice": voice,
            "lips": lips,
            "right": right,
        }


def lip_opening(phones: Tensor) -> Tensor:
    """`(B, T)` how far lips part for broad phones `(B, T)`: their openings, as smooth as lips move."""
    reach = round(3 * LIPS)
    window = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=phones.device) / LIPS) ** 2)
    open_ = torch.from_numpy(OPENING).to(phones.device)[phones]
    padded = functional.pad(open_[:, None], (reach, reach), mode="replicate")
    return functional.conv1d(padded, (window / window.sum())[None, None])[:, 0]


def train_frontend(
    data: Sequence[Path], out: Path, recipe: FrontEnd, progress: Progress | None = None, processes: Processes = ALONE
) -> Path:
    """Train the front end on folders written by `prepare synthetic`, or go on; gives the checkpoint's folder.

    Voices and languages that are held out are never learned from.

    Raises:
        InputError: the data cannot be used.
        CheckpointError: the folder holds another network's state.
    """
    shards = [shard for folder in data for shard in read_shards(folder) if not shard.held_out]
    if not shards:
        raise InputError("every voice of the data is held out; prepare more of them")
    task = FrontEndTask(gather(shards, recipe, processes.device), recipe, processes.device)
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        write_frontend(out, task.net, recipe, sorted(shard.name for shard in shards))
    return out


def write_frontend(out: Path, net: nn.Module, recipe: FrontEnd, voices: list[str]) -> None:
    """The network's files: weights, graph, and what they were made by."""
    assert isinstance(net, PhoneNetwork)
    net = net.cpu().eval()
    save_tensors(out / WEIGHTS, net.state_dict())
    export_phones(net, out / GRAPH, out / WEIGHTS)
    write_config(out, KIND, VERSION, {"phones": list(PHONES), "recipe": to_plain(recipe), "voices": voices})

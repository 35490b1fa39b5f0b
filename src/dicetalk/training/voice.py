"""Teach the network that says a line in another style, from ESD, after style pre-training on VCTK.

Neither corpus ships, so no weights do: this is for those who have them. As published but for two things that are wrong
in the release: what the recogniser says of the spectrum that is made has a gradient, and so has the strength.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from scipy.signal import get_window
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional as fn

from dicetalk.arrays import Float32, Waveform
from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.data.spoken_lines import SpokenLine, read_lines_of
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.errors import ConfigError, InputError
from dicetalk.media import read_sound
from dicetalk.modules import read_tensors, save_tensors
from dicetalk.rates import SPEECH_RATE
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes
from dicetalk.training.voice_net import MELS, VoiceNet, VoiceSizes
from dicetalk.voice.strength import VoiceStrength
from dicetalk.words.letters import choices

KIND, VERSION, MODULE = "voice", 1, "voice"
HOP, WINDOW, TRANSFORM = 200, 800, 1024
"""Samples at 16 kHz, as published."""
LEAST_POWER = 1e-5
CONTRAST, UNIFORM = 30.0, 20.0
"""Weights of what text and sound must agree in, and of what is said not telling the style."""


@dataclass(frozen=True, kw_only=True)
class VoiceRecipe:
    """How it is taught.

    Attributes:
        loop: how long and how fast.
        sizes: how large it is; `styles` is set by the data.
        batch: lines of a batch.
        longest: of a line that is learned from [s].
        speaker: of ESD who is learned from; "" is everybody.
        start: the folder of a run of style pre-training to begin from; "" begins anew.
    """

    loop: LoopOptions = field(
        default_factory=lambda: LoopOptions(steps=100_000, rate=1e-3, decay=1e-4, clip=5.0, save_every=1000)
    )
    sizes: VoiceSizes = field(default_factory=VoiceSizes)
    batch: int = 8
    longest: float = 8.0
    speaker: str = ""
    start: str = ""

    def __post_init__(self) -> None:
        if self.batch < 1 or self.longest <= 0:
            raise ConfigError("a voice recipe has a batch of 1 or more and lines longer than 0 s")


@dataclass(frozen=True, eq=False)
class Utterance:
    """A line as the network takes it.

    Attributes:
        mel: (T, 80).
        phones: (L,), rows of `speech.broad.PHONES`.
        style: its number among the styles.
        strength: 0 to 1.
    """

    mel: Tensor
    phones: Tensor
    style: int
    strength: float


@dataclass(frozen=True, eq=False)
class Batch:
    """Lines side by side: mel (B, T, 80), inside (B, T), phones (B, L), there (B, L), style (B,), strength (B,)."""

    mel: Tensor
    inside: Tensor
    phones: Tensor
    there: Tensor
    style: Tensor
    strength: Tensor


def train_voice(
    data: Sequence[Path],
    out: Path,
    recipe: VoiceRecipe,
    progress: Progress | None = None,
    processes: Processes = ALONE,
) -> Path:
    """Teach it from the folder of ESD (styles are emotions) or of VCTK (styles are speakers), or go on.

    Raises:
        InputError: not one folder is given, it holds neither corpus, or nobody of the name.
        CheckpointError: `start` holds no run of the same sizes.
    """
    if len(data) != 1:
        raise InputError(f"{len(data)} folders are given; expected one, of ESD or of VCTK")
    lines = chosen(read_lines_of(data[0]), recipe.speaker)
    styles = sorted({style_of(line) for line in lines})
    sizes = replace(recipe.sizes, styles=len(styles))
    torch.manual_seed(recipe.loop.seed)
    net = VoiceNet(sizes)
    if recipe.start:
        begin_from(net, Path(recipe.start))
    spoken = [utterance(line, styles) for line in lines]
    spoken = [one for one in spoken if len(one.phones) and len(one.mel) <= recipe.longest * SPEECH_RATE / HOP]
    if not spoken:
        raise InputError(f"no line in {data[0]} has words and at most {recipe.longest:g} s")
    task = VoiceTask(net.to(processes.device), spoken, recipe.batch)
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        save_tensors(out / f"{MODULE}.safetensors", net.state_dict())
        told = {"styles": styles, "recipe": to_plain(replace(recipe, sizes=sizes))}
        write_config(out, KIND, VERSION, told)
    return out


def chosen(lines: Sequence[SpokenLine], speaker: str) -> list[SpokenLine]:
    """The lines of one speaker; "" is everybody.

    Raises:
        InputError: there are none.
    """
    some = [line for line in lines if speaker in ("", line.speaker)]
    if not some:
        raise InputError(
            f"nobody is called {speaker}; expected one of: {', '.join(sorted({x.speaker for x in lines}))}"
        )
    return some


def style_of(line: SpokenLine) -> str:
    """The emotion, or where none was asked for, who speaks."""
    return line.emotion or line.speaker


def begin_from(net: VoiceNet, folder: Path) -> None:
    """Take the weights of a run of style pre-training, but for those that tell its speakers apart.

    Raises:
        CheckpointError: the folder holds none.
    """
    own = net.state_dict()
    held = read_tensors(folder / f"{MODULE}.safetensors")
    net.load_state_dict({name: held[name] if _fits(held.get(name), tensor) else tensor for name, tensor in own.items()})


def _fits(held: Tensor | None, own: Tensor) -> bool:
    return held is not None and held.shape == own.shape


def utterance(line: SpokenLine, styles: Sequence[str]) -> Utterance:
    """A line as the network takes it; how strong it is is what the ranker hears.

    Raises:
        MediaError: its sound cannot be read.
    """
    waveform = read_sound(line.sound).waveform
    phones = [choice[0] for word in line.text.split() for choice in choices(word)]
    felt = line.emotion not in (None, NEUTRAL)
    strength = VoiceStrength.load().of(waveform)[str(line.emotion)] if felt else 0.0
    mel, place = torch.from_numpy(mel_of(waveform)), styles.index(style_of(line))
    return Utterance(mel, torch.tensor(phones, dtype=torch.int64), place, strength)


def mel_of(waveform: Waveform) -> Float32:
    """(T, 80) logarithm of mel bands of a waveform (N,), a row for `HOP` samples."""
    sound = np.pad(waveform.astype(np.float32) / 32768, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * get_window("hann", WINDOW)
    power = np.abs(np.fft.rfft(frames, TRANSFORM)) ** 2
    found: Float32 = np.log(np.maximum(power @ _bands(), LEAST_POWER)).astype(np.float32)
    return found


def _bands() -> Float32:
    """(513, 80) triangles, evenly spaced in mel up to half of 16 kHz."""
    mel = 2595 * np.log10(1 + np.linspace(0, SPEECH_RATE / 2, TRANSFORM // 2 + 1) / 700)
    middles, width = np.linspace(0, mel[-1], MELS + 2)[1:-1], mel[-1] / (MELS + 1)
    return np.maximum(1 - np.abs(mel[:, None] - middles) / width, 0).astype(np.float32)


def together(spoken: Sequence[Utterance]) -> Batch:
    """Lines side by side."""
    mel = torch.nn.utils.rnn.pad_sequence([one.mel for one in spoken], batch_first=True)
    phones = torch.nn.utils.rnn.pad_sequence([one.phones for one in spoken], batch_first=True)
    inside = torch.arange(mel.shape[1]) < torch.tensor([len(one.mel) for one in spoken])[:, None]
    there = torch.arange(phones.shape[1]) < torch.tensor([len(one.phones) for one in spoken])[:, None]
    style, strength = torch.tensor([one.style for one in spoken]), torch.tensor([one.strength for one in spoken])
    return Batch(mel, inside, phones, there, style, strength.float())


class VoiceTask:
    """Learns to say lines again."""

    def __init__(self, net: VoiceNet, spoken: Sequence[Utterance], batch: int) -> None:
        """Of lines, so many a batch."""
        self.net, self.spoken, self.batch = net, spoken, batch

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Of a batch drawn by chance; what is said comes from the text and from the sound in turn."""
        some = torch.randint(len(self.spoken), (self.batch,), generator=generator).tolist()
        by_text = bool(torch.rand((), generator=generator) < 0.5)
        batch = together([self.spoken[number] for number in some])
        device = next(self.net.parameters()).device
        return losses_of(self.net, Batch(*(part.to(device) for part in vars(batch).values())), by_text)


def losses_of(net: VoiceNet, batch: Batch, by_text: bool) -> dict[str, Tensor]:
    """All losses, as published: `loss` is their sum."""
    written = net.text(batch.phones)
    heard, names = net.hears(batch.mel, batch.phones, batch.inside)
    style, styles = net.style(batch.mel, batch.inside)
    made, stops = net.speaker(net.told(written if by_text else heard, style, batch.strength), batch.there, batch.mel)
    polished = made + net.postnet(made)
    judged, view = seen_by(net, polished, batch.inside)
    parts = {
        "mel": distance(made, batch) + distance(polished, batch),
        "stop": fn.binary_cross_entropy_with_logits(stops[batch.inside], ends(batch.inside)[batch.inside]),
        "contrast": CONTRAST * contrast(written, heard, batch.there),
        "style": fn.cross_entropy(styles, batch.style),
        "phones": fn.cross_entropy(names[batch.there], batch.phones[batch.there]),
        "gossip": gossip(net, heard, batch),
        "uniform": UNIFORM * uniform(net, heard, batch.there),
        "judge": fn.cross_entropy(net.judge(masked(batch.mel, batch.inside))[0], batch.style),
        "judged": fn.cross_entropy(judged, batch.style),
        "view": torch.sqrt(fn.mse_loss(fn.normalize(view, dim=1), style) + 1e-8),
    }
    return {"loss": torch.stack(list(parts.values())).sum(), **parts}


def seen_by(net: VoiceNet, mel: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """What the recogniser, which does not learn by it, says of a spectrum that was made; the gradient goes through."""
    fixed = {name: tensor.detach() for name, tensor in net.judge.named_parameters()}
    logits, view = functional_call(net.judge, fixed, (masked(mel, inside),))
    return logits, view


def masked(mel: Tensor, inside: Tensor) -> Tensor:
    """Zeros where nothing is inside."""
    return mel * inside[..., None]


def distance(mel: Tensor, batch: Batch) -> Tensor:
    """Mean absolute difference from the true spectrum."""
    return (mel - batch.mel).abs()[batch.inside].mean()


def ends(inside: Tensor) -> Tensor:
    """(B, T) 1 where the last frame of a line is."""
    after = torch.cat([inside[:, 1:], torch.zeros_like(inside[:, :1])], dim=1)
    return (inside & ~after).float()


def contrast(one: Tensor, other: Tensor, there: Tensor) -> Tensor:
    """How far text and sound (B, L, D) are from agreeing phone by phone, and in no other pair."""
    gaps = torch.cdist(one, other).pow(2) / one.shape[2]
    pairs = there[:, :, None] & there[:, None, :]
    same = torch.eye(one.shape[1], dtype=torch.bool, device=one.device) & pairs
    apart = pairs & ~same
    near = gaps[same].mean()
    return near + fn.relu(1 - gaps[apart]).mean() if apart.any() else near


def gossip(net: VoiceNet, said: Tensor, batch: Batch) -> Tensor:
    """How badly a style is told by what is said, for which what is said is not to blame."""
    logits = net.gossip(said.detach())[batch.there]
    return fn.cross_entropy(logits, batch.style[:, None].expand_as(batch.there)[batch.there])


def uniform(net: VoiceNet, said: Tensor, there: Tensor) -> Tensor:
    """How far what is said is from telling nothing of the style, to whoever learned to tell it."""
    logits = fn.linear(said, net.gossip.weight.detach(), net.gossip.bias.detach())[there]
    shares = torch.softmax(logits, dim=1)
    return (shares - 1 / shares.shape[1]).pow(2).sum(dim=1).mean()

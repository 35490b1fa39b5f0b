"""A network that says a line in another style: what is said, how, and how strongly, put together again.

After Zhou, Sisman, Rana, Schuller, Li, "Emotion intensity and its control for emotional voice conversion", IEEE Trans.
Affective Computing 14(1), 2023 (Emovox). Its decoder is that of Tacotron 2 (Shen et al., ICASSP 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.errors import ConfigError

MELS = 80


@dataclass(frozen=True, kw_only=True)
class VoiceSizes:
    """How large it is; as published where nothing else is said.

    Attributes:
        phones: how many there are, and one more that begins a line.
        styles: emotions, or speakers in style pre-training.
        width: of what is said, a phone.
        inner: of each direction of the style encoder.
        style: of a style, of a strength and of the recogniser's view.
        prenet: of the decoder's look at its own last frame.
        memory: of the decoder's two cells.
        attention: of where the decoder looks.
        postnet: channels of what polishes the spectrum.
        judge: channels of the recogniser's first block.
    """

    phones: int = 24
    styles: int = 5
    width: int = 512
    inner: int = 128
    style: int = 64
    prenet: int = 256
    memory: int = 1024
    attention: int = 128
    postnet: int = 512
    judge: int = 16

    def __post_init__(self) -> None:
        if min(vars(self).values()) < 1 or self.width % 2:
            raise ConfigError("sizes of a voice network are 1 or more, and its width is even")


class TextEncoder(nn.Module):
    """Phones (B, L) -> what is said (B, L, width)."""

    def __init__(self, sizes: VoiceSizes) -> None:
        super().__init__()
        self.phones = nn.Embedding(sizes.phones, sizes.width)
        self.convs = nn.ModuleList([nn.Conv1d(sizes.width, sizes.width, 5, padding=2) for _ in range(3)])
        self.along = nn.LSTM(sizes.width, sizes.width // 2, batch_first=True, bidirectional=True)

    def forward(self, phones: Tensor) -> Tensor:
        """What is said, -1 to 1."""
        rows = self.phones(phones).transpose(1, 2)
        for conv in self.convs:
            rows = fn.relu(conv(rows))
        said, _ = self.along(rows.transpose(1, 2))
        return torch.tanh(said)


class SoundEncoder(nn.Module):
    """A spectrum (B, T, 80) and its phones before each (B, L) -> what is said (B, L, width), the phones' logits."""

    def __init__(self, sizes: VoiceSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.first = nn.LSTM(2 * MELS, sizes.width // 2, batch_first=True, bidirectional=True)
        self.second = nn.LSTM(2 * sizes.width, sizes.width // 2, batch_first=True, bidirectional=True)
        self.before = nn.Embedding(sizes.phones + 1, sizes.width)
        self.cell = nn.LSTMCell(2 * sizes.width, sizes.width)
        self.looks = nn.Linear(sizes.width, sizes.width)
        self.says = nn.Linear(2 * sizes.width, sizes.width)
        self.names = nn.Linear(sizes.width, sizes.phones)

    def forward(self, mel: Tensor, phones: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
        """Of frames that are inside (B, T); each phone is told the true one before it."""
        heard, _ = self.first(halved(mel))
        heard, _ = self.second(halved(heard))
        outside = ~inside[:, ::4][:, : heard.shape[1]]
        begin = torch.full_like(phones[:, :1], self.sizes.phones)
        before = self.before(torch.cat([begin, phones[:, :-1]], dim=1))
        state = heard.new_zeros(len(heard), self.sizes.width), heard.new_zeros(len(heard), self.sizes.width)
        seen, said = heard.mean(dim=1), []
        for step in range(phones.shape[1]):
            state = self.cell(torch.cat([before[:, step], seen], dim=1), state)
            scores = (heard @ self.looks(state[0])[:, :, None])[..., 0] / self.sizes.width**0.5
            seen = (torch.softmax(scores.masked_fill(outside, -1e9), dim=1)[:, None] @ heard)[:, 0]
            said.append(torch.tanh(self.says(torch.cat([state[0], seen], dim=1))))
        rows = torch.stack(said, dim=1)
        return rows, self.names(rows)


class StyleEncoder(nn.Module):
    """A spectrum (B, T, 80) -> a style of length 1 (B, style), and the logits of whose or which it is."""

    def __init__(self, sizes: VoiceSizes) -> None:
        super().__init__()
        self.along = nn.LSTM(MELS, sizes.inner, 2, batch_first=True, bidirectional=True)
        self.style = nn.Linear(2 * sizes.inner, sizes.style)
        self.names = nn.Linear(sizes.style, sizes.styles)

    def forward(self, mel: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
        """Of frames that are inside (B, T)."""
        rows, _ = self.along(mel)
        style = fn.normalize(self.style(mean_inside(rows, inside)), dim=1)
        return style, self.names(style)


class Speaker(nn.Module):
    """What is said, how, how strongly (B, L, D) -> a spectrum (B, T, 80), frame by frame, and where it ends (B, T)."""

    def __init__(self, sizes: VoiceSizes) -> None:
        super().__init__()
        told = sizes.width + 2 * sizes.style
        self.sizes, self.told = sizes, told
        self.prenet = nn.Sequential(nn.Linear(MELS, sizes.prenet), nn.ReLU(), nn.Linear(sizes.prenet, sizes.prenet))
        self.looking = nn.LSTMCell(sizes.prenet + told, sizes.memory)
        self.speaking = nn.LSTMCell(sizes.memory + told, sizes.memory)
        self.query = nn.Linear(sizes.memory, sizes.attention, bias=False)
        self.key = nn.Linear(told, sizes.attention)
        self.place = nn.Conv1d(2, sizes.attention, 31, padding=15, bias=False)
        self.score = nn.Linear(sizes.attention, 1, bias=False)
        self.frame = nn.Linear(sizes.memory + told, MELS)
        self.stop = nn.Linear(sizes.memory + told, 1)

    def forward(self, told: Tensor, there: Tensor, mel: Tensor) -> tuple[Tensor, Tensor]:
        """With the true frame before each: told (B, L, D), there (B, L), mel (B, T, 80)."""
        before = self.prenet(torch.cat([mel.new_zeros(len(mel), 1, MELS), mel[:, :-1]], dim=1))
        state, frames, stops = self._begin(told), [], []
        for step in range(mel.shape[1]):
            frame, stop, state = self._step(before[:, step], told, there, state)
            frames.append(frame)
            stops.append(stop)
        return torch.stack(frames, dim=1), torch.stack(stops, dim=1)

    def speak(self, told: Tensor, most: int) -> Tensor:
        """Of one line (1, L, D), by its own frames, until it says that it ends, or `most` frames: (1, T, 80)."""
        there = torch.ones(told.shape[:2], dtype=torch.bool, device=told.device)
        state, frames = self._begin(told), [told.new_zeros(1, MELS)]
        for _ in range(most):
            frame, stop, state = self._step(self.prenet(frames[-1]), told, there, state)
            frames.append(frame)
            if float(stop.detach()) > 0:
                break
        return torch.stack(frames[1:], dim=1)

    def _begin(self, told: Tensor) -> tuple[Tensor, ...]:
        zeros = told.new_zeros(len(told), self.sizes.memory)
        shares = told.new_zeros(told.shape[:2])
        return zeros, zeros, zeros, zeros, told.new_zeros(len(told), self.told), shares, shares

    def _step(
        self, before: Tensor, told: Tensor, there: Tensor, state: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        hidden, cell, spoken, kept, seen, last, summed = state
        hidden, cell = self.looking(torch.cat([before, seen], dim=1), (hidden, cell))
        places = self.place(torch.stack([last, summed], dim=1)).transpose(1, 2)
        scores = self.score(torch.tanh(self.query(hidden)[:, None] + self.key(told) + places))[..., 0]
        last = torch.softmax(scores.masked_fill(~there, -1e9), dim=1)
        seen = (last[:, None] @ told)[:, 0]
        spoken, kept = self.speaking(torch.cat([hidden, seen], dim=1), (spoken, kept))
        row = torch.cat([spoken, seen], dim=1)
        return self.frame(row), self.stop(row)[:, 0], (hidden, cell, spoken, kept, seen, last, summed + last)


class Postnet(nn.Module):
    """What is added to a spectrum (B, T, 80) that is seen whole."""

    def __init__(self, sizes: VoiceSizes) -> None:
        super().__init__()
        widths = (MELS, *[sizes.postnet] * 4, MELS)
        self.convs = nn.ModuleList([nn.Conv1d(one, other, 5, padding=2) for one, other in pairwise(widths)])

    def forward(self, mel: Tensor) -> Tensor:
        """What is to be added."""
        rows = mel.transpose(1, 2)
        for conv in self.convs[:-1]:
            rows = torch.tanh(conv(rows))
        return self.convs[-1](rows).transpose(1, 2)


class Judge(nn.Module):
    """An emotion recogniser: a spectrum (B, T, 80) -> logits (B, styles), and its view of it (B, style)."""

    def __init__(self, sizes: VoiceSizes) -> None:
        super().__init__()
        widths = (1, sizes.judge, 2 * sizes.judge, 4 * sizes.judge)
        self.convs = nn.ModuleList([nn.Conv2d(one, other, 3, padding=1) for one, other in pairwise(widths)])
        self.along = nn.LSTM(widths[-1] * (MELS // 8), sizes.style // 2, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * (sizes.style // 2), 1)
        self.view = nn.Linear(2 * (sizes.style // 2), sizes.style)
        self.names = nn.Linear(sizes.style, sizes.styles)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and view."""
        rows = mel[:, None]
        for conv in self.convs:
            rows = fn.max_pool2d(fn.elu(conv(rows)), (1, 2))
        rows, _ = self.along(rows.permute(0, 2, 1, 3).flatten(2))
        shares = torch.softmax(self.score(rows), dim=1)
        view = self.view((shares * rows).sum(dim=1))
        return self.names(fn.elu(view)), view


class VoiceNet(nn.Module):
    """All of it."""

    def __init__(self, sizes: VoiceSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.text, self.hears, self.style = TextEncoder(sizes), SoundEncoder(sizes), StyleEncoder(sizes)
        self.strength = nn.Linear(1, sizes.style)
        self.speaker, self.postnet, self.judge = Speaker(sizes), Postnet(sizes), Judge(sizes)
        self.gossip = nn.Linear(sizes.width, sizes.styles)  # what tells a style by what is said, which it should not

    def told(self, said: Tensor, style: Tensor, strength: Tensor) -> Tensor:
        """What is said (B, L, D), in a style (B, style), so strongly (B,): side by side, (B, L, D + 2 style)."""
        how = torch.cat([style, self.strength(strength[:, None])], dim=1)
        return torch.cat([said, how[:, None].expand(-1, said.shape[1], -1)], dim=2)


def halved(rows: Tensor) -> Tensor:
    """Rows (B, T, D) by pairs: (B, T / 2, 2 D); a last odd one is left out."""
    even = rows[:, : rows.shape[1] // 2 * 2]
    return even.reshape(len(rows), -1, 2 * rows.shape[2])


def mean_inside(rows: Tensor, inside: Tensor) -> Tensor:
    """The mean (B, D) of rows (B, T, D) where they are inside (B, T)."""
    weights = inside[..., None].to(rows.dtype)
    return (rows * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)

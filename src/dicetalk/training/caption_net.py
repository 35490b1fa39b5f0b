"""The captioner: words from facial motion, by a feeling that is composed anew at every word.

After Ye et al., "Dual-path collaborative generation network for emotional video captioning", ACM MM 2024: what is seen
and what has been said give a cue, by which the feeling is re-composed element by element and in slices; how well
feeling and sentence agree says how much of it the next word is given. Sizes are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.emotion.embedder import MOTION_WIDTH, positions
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import ConfigError

SLICES = 10
"""Into which a feeling is cut."""
FRAMES = 10
"""That are seen as one: .4 s."""
BEGIN, END = 0, 1
"""The first two words: of nothing said yet, and of nothing left to say; the latter also fills short sentences up."""
ODD = 6.0
"""Motion further from what is usual is taken for that [standard deviations]."""


@dataclass(frozen=True, kw_only=True)
class CaptionSizes:
    """Sizes of a captioner.

    Attributes:
        seen: width of what is seen.
        word: width of a word.
        feeling: width of a feeling, a multiple of `SLICES`.
        cue: width of what re-composes it.
        hidden: width of the decoder.
        dropout: share of activations dropped in training.
        felt: whether a feeling is composed; without one it is a decoder with attention alone.
    """

    seen: int = 64
    word: int = 32
    feeling: int = 40
    cue: int = 64
    hidden: int = 128
    dropout: float = 0.2
    felt: bool = True

    def __post_init__(self) -> None:
        if self.feeling < SLICES or self.feeling % SLICES:
            raise ConfigError(f"a feeling is {self.feeling} wide; expected a multiple of {SLICES}")


@dataclass(frozen=True, eq=False)
class Told:
    """What a captioner says of B clips in L steps.

    Attributes:
        logits: (B, L, V) of the next word.
        gates: (B, L) how much of the feeling each step was given, 0 to 1.
        names: (B, L, 8) logits of what is felt at each step.
    """

    logits: Tensor
    gates: Tensor
    names: Tensor


@dataclass(frozen=True, eq=False)
class _State:
    """Between two words: the decoder's (B, H) twice, and the feeling (B, E)."""

    hidden: Tensor
    cell: Tensor
    feeling: Tensor


class CaptionNet(nn.Module):
    """Motion (B, T, 58) and the words so far (B, L) -> what is said at each of L steps."""

    mean: Tensor
    spread: Tensor

    def __init__(self, words: int, sizes: CaptionSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.register_buffer("mean", torch.zeros(MOTION_WIDTH))
        self.register_buffer("spread", torch.ones(MOTION_WIDTH))
        self.sees = nn.Linear(MOTION_WIDTH, sizes.seen)
        self.around = nn.TransformerEncoderLayer(
            sizes.seen, 4, 2 * sizes.seen, sizes.dropout, batch_first=True, norm_first=True
        )
        self.begins = nn.Linear(sizes.seen, sizes.hidden)
        self.words = nn.Embedding(words, sizes.word)
        self.drop = nn.Dropout(sizes.dropout)
        self.asks = nn.Linear(sizes.hidden, sizes.seen)
        if sizes.felt:
            self.feeling = Recomposition(sizes)
        self.cell = nn.LSTMCell(sizes.word + sizes.seen + sizes.felt * sizes.feeling, sizes.hidden)
        self.says = nn.Linear(sizes.hidden, words)

    def forward(self, motion: Tensor, inside: Tensor, words: Tensor) -> Told:
        """As above; `inside` (B, T) is True on a clip's own frames, of which there is at least one."""
        seen, there = self.look(motion, inside)
        state = self.begin(seen, there)
        steps = []
        for word in words.unbind(1):
            state, logits, gate, names = self.step(state, word, seen, there)
            steps.append((logits, gate, names))
        logits, gates, names = (torch.stack(each, 1) for each in zip(*steps, strict=True))
        return Told(logits, gates, names)

    def look(self, motion: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen (B, N, D), a row for `FRAMES` frames, and which rows are there (B, N)."""
        short = -motion.shape[1] % FRAMES
        usual = ((motion - self.mean) / self.spread).clamp(-ODD, ODD) * inside[..., None]
        frames = fn.pad(inside.float(), (0, short)).unflatten(1, (-1, FRAMES)).sum(2)
        rows = fn.pad(usual, (0, 0, 0, short)).unflatten(1, (-1, FRAMES)).sum(2) / frames.clamp(min=1)[..., None]
        there = frames > 0
        placed = self.sees(rows) + positions(rows.shape[1], self.sizes.seen, rows.device)
        return self.around(placed, src_key_padding_mask=~there), there

    def begin(self, seen: Tensor, there: Tensor) -> _State:
        """Before the first word."""
        whole = (seen * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        hidden = self.begins(whole).tanh()
        feeling = self.feeling.begin.expand(len(seen), -1) if self.sizes.felt else hidden[:, :0]
        return _State(hidden, torch.zeros_like(hidden), feeling)

    def step(self, state: _State, word: Tensor, seen: Tensor, there: Tensor) -> tuple[_State, Tensor, Tensor, Tensor]:
        """One word (B,) further: the state behind it, logits of the next word, the gate, and what is felt."""
        scores = (seen @ self.asks(state.hidden)[..., None])[..., 0] / self.sizes.seen**0.5
        glimpse = (scores.masked_fill(~there, -torch.inf).softmax(1)[:, None] @ seen)[:, 0]
        given, feeling = [self.words(word), glimpse], state.feeling
        gate, names = state.hidden.new_zeros(len(word)), state.hidden.new_zeros(len(word), len(NAMES))
        if self.sizes.felt:
            feeling = self.feeling(state.feeling, glimpse, state.hidden)
            gate, names = self.feeling.gate(feeling, state.hidden), self.feeling.names(feeling)
            given.append(gate[:, None] * feeling)
        hidden, cell = self.cell(self.drop(torch.cat(given, 1)), (state.hidden, state.cell))
        return _State(hidden, cell, feeling), self.says(self.drop(hidden)), gate, names

    @torch.no_grad()
    def say(self, motion: Tensor, inside: Tensor, longest: int = 40) -> list[list[int]]:
        """The likeliest words of each clip, one after the other, up to `END`."""
        seen, there = self.look(motion, inside)
        state = self.begin(seen, there)
        word = torch.full((len(motion),), BEGIN, device=motion.device)
        said = []
        for _ in range(longest):
            state, logits, _, _ = self.step(state, word, seen, there)
            word = logits.argmax(1)
            said.append(word)
            if bool((torch.stack(said) == END).any(0).all()):
                break
        rows: list[list[int]] = torch.stack(said, 1).tolist()
        return [row[: row.index(END)] if END in row else row for row in rows]


class Recomposition(nn.Module):
    """A feeling e (B, E) that is composed anew at every word, and the gate that lets it in."""

    def __init__(self, sizes: CaptionSizes) -> None:
        super().__init__()
        wide = sizes.feeling
        self.begin = nn.Parameter(torch.zeros(wide))
        self.known = nn.Parameter(torch.randn(len(NAMES), wide) / wide**0.5)
        self.cue = nn.Sequential(nn.Linear(sizes.seen + sizes.hidden, sizes.cue), nn.GELU())
        self.elements = nn.Linear(sizes.cue, wide)
        self.slices = nn.Linear(sizes.cue, SLICES)
        self.which = nn.Linear(sizes.cue, wide)
        self.norm = nn.LayerNorm(wide)
        self.here, self.said = nn.Linear(wide, sizes.cue), nn.Linear(sizes.hidden, sizes.cue)
        self.warmth = nn.Parameter(torch.tensor(0.0))
        self.names = nn.Linear(wide, len(NAMES))

    def forward(self, feeling: Tensor, glimpse: Tensor, hidden: Tensor) -> Tensor:
        """e_t = LN(e_{t-1} + a (b x E' softmax(E W u) - e_{t-1})), u from what is seen and what was said."""
        cue = self.cue(torch.cat([glimpse, hidden], 1))
        shares = (self.which(cue) @ self.known.T).softmax(1)
        slices = 2 * self.slices(cue).sigmoid().repeat_interleave(feeling.shape[1] // SLICES, dim=1)
        moved: Tensor = self.norm(feeling + self.elements(cue).sigmoid() * (slices * (shares @ self.known) - feeling))
        return moved

    def gate(self, feeling: Tensor, hidden: Tensor) -> Tensor:
        """(B,) s = sigmoid(cos(W1 e, W2 h) / tau); 1 / tau is learned, from 1 on."""
        agreement = fn.cosine_similarity(self.here(feeling), self.said(hidden), dim=1)
        return (agreement * (4 * self.warmth).exp()).sigmoid()

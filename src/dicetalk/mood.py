"""Hear how something was said: speech -> a Gaussian over emotion, and which named emotions it resembles.

The shipped embedder lies in `weights/embedder`, with the priors of the named emotions and a card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from dicetalk.checkpoints import load_module, open_checkpoint
from dicetalk.emotion.embedder import EmbedderSizes, EmotionEmbedder, Gaussian
from dicetalk.emotion.own import OwnEmotion
from dicetalk.emotion.priors import Prior, average, likeness, read_priors
from dicetalk.emotion.timeline import DEFAULT_STRENGTH, Emotion
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError
from dicetalk.media import Waveform, read_sound
from dicetalk.speech import listen
from dicetalk.speech.rows import speech_rows

KIND, VERSION, MODULE = "embedder", 1, "embedder"
PRIORS = "priors.safetensors"
SHIPPED = Path(__file__).parent / "weights" / "embedder"

HEARD = tuple(name for name in NAMES if name != "contempt")
"""What a voice can tell: no corpus we learned from has a voice of contempt."""
LEAST_CONFIDENCE = 0.5
"""Below it what was heard counts as neutral."""
LEAST_SHARE = 0.15
"""Of a mixture; what resembles less is left out."""


@dataclass(frozen=True)
class Mood:
    """How something was said.

    Attributes:
        prior: where it lies among emotions.
        shares: how much it resembles each name, in the order of the names; together 1.
        names: which those are.
        strength: of the mixture that it becomes, its offset from neutral; 0 to 1.
    """

    prior: Prior
    shares: tuple[float, ...]
    names: tuple[str, ...] = NAMES
    strength: float = DEFAULT_STRENGTH

    @property
    def name(self) -> str:
        """What it resembles most."""
        return self.names[self.shares.index(self.confidence)]

    @property
    def confidence(self) -> float:
        """How much it resembles that, 0 to 1."""
        return max(self.shares)

    def emotion(self, least: float = LEAST_CONFIDENCE) -> Emotion:
        """The mixture of names it resembles, neutral below the least confidence."""
        if self.confidence < least:
            return Emotion()
        told = dict(zip(self.names, self.shares, strict=True))
        strong = [told.get(name, 0.0) if told.get(name, 0.0) >= LEAST_SHARE else 0.0 for name in NAMES[1:]]
        return Emotion(tuple(round(self.strength * share, 3) for share in strong))


class Listener:
    """An embedder and the priors of its named emotions."""

    def __init__(self, folder: Path = SHIPPED) -> None:
        """Load the shipped ones, or those of another folder.

        Raises:
            CheckpointError: not an embedder's folder with priors, or a damaged one.
        """
        self.net = load_embedder(folder)
        self.priors = read_priors(folder / PRIORS)
        absent = sorted(set(NAMES) - set(self.priors))
        if absent:
            raise CheckpointError(
                f"{folder / PRIORS} has no prior of {absent[0]!r}; expected all of {', '.join(NAMES)}"
            )

    @torch.inference_mode()
    def embed(self, waveform: Waveform) -> Gaussian:
        """The Gaussian of speech `(N,)` int16 mono at 16 kHz, shapes `(1, D)`."""
        rows = torch.from_numpy(speech_rows(listen(waveform)))[None]
        inside, yes = torch.ones(rows.shape[:2], dtype=torch.bool), torch.ones(1, dtype=torch.bool)
        unseen = torch.zeros(1, rows.shape[1], self.net.sizes.motion)
        return self.net(rows, unseen, inside, yes, ~yes)

    def hear(self, recordings: Sequence[Waveform]) -> Mood:
        """How one or several recordings of an emotion were said, on average; at least one."""
        prior = average([self.embed(waveform) for waveform in recordings])
        return self.resembled(prior, HEARD)

    def resembled(self, prior: Prior, names: tuple[str, ...] = NAMES) -> Mood:
        """What a prior resembles.

        Raises:
            CheckpointError: its vectors are of another width than this embedder's.
        """
        width = len(self.priors[NAMES[0]].mean)
        if prior.mean.shape != (width,):
            raise CheckpointError(f"the emotion has {len(prior.mean)} numbers; this embedder's have {width}")
        shares = likeness(prior.mean[None], self.priors, names)[0]
        return Mood(prior, tuple(shares.tolist()), names)


def mood_of(text: str, speech: Waveform, listener: Listener | None = None) -> Mood:
    """The mood that an emotion as typed stands for: one of those of `emotion.timeline.is_heard`.

    Args:
        text: "auto" hears the driving speech, "like:FILE" another recording; "FILE.safetensors" was written by
            `dicetalk embed`; "FILE.safetensors:NAME:STRENGTH" is one of its emotions, see `OwnEmotion.parse`.
        speech: the driving speech.
        listener: who hears; None is the shipped one.

    Raises:
        MediaError: the other recording cannot be read.
        CheckpointError: the file of own emotions is damaged.
        EmotionError: it has none of that name, or several and no name is given.
    """
    listener = listener or Listener()
    text = text.strip()
    if text == "auto":
        return listener.hear([speech])
    if text.startswith("like:"):
        return listener.hear([read_sound(Path(text.removeprefix("like:"))).waveform])
    own = OwnEmotion.parse(text)
    moods = stored_moods(own.path, listener)
    return replace(moods[own.choose(moods)], strength=own.strength)


def stored_moods(path: Path, listener: Listener) -> dict[str, Mood]:
    """The own emotions of a file by name, and what each resembles.

    Raises:
        CheckpointError: the file is damaged, or its vectors are of another width than the listener's.
    """
    return {name: listener.resembled(prior, HEARD) for name, prior in read_priors(path).items()}


def load_embedder(folder: Path) -> EmotionEmbedder:
    """A trained embedder, ready to use.

    Raises:
        CheckpointError: not an embedder's checkpoint, or a damaged one.
    """
    checkpoint = open_checkpoint(folder, KIND, VERSION)
    net = EmotionEmbedder(EmbedderSizes(**checkpoint.config["sizes"]))
    load_module(net, checkpoint.file(MODULE))
    return net

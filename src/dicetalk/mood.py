"""Hear and see how something was said: a recording -> a Gaussian over emotion, and which named emotions it resembles.

The shipped embedder lies in `weights/embedder`, with the priors of the named emotions and a card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from dicetalk.checkpoints import load_module, open_checkpoint
from dicetalk.emotion.embedder import EmbedderSizes, EmotionEmbedder, Gaussian
from dicetalk.emotion.own import OwnEmotion
from dicetalk.emotion.priors import Prior, average, likeness, read_priors
from dicetalk.emotion.timeline import DEFAULT_STRENGTH, Emotion
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError
from dicetalk.media import Waveform
from dicetalk.recording import Array, Recording, heard, perceive

KIND, VERSION, MODULE = "embedder", 2, "embedder"
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
        least: the confidence below which it counts as neutral; 0 where somebody asked for this very mood.
        lacks: why a voice or a face could not be read, in one line; "" where nothing is missing.
    """

    prior: Prior
    shares: tuple[float, ...]
    names: tuple[str, ...] = NAMES
    strength: float = DEFAULT_STRENGTH
    least: float = LEAST_CONFIDENCE
    lacks: str = ""

    @property
    def name(self) -> str:
        """What it resembles most."""
        return self.names[self.shares.index(self.confidence)]

    @property
    def confidence(self) -> float:
        """How much it resembles that, 0 to 1."""
        return max(self.shares)

    def emotion(self) -> Emotion:
        """The mixture of names it resembles, neutral below the least confidence."""
        if self.confidence < self.least:
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
    def embed(self, recording: Recording) -> Gaussian:
        """The Gaussian of a recording, shapes `(1, D)`."""
        sizes = self.net.sizes
        frames = len(recording.speech if recording.speech is not None else recording.motion)  # type: ignore[arg-type]
        speech, heard = _stream(recording.speech, frames, sizes.speech)
        motion, seen = _stream(recording.motion, frames, sizes.motion)
        return self.net(speech, motion, torch.ones(1, frames, dtype=torch.bool), heard, seen)

    def perceive(self, recordings: Sequence[Recording]) -> Mood:
        """How one or several recordings of an emotion were said, on average; at least one."""
        prior = average([self.embed(recording) for recording in recordings])
        return self.resembled(prior, NAMES if any(r.motion is not None for r in recordings) else HEARD)

    def resembled(self, prior: Prior, names: tuple[str, ...] = NAMES) -> Mood:
        """What a prior resembles.

        Raises:
            CheckpointError: its vectors are of another width than this embedder's.
        """
        width = len(self.priors[NAMES[0]].mean)
        if prior.mean.shape != (width,):
            raise CheckpointError(f"the emotion has {len(prior.mean)} numbers; this embedder's have {width}")
        shares = likeness(prior.mean[None], self.priors, names, self.net.discriminant.even)[0]
        return Mood(prior, tuple(shares.tolist()), names)


def mood_of(text: str, speech: Waveform, listener: Listener | None = None) -> Mood:
    """The mood that an emotion as typed stands for: one of those of `emotion.timeline.is_heard`.

    Args:
        text: "auto" hears the driving speech, "like:FILE" hears and sees another recording; "FILE.safetensors" was
            written by `dicetalk embed`; "FILE.safetensors:NAME:STRENGTH" is one of its emotions (`OwnEmotion.parse`).
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
        return listener.perceive([heard(speech)])
    if text.startswith("like:"):
        recording = perceive(Path(text.removeprefix("like:")))
        return replace(listener.perceive([recording]), least=0.0, lacks=recording.lacks)
    own = OwnEmotion.parse(text)
    moods = stored_moods(own.path, listener)
    return replace(moods[own.choose(moods)], strength=own.strength)


def stored_moods(path: Path, listener: Listener) -> dict[str, Mood]:
    """The own emotions of a file by name, and what each resembles.

    Raises:
        CheckpointError: the file is damaged, or its vectors are of another width than the listener's.
    """
    priors = read_priors(path)
    return {name: replace(listener.resembled(prior), least=0.0) for name, prior in priors.items()}


def _stream(rows: Array | None, frames: int, columns: int) -> tuple[Tensor, Tensor]:
    """One stream as the network takes it, `(1, T, columns)`, and whether it is there, `(1,)`."""
    if rows is None:
        return torch.zeros(1, frames, columns), torch.zeros(1, dtype=torch.bool)
    return torch.from_numpy(rows).float()[None], torch.ones(1, dtype=torch.bool)


def load_embedder(folder: Path) -> EmotionEmbedder:
    """A trained embedder, ready to use.

    Raises:
        CheckpointError: not an embedder's checkpoint, or a damaged one.
    """
    checkpoint = open_checkpoint(folder, KIND, VERSION)
    net = EmotionEmbedder(EmbedderSizes(**checkpoint.config["sizes"]))
    load_module(net, checkpoint.file(MODULE))
    return net

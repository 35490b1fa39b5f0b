"""Hear and see how something was said: a recording -> a Gaussian over emotion, and which named emotions it resembles.

The shipped embedder lies in `weights/embedder`, with the priors of the named emotions and a card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dicetalk.emotion.embedding import PRIORS, SHIPPED, Embedder
from dicetalk.emotion.own import OwnEmotion
from dicetalk.emotion.priors import NEUTRAL, Prior, average, likeness, read_priors, read_space
from dicetalk.emotion.timeline import DEFAULT_STRENGTH, Emotion
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError
from dicetalk.media import Waveform
from dicetalk.recording import Recording, heard, perceive

UNHEARD = ("contempt",)
"""What a voice cannot tell: no corpus we learned from has a voice of contempt."""
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
    """An embedder and the priors of its named emotions.

    Attributes:
        embedder: the network.
        priors: by name, those of its vocabulary and perhaps some at a certain strength.
    """

    def __init__(self, folder: Path = SHIPPED) -> None:
        """Load the shipped ones, or those of another folder.

        Raises:
            CheckpointError: not an embedder's folder with priors, or a damaged one.
        """
        self.embedder = Embedder(folder)
        self.priors = read_priors(folder / PRIORS)
        wanted = {NEUTRAL, *self.embedder.vocabulary}
        absent = sorted(wanted - set(self.priors))
        if absent:
            there = ", ".join(sorted(wanted))
            raise CheckpointError(f"{folder / PRIORS} has no prior of {absent[0]!r}; expected all of {there}")

    def embed(self, recording: Recording) -> Prior:
        """The Gaussian of a recording."""
        return self.embedder.embed(recording.speech, recording.motion)

    def perceive(self, recordings: Sequence[Recording]) -> Mood:
        """How one or several recordings of an emotion were said, on average; at least one."""
        prior = average([self.embed(recording) for recording in recordings])
        names = self.embedder.vocabulary
        if not any(recording.motion is not None for recording in recordings):
            names = tuple(name for name in names if name not in UNHEARD)
        return self.resembled(prior, names)

    def resembled(self, prior: Prior, names: tuple[str, ...] | None = None) -> Mood:
        """What a prior resembles, of some names or of all the embedder learned.

        Raises:
            CheckpointError: its vectors are of another width than this embedder's.
        """
        names = names or self.embedder.vocabulary
        width = len(self.priors[NEUTRAL].mean)
        if prior.mean.shape != (width,):
            raise CheckpointError(f"the emotion has {len(prior.mean)} numbers; this embedder's have {width}")
        shares = likeness(prior.mean[None], self.priors, names, self.embedder.even)[0]
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
        CheckpointError: the file is damaged, or its vectors are of another space or width than the listener's.
    """
    priors = read_priors(path)
    check_space(path, listener.embedder)
    return {name: replace(listener.resembled(prior), least=0.0) for name, prior in priors.items()}


def check_space(path: Path, embedder: Embedder) -> None:
    """Refuse a file of emotions that another embedder found: its numbers would mean something else.

    Raises:
        CheckpointError: the file is of another space, or cannot be read.
    """
    space = read_space(path)
    if space not in (None, embedder.space):
        raise CheckpointError(
            f"{path} is of the embedder {space}, this one is {embedder.space}; make the emotion again with it"
        )

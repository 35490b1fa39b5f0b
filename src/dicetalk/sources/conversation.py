"""`conversation:TURNS`: what is felt in each turn of a conversation, by words and voices of both sides.

No corpus with sound and text of conversations could be had: words were learned from written dialogues, voices from
actors, and how both go together from dialogues that actors' voices were given to. Not validated on IEMOCAP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.conversation.decoder import Decoder, decode
from dicetalk.conversation.features import voice_rows, words_of
from dicetalk.conversation.network import STREAMS, TURNS, ConversationNetwork, Told, Turn, shipped_conversation
from dicetalk.conversation.turns import read_moments, with_sound
from dicetalk.emotion.course import Course
from dicetalk.emotion.feeling import DEFAULT_STRENGTH, Feeling
from dicetalk.emotion.moments import Moment, draw_up
from dicetalk.emotion.space import LEAST_SHARE
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import HEARD, NAMES, NEUTRAL
from dicetalk.errors import EmotionError, InputError
from dicetalk.speech import Hearing
from dicetalk.words.encoder import FEW_KNOWN, Encoder, Reading, shipped_encoder

AGO = ("", " a turn before", " two turns before")
TOLD = 2
"""Reasons that are told."""
FAINTEST = 1e-6
FOREIGN = "{count} of the turns are hardly English, on which the feelings were learned; their words do not count"
DECODED = (
    "the decoder holds speakers to what they felt before (feelings were taken to change in {change:.2f} of turns); on "
    "dialogues that nothing was learned from it made no result better (weighted F1 .83 for .83, .35 for .45)"
)


@dataclass(frozen=True)
class ConversationSource:
    """Tells what is felt in each turn, from itself and the turns before it.

    Attributes:
        network: what tells; None for the one that ships.
        encoder: what reads each turn's words by themselves; None for the one that ships.
        decoder: what holds each speaker to what was felt before; None is off.
    """

    network: ConversationNetwork | None = None
    encoder: Encoder | None = None
    decoder: Decoder | None = None

    def feel_each(self, moments: Sequence[Moment]) -> list[Feeling]:
        """One feeling a moment, all of one conversation in the order of time; text and sound may each be missing."""
        if not moments:
            return []
        voices = [voice_rows(moment.sound) for moment in moments]
        texts = [moment.text for moment in moments]
        readings = (self.encoder or shipped_encoder()).read(texts)
        known = [text if is_read(text, reading) else "" for text, reading in zip(texts, readings, strict=True)]
        names = [moment.speaker for moment in moments]
        turns = [Turn.of(name, text, voice) for name, text, voice in zip(names, known, voices, strict=True)]
        told = (self.network or shipped_conversation()).tell(turns)
        shares = agreed(told.shares, shares_read(readings, known), voices)
        states = self._states(shares, moments)
        return [
            _feeling(shares[n], state, _why(told, n, state, turn))
            for n, (state, turn) in enumerate(zip(states, turns, strict=True))
        ]

    def _states(self, shares: Float32, moments: Sequence[Moment]) -> list[int]:
        """What each turn is told to be by shares (N, 7), a number of `HEARD`."""
        if self.decoder is None:
            return [int(state) for state in shares.argmax(1)]
        logits = np.log(np.maximum(shares, FAINTEST)).tolist()
        return decode(logits, [moment.speaker for moment in moments], self.decoder)[0]


def agreed(shares: Float32, read: Float32, voices: Sequence[Float32]) -> Float32:
    """What the network, the encoder of text and the embedder find likely together, of each turn (N, 7).

    The network learned from words and voices as well; that each of the others speaks once more was better on what none
    of them had learned from.

    Args:
        shares: of the network, (N, 7).
        read: of the encoder, (N, 7); NaN where there are no words.
        voices: of the embedder, of each turn; the last row is that of all of it.
    """
    words = np.where(np.isnan(read), shares, np.sqrt(shares * read))
    heard = np.stack([voice[-1] if len(voice) else np.ones(len(HEARD), np.float32) for voice in voices])
    both = np.maximum(words, FAINTEST) * np.maximum(heard, FAINTEST)
    return np.asarray(both / both.sum(1, keepdims=True), np.float32)


def is_read(text: str, reading: Reading) -> bool:
    """Whether a text has words, most of which the encoder knows: it learned English."""
    return bool(words_of(text)) and reading.known >= FEW_KNOWN


def shares_read(readings: Sequence[Reading], texts: Sequence[str]) -> Float32:
    """What was read in each text, (N, 7) shares of `HEARD`; NaN where there are no words."""
    weights = np.stack([reading.weights for reading in readings])[:, [NAMES.index(name) for name in HEARD]]
    shares = weights / np.maximum(weights.sum(1, keepdims=True), FAINTEST)
    shares[[not words_of(text) for text in texts]] = np.nan
    return np.asarray(shares, np.float32)


def _feeling(shares: Float32, state: int, why: str) -> Feeling:
    """The feeling of shares (7,), of which `state` is told, and less likely ones; neutral by itself where that is."""
    sure = min(float(shares[state]), 1.0)
    if HEARD[state] == NEUTRAL:
        return Feeling(confidence=sure, why=why)
    felt = {HEARD[state]: sure} | {
        name: float(share)
        for name, share in zip(HEARD, shares, strict=True)
        if name != NEUTRAL and LEAST_SHARE <= share <= sure
    }
    strengths = [(name, DEFAULT_STRENGTH * share / max(sum(felt.values()), 1)) for name, share in felt.items()]
    return replace(Feeling.of(strengths), confidence=sure, why=why)


def _why(told: Told, number: int, state: int, turn: Turn) -> str:
    """What speaks most for a turn's state, how far its gate was open, and what its voice resembles."""
    if not told.gates[number].any():
        return "neither words nor a voice: told by what is usual"
    pulls = told.pulls[number, state] - told.pulls[number].mean(0)
    order = np.argsort(-pulls, axis=None)[:TOLD].tolist()
    reasons = [
        f"{STREAMS[place // TURNS]}{AGO[place % TURNS]} (gate {told.gates[number].flat[place]:.2f})"
        for place in order
        if pulls.flat[place] > 0 and told.gates[number].flat[place] > 0
    ]
    by = f"{HEARD[state]} by {', '.join(reasons)}" if reasons else f"{HEARD[state]}, for nothing speaks for more"
    return by + (f"; the voice resembles {_resembled(turn)}" if len(turn.voice) else "")


def _resembled(turn: Turn) -> str:
    best = int(turn.voice[-1].argmax())
    return f"{HEARD[best]} {turn.voice[-1, best]:.2f}"


@dataclass(frozen=True)
class Conversation:
    """Feels as somebody does in a conversation, which the driving speech is a recording of.

    Attributes:
        path: of the turns.
        speaker: whose feelings; None where only one speaks.
        listens: to the driving speech, from which the turns are cut.
    """

    path: Path
    speaker: str | None = None
    listens: bool = True

    @property
    def files(self) -> tuple[Path, ...]:
        """The turns."""
        return (self.path,)

    def feel(self, speech: Hearing) -> Timeline:
        """What the speaker feels turn by turn.

        Raises:
            InputError: the turns are not understood, or nobody of that name speaks.
            MediaError: they cannot be read.
        """
        moments, warnings = read_moments(self.path)
        speaker = _speaker(moments, self.speaker)
        moments = with_sound(moments, speech.waveform)
        feelings = ConversationSource().feel_each(moments)
        mine = [(m, f) for m, f in zip(moments, feelings, strict=True) if m.speaker == speaker]
        drawn = draw_up(*zip(*mine, strict=True))
        return Timeline(drawn.keys, drawn.fade, warnings=warnings)


def feel_conversation(path: Path, sound: Path | None = None, *, decoder: bool = False) -> Course:
    """What is felt in each turn of a conversation.

    Args:
        path: of its turns, or of a recording with a channel for each speaker.
        sound: the recording of which the turns are; None tells from their words alone.
        decoder: whether each speaker is held to what was felt before.

    Raises:
        InputError: the turns are not understood, or there is neither text nor sound.
        MediaError: a file cannot be read.
    """
    moments, warnings = read_moments(path, sound)
    _check_told(moments, path)
    network = shipped_conversation()
    source = ConversationSource(network, decoder=Decoder(network.change) if decoder else None)
    warnings += (DECODED.format(change=network.change),) if decoder else ()
    warnings += (FOREIGN.format(count=count),) if (count := foreign(moments)) else ()
    return Course(moments, source.feel_each(moments), lacks=_lacks(moments), warnings=warnings)


def foreign(moments: Sequence[Moment]) -> int:
    """How many turns have text that is hardly English."""
    texts = [moment.text for moment in moments if words_of(moment.text)]
    readings = shipped_encoder().read(texts)
    return sum(not is_read(text, reading) for text, reading in zip(texts, readings, strict=True))


def _check_told(moments: Sequence[Moment], path: Path) -> None:
    if not any(moment.text or moment.sound is not None for moment in moments):
        raise InputError(f"{path} tells times alone; give the recording with --sound, or turns with their text")


def _lacks(moments: Sequence[Moment]) -> str:
    silent = sum(moment.sound is None for moment in moments)
    wordless = sum(not moment.text for moment in moments)
    found = [
        f"no {what} of {'any' if count == len(moments) else count} turn{'s' * (1 < count < len(moments))}"
        for what, count in (("sound", silent), ("text", wordless))
        if count
    ]
    return " and ".join(found)


def _speaker(moments: Sequence[Moment], wanted: str | None) -> str:
    names = list(dict.fromkeys(moment.speaker for moment in moments))
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted not in names:
        who = "no speaker is named" if wanted is None else f"nobody called {wanted[:40]!r} speaks"
        raise EmotionError(f"{who}; expected conversation:FILE#NAME with one of: {', '.join(names)}")
    return wanted

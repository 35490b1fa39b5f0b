"""`like:FILE`: the emotion of another recording, heard and seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dicetalk.emotion.embedding import Embedder, shipped_embedder
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.priors import LIKENESS, VOICE_LIKENESS, Prior, average
from dicetalk.emotion.space import Likeness
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.recording import Recording, perceive
from dicetalk.speech import Hearing


@dataclass(frozen=True)
class Like:
    """Feels as in another recording.

    Attributes:
        path: of a sound, a video or a photo.
        listens: to that only.
    """

    path: Path
    listens: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """The recording."""
        return (self.path,)

    def feel(self, speech: Hearing) -> Timeline:
        """What is heard and seen there, the same for all of the driving speech.

        Raises:
            MediaError: the recording cannot be read.
            InputError: it has neither a voice nor a face.
        """
        recording = perceive(self.path)
        return Timeline([(0.0, recording_feeling(recording))], lacks=recording.lacks, warnings=recording.warnings)


def recording_feeling(recording: Recording) -> Feeling:
    """The feeling of a recording; never neutral for want of confidence, since this very one was asked for."""
    embedder = shipped_embedder()
    prior, like = resembled([recording], embedder)
    senses = recording.senses
    verb = "resemble" if len(senses) > 1 else "resembles"
    return embedder.space.feeling(prior, like, f"{' and '.join(senses)} {verb} {like}")


def resembled(recordings: list[Recording], embedder: Embedder) -> tuple[Prior, Likeness]:
    """Where one or several recordings of an emotion lie, on average, and what that resembles; at least one."""
    prior = average([embedder.embed(recording.speech, recording.motion) for recording in recordings])
    seen = any(recording.motion is not None for recording in recordings)
    names, temperature = (NAMES, LIKENESS) if seen else (HEARD, VOICE_LIKENESS)
    return prior, embedder.space.likeness(prior, names, temperature)

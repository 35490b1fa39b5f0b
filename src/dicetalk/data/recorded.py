"""Recordings of people -> passages that the motion model learns from, beside those that are acted.

What is said is heard in the clip's own sound. What is seen is read off its film, without blinks and glances; the
tracker takes the resting face out, so that it is 0. Pictures are not moved against the sound: how far they are off is
known to two frames only. A sound without a film is acted by virtual people who belong to this identity alone, in the
clip's own emotion and strength, on the phones that were heard.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from dicetalk.arrays import Float16
from dicetalk.data import mead, ravdess
from dicetalk.data.acted import acted_out, hearings
from dicetalk.data.clip import Clip, Missing, Prepared
from dicetalk.data.film import Film
from dicetalk.data.passages import RECORDING, SUFFIX, Tensors, write_passage
from dicetalk.data.procedural import feeling_of, virtual_actor
from dicetalk.data.provenance import claim
from dicetalk.data.samples import CLIPS, PASSAGES, Heard, listened, missing_of, seed_of, watched
from dicetalk.errors import InputError
from dicetalk.motion.space import SHAPES, index, look_at_camera
from dicetalk.rates import FPS
from dicetalk.speech import Speech

LIDS = [index("eyeBlinkLeft"), index("eyeBlinkRight")]
"""What is read of them off a film is blinks and nothing else."""
LEAST_FRAMES = FPS
"""Of a clip that is worth learning from."""
OWN = "own"
"""The corpus of one person's videos, all of whom is learned from."""
HELD_OUT = {"ravdess": ravdess.HELD_OUT, "mead": mead.HELD_OUT, OWN: frozenset()}
"""Identities that are never learned from, of corpora that name some."""
HELD_OUT_SHARE = 0.1
"""Of the identities of other corpora, drawn by their names."""


@dataclass(frozen=True, kw_only=True)
class MotionPreparation:
    """How recordings are prepared for motion.

    Attributes:
        faces: K, virtual actors to an identity whose face is not filmed.
        voices: V - 1, other speakers, places and channels to a clip.
        workers: processes.
    """

    faces: int = 4
    voices: int = 3
    workers: int = 1

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU is of use."""
        return False

    @property
    def folders(self) -> tuple[str, ...]:
        """Of files, inside the prepared one."""
        return (PASSAGES,)

    def begin(self, out: Path) -> None:
        """Refuse a folder that was prepared for the embedder, or with other numbers of faces and voices.

        Raises:
            InputError: it was.
        """
        if (out / CLIPS).exists():
            raise InputError(f"{out} was prepared for the embedder; give another folder")
        made_by = {"material": "recordings", "faces": self.faces, "voices": self.voices}
        claim(out, dict(made_by), held=any((out / PASSAGES).glob(f"*{SUFFIX}")))

    def known(self, clip: Clip, out: Path) -> Prepared | None:
        """What a clip's file holds that was prepared of the same labels; None where it has to be made anew."""
        try:
            with safe_open(passage_file(clip, out), "numpy") as file:
                told = json.loads(file.metadata()[RECORDING])
                return Prepared(**told["found"]) if told | labels_of(clip) == told else None
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None

    def make(self, clip: Clip, out: Path) -> Prepared | Missing:
        """Write a clip's passage, unless it is there; gives what it holds, or why the clip cannot be used."""
        known = self.known(clip, out)
        if known is not None:
            return known
        voice = listened(clip) if clip.emotion else Missing("no emotion is known of it, which motion is learned by")
        if isinstance(voice, Missing):
            return voice
        tensors, found = _passage(clip, clip.emotion or "", voice, self)
        if found.frames < LEAST_FRAMES:
            return Missing(f"it lasts {found.frames / FPS:.1f} s; at least {LEAST_FRAMES / FPS:g} s are learned from")
        write_passage(
            passage_file(clip, out), tensors, {RECORDING: json.dumps(labels_of(clip) | {"found": asdict(found)})}
        )
        return found


def passage_file(clip: Clip, out: Path) -> Path:
    """Where a clip's passage lies in a prepared folder."""
    return out / PASSAGES / f"{clip.name}{SUFFIX}"


def labels_of(clip: Clip) -> dict[str, object]:
    """What a passage depends on beside the recording itself."""
    labels: dict[str, object] = {"held_out": is_kept_apart(clip)}
    return labels | {
        "corpus": clip.corpus,
        "identity": clip.identity,
        "emotion": clip.emotion,
        "strength": clip.strength,
    }


def is_kept_apart(clip: Clip) -> bool:
    """Whether somebody is never learned from."""
    if clip.corpus in HELD_OUT:
        return clip.identity in HELD_OUT[clip.corpus]
    drawn = int.from_bytes(hashlib.sha256(clip.identity.encode()).digest()[:4], "big")
    return drawn < HELD_OUT_SHARE * 2**32


def _passage(clip: Clip, emotion: str, voice: Heard, options: MotionPreparation) -> tuple[Tensors, Prepared]:
    """What a clip's file holds, cut to the shorter of sound and pictures."""
    film = watched(clip, voice)
    drawn = np.random.default_rng(seed_of(clip.corpus, clip.name, "voices"))
    speech = hearings(voice.waveform, 1 + options.voices, drawn)
    if isinstance(film, Film):
        motion, resting = seen_motion(film)
    else:
        motion, resting = _performed(clip, emotion, voice.speech, options.faces)
    frames = min(speech.shape[1], motion.shape[1])
    feelings = np.tile(feeling_of(emotion, clip.strength), (len(motion), frames, 1)).astype(np.float16)
    tensors = {"speech": speech[:, :frames], "motion": motion[:, :frames], "resting": resting, "feelings": feelings}
    offset = film.offset.frames if isinstance(film, Film) and film.offset is not None and film.offset.sure else None
    return tensors, Prepared(frames, True, isinstance(film, Film), offset, missing_of(film))


def seen_motion(film: Film) -> tuple[Float16, Float16]:
    """Motion (1, T, 58) of a film, whose eyes stay open and on the camera, about a resting face (1, 52) of 0."""
    shapes, pose = np.split(film.motion.astype(np.float64), [len(SHAPES)], axis=1)
    shapes[:, LIDS] = 0
    look_at_camera(shapes, pose)
    motion = np.column_stack([shapes.clip(0, 1), pose])[None].astype(np.float16)
    return motion, np.zeros((1, len(SHAPES)), np.float16)


def _performed(clip: Clip, emotion: str, speech: Speech, faces: int) -> tuple[Float16, Float16]:
    """Motion (K, T, 58) of the identity's own virtual actors, and their resting faces (K, 52)."""
    actors = [virtual_actor(seed_of(clip.identity, str(face))) for face in range(faces)]
    takes = [seed_of(clip.corpus, clip.name, emotion, str(face)) for face in range(faces)]
    pairs = zip(actors, takes, strict=True)
    motion = [acted_out(actor, speech, feeling_of(emotion, clip.strength), take)[0] for actor, take in pairs]
    return np.array(motion, np.float16), np.array([actor.resting for actor in actors], np.float16)

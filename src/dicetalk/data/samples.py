"""One clip -> its samples: speech features and facial motion at 25 frames a second.

A clip's file, `clips/NAME.safetensors`, has `speech` (T, C), and `motion`: of a filmed clip (1, T, 58), read off its
pictures; of a sound whose emotion is known (K, T, 58), what K virtual actors, who belong to this identity alone, look
like saying it. A neutral sound has `contempt` (K, T, 58) as well, which few corpora have. `voices` (V, T, C), if any,
is the speech as V other speakers say it elsewhere. `crops/NAME.mp4` is the square around a filmed face.

A clip which lacks a voice or a face goes on with the other.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dicetalk.arrays import Float16
from dicetalk.data.clip import Clip, Missing, Prepared
from dicetalk.data.film import Film, read_film, write_crop
from dicetalk.data.procedural import feeling_of, perform_as, virtual_actor
from dicetalk.data.voices import Voices, another_voice
from dicetalk.errors import InputError, MediaError
from dicetalk.files import whole
from dicetalk.media import Waveform, read_sound
from dicetalk.speech import Speech, listen, listen_like
from dicetalk.speech.rows import COLUMNS, speech_rows

CLIPS, CROPS = "clips", "crops"
PASSAGES = "passages"
"""What is prepared for motion has a folder of this name instead."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How a corpus is prepared.

    Attributes:
        faces: virtual actors to an identity whose face is not filmed.
        voices: other speakers, places and channels to a clip.
        crop: side of the crops of filmed faces [px], even; 0 writes none.
        workers: processes.
    """

    faces: int = 4
    voices: int = 3
    crop: int = 256
    workers: int = 1

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU is of use."""
        return False

    @property
    def folders(self) -> tuple[str, ...]:
        """Of files, inside the prepared one."""
        return (CLIPS, CROPS) if self.crop else (CLIPS,)

    def begin(self, out: Path) -> None:
        """Refuse a folder with passages.

        Raises:
            InputError: it has some.
        """
        if (out / PASSAGES).exists():
            raise InputError(f"{out} was prepared for motion; give another folder")

    def known(self, clip: Clip, out: Path) -> Prepared | None:
        """As `known_clip`."""
        return known_clip(out / CLIPS / f"{clip.name}.safetensors", clip, self)

    def make(self, clip: Clip, out: Path) -> Prepared | Missing:
        """As `prepare_clip`."""
        return prepare_clip(clip, out, self)


def prepare_clip(clip: Clip, out: Path, options: Preparation) -> Prepared | Missing:
    """Write one clip's samples, unless they are there; gives what they hold, or why the clip cannot be used."""
    target = out / CLIPS / f"{clip.name}.safetensors"
    known = known_clip(target, clip, options)
    if known is not None:
        return known
    voice = listened(clip)
    film = watched(clip, voice)
    if isinstance(voice, Missing) and not isinstance(film, Film):
        return Missing(missing_of(voice, film))
    samples, found = _samples(clip, voice, film, options)
    if isinstance(film, Film) and clip.video is not None and options.crop:
        write_crop(clip.video, film.box, found.frames, options.crop, out / CROPS / f"{clip.name}.mp4")
    # One entry: the order of several is not the same each time.
    told = {"prepared": json.dumps({"found": asdict(found), "of": _made(clip, options)})}
    with whole(target) as temporary:
        temporary.write_bytes(save(samples, told))
    return found


def missing_of(*parts: object) -> str:
    """All that is missing, in one line; "" where nothing is."""
    return "; ".join(part.reason for part in parts if isinstance(part, Missing))


def known_clip(target: Path, clip: Clip, options: Preparation) -> Prepared | None:
    """What a file holds that was prepared in the same way, of the same labels; None where it has to be made anew."""
    try:
        with safe_open(target, "np") as file:
            told = json.loads(file.metadata()["prepared"])
            return Prepared(**told["found"]) if told["of"] == _made(clip, options) else None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def _made(clip: Clip, options: Preparation) -> dict[str, object]:
    """What a clip's file depends on beside the recording itself."""
    labels: dict[str, object] = {"identity": clip.identity, "emotion": clip.emotion, "strength": clip.strength}
    return labels | {"faces": options.faces, "voices": options.voices, "crop": options.crop}


@dataclass(frozen=True, eq=False)
class Heard:
    """A clip's sound and what is heard in it."""

    waveform: Waveform
    speech: Speech


def listened(clip: Clip) -> Heard | Missing:
    """The clip's voice, or why there is none."""
    return Missing("has no sound") if clip.sound is None else _voice(clip.sound)


@lru_cache(maxsize=1)  # virtual people say the same one after the other
def _voice(sound: Path) -> Heard | Missing:
    try:
        waveform = read_sound(sound).waveform
    except MediaError as error:
        return Missing(str(error))
    return Heard(waveform, listen(waveform))


def watched(clip: Clip, voice: Heard | Missing) -> Film | Missing | None:
    """The clip's film, or why its pictures are not used; None for a sound."""
    if clip.video is None:
        return None
    return read_film(clip.video, voice.speech if isinstance(voice, Heard) else None)


def _samples(
    clip: Clip, voice: Heard | Missing, film: Film | Missing | None, options: Preparation
) -> tuple[dict[str, Float16], Prepared]:
    """The tensors of a clip's file and what they are; a voice or a film is there."""
    note = missing_of(voice, film)
    heard = _heard(clip, voice, options)
    if isinstance(film, Film):
        return _filmed(heard, film, options, note)
    assert isinstance(voice, Heard)
    frames = voice.speech.frames
    samples = _unheard(frames, options) | heard | _acted_faces(clip, voice.speech, options.faces)
    return samples, Prepared(frames, bool(heard), note=note)


def _heard(clip: Clip, voice: Heard | Missing, options: Preparation) -> dict[str, Float16]:
    """`speech` (T, C), and `voices` (V, T, C) if any are wanted; nothing without a voice."""
    if isinstance(voice, Missing) or not clip.told:
        return {}
    heard = {"speech": speech_rows(voice.waveform, voice.speech).astype(np.float16)}
    if options.voices:
        heard["voices"] = _said_by_others(clip, voice, options.voices)
    return heard


def _filmed(
    heard: dict[str, Float16], film: Film, options: Preparation, note: str
) -> tuple[dict[str, Float16], Prepared]:
    """What is heard with the `motion` (1, T, 58) of a film, cut to the shorter; silence where nothing is heard."""
    samples = heard | {"motion": film.motion[None].astype(np.float16)}
    frames = min(tensor.shape[-2] for tensor in samples.values())
    cut = _unheard(frames, options) | {name: tensor[..., :frames, :] for name, tensor in samples.items()}
    offset = film.offset.frames if film.offset is not None and film.offset.sure else None
    return cut, Prepared(frames, bool(heard), True, offset, note)


def _unheard(frames: int, options: Preparation) -> dict[str, Float16]:
    """`speech` and `voices` of a clip that has none."""
    silence = np.zeros((frames, len(COLUMNS)), np.float16)
    unheard = {"speech": silence}
    if options.voices:
        unheard["voices"] = np.repeat(silence[None], options.voices, axis=0)
    return unheard


def _acted_faces(clip: Clip, speech: Speech, faces: int) -> dict[str, Float16]:
    """`motion` (K, T, 58) of virtual actors where the emotion is known, and `contempt` of a neutral voice."""
    acted = {}
    if clip.emotion is not None:
        acted["motion"] = _acted(clip, speech, faces, clip.emotion)
    if clip.emotion == "neutral" and clip.told:
        acted["contempt"] = _acted(clip, speech, faces, "contempt")
    return acted


def _said_by_others(clip: Clip, voice: Heard, voices: int) -> Float16:
    """(voices, T, C) float16: rows of the clip as others say it elsewhere, its pauses where they were."""
    rows = []
    for number in range(voices):
        rng = np.random.default_rng(seed_of(clip.corpus, clip.name, "voice", str(number)))
        other = another_voice(voice.waveform, rng, Voices())
        rows.append(speech_rows(other, listen_like(other, voice.speech)))
    return np.array(rows, np.float16)


def _acted(clip: Clip, speech: Speech, faces: int, emotion: str) -> Float16:
    """(faces, T, 58) float16: the clip as the identity's own virtual actors say it."""
    strength = 1.0 if clip.emotion == "neutral" else clip.strength
    takes = []
    for face in range(faces):
        actor = virtual_actor(seed_of(clip.identity, str(face)))
        motion = perform_as(
            actor, speech, feeling_of(emotion, strength), seed_of(clip.corpus, clip.name, emotion, str(face))
        )
        takes.append(np.column_stack([motion.shapes, motion.pose]))
    return np.array(takes, np.float16)


def seed_of(*names: str) -> int:
    """A seed from names: the same on every machine, and never shared by two people."""
    return int.from_bytes(hashlib.sha256("/".join(names).encode()).digest()[:6], "big")

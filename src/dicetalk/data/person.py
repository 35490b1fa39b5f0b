"""Videos of one person -> passages from which a model learns how that person moves, and how often they blink."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from dicetalk.data.acted import hearings
from dicetalk.data.clip import Clip, Corpus, Missing, Prepared
from dicetalk.data.film import Film
from dicetalk.data.passages import RECORDING, write_passage
from dicetalk.data.procedural import feeling_of
from dicetalk.data.provenance import RECORD, claim, read_record
from dicetalk.data.quality import people_in
from dicetalk.data.recorded import OWN, MotionPreparation, labels_of, passage_file, seen_motion
from dicetalk.data.samples import listened, missing_of, seed_of, watched
from dicetalk.emotion.typed import parse
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.errors import ConfigError, EmotionError, InputError, MediaError
from dicetalk.files import writing
from dicetalk.media import probe, read_video
from dicetalk.motion.blinks import blink_starts
from dicetalk.motion.space import SHAPES
from dicetalk.rates import FPS

PREPARED = "prepared"
"""The folder of what was seen in the videos, inside that of the run."""
LEAST_S, GOOD_S = 5.0, 120.0
"""Of one person's videos [s]: what is learned from at the least, and what is worth having."""
LOOKS = 8
"""Frames of a video that are searched for faces, spread evenly."""
MOST_SIDE = 1024
"""Of these frames [px]."""
MOST_SEVERAL = 0.25
"""Share of the frames looked at in which there may be several: one that passes by."""


def read_person(videos: Sequence[Path], emotion: str) -> Corpus:
    """The videos of one person as clips.

    Args:
        videos: of nobody else.
        emotion: how the person feels in them, as typed: one name, with a strength or not.

    Raises:
        InputError: a video lacks pictures or sound, shows several people, or all are too short together; none is given,
            or one is given twice.
        EmotionError: no such emotion.
    """
    if not videos:
        raise InputError("there is no video to learn from; give one or more of one person who talks")
    name, strength = _felt(emotion)
    lengths = [_seconds(video) for video in videos]
    if sum(lengths) < LEAST_S:
        raise InputError(
            f"there are {sum(lengths):.1f} s of video; at least {LEAST_S:g} s are learned from, {GOOD_S:g} s are good"
        )
    names = [video.stem for video in videos]
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise InputError(f"two videos are called {twice}; give each once, under a name of its own")
    clips = [
        Clip(name=video.stem, corpus=OWN, identity=OWN, sound=video, video=video, emotion=name, strength=strength)
        for video in videos
    ]
    return Corpus(tuple(clips), ())


def claim_person(corpus: Corpus, start: Path, weights: Path, out: Path, held: bool, **told: object) -> None:
    """Make a folder for what is learned of one person, or make sure that it was begun with the same.

    What was seen in other videos is removed where nothing was learned of it yet.

    Args:
        corpus: the videos.
        start: the folder of the checkpoint that is changed.
        weights: its file.
        out: the folder.
        held: whether something was learned there already.
        told: what else must be the same, as plain values.

    Raises:
        ConfigError: the folder is the checkpoint that is changed.
        InputError: it was begun with other videos, from another checkpoint or otherwise, or cannot be made.
    """
    if out.exists() and out.samefile(start):
        raise ConfigError(f"{out} is the checkpoint that is changed; give another folder")
    videos = {
        f"{clip.name} {clip.emotion}:{clip.strength:g}": _digest(clip.video) for clip in corpus.clips if clip.video
    }
    made_by = {"videos": videos, "start": _digest(weights), **told}
    if not held and out.exists() and read_record(out) != made_by:
        with writing(out):
            (out / RECORD).unlink(missing_ok=True)
            shutil.rmtree(out / PREPARED, ignore_errors=True)
    claim(out, made_by, held)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _felt(emotion: str) -> tuple[str, float]:
    strengths = parse(emotion).strengths
    named = {name: strength for name, strength in strengths.items() if name != NEUTRAL}
    if len(named) > 1:
        raise EmotionError(f"{emotion!r} names {len(named)} emotions; give the one that is felt in the videos")
    return next(iter(named.items()), (NEUTRAL, 1.0))


def _seconds(video: Path) -> float:
    pictures, sound = probe(video)
    lacks = "pictures" if pictures is None else "sound" if sound is None else ""
    if pictures is None or lacks:
        raise MediaError(f"{video} has no {lacks}; give a video of somebody who is heard and seen")
    return pictures.seconds


def check_alone(video: Path) -> None:
    """Make sure that a video shows one person.

    Raises:
        InputError: it shows several.
        MediaError: it cannot be read.
    """
    seconds = _seconds(video)
    frames = islice(read_video(video, fps=LOOKS / max(seconds, 1.0), most=MOST_SIDE), LOOKS)
    counts = [people_in(frame) for frame in frames]
    several = [number for number, count in enumerate(counts) if count > 1]
    if len(several) > MOST_SEVERAL * len(counts):
        at = several[0] * max(seconds, 1.0) / LOOKS
        raise InputError(
            f"{video} shows {max(counts)} people (see {at:.0f} s); give a video of one person, or cut the others off"
        )


@dataclass(frozen=True, kw_only=True)
class PersonPreparation(MotionPreparation):
    """How one person's videos are prepared: as they are filmed, or not at all."""

    faces: int = 1
    voices: int = 2

    def known(self, clip: Clip, out: Path) -> Prepared | None:
        """As `MotionPreparation`, of a file that is as long as before."""
        found = super().known(clip, out)
        return found if found is not None and _told(passage_file(clip, out)).get("bytes") == _bytes(clip) else None

    def make(self, clip: Clip, out: Path) -> Prepared | Missing:
        """Write a clip's passage, unless it is there; gives what it holds, or why the video cannot be used.

        Raises:
            InputError: it shows several people.
        """
        known = self.known(clip, out)
        if known is not None:
            return known
        assert clip.video is not None and clip.emotion is not None
        check_alone(clip.video)
        voice = listened(clip)
        film = watched(clip, voice)
        if isinstance(voice, Missing) or not isinstance(film, Film):
            return Missing(missing_of(voice, film))
        speech = hearings(voice.waveform, 1 + self.voices, np.random.default_rng(seed_of(OWN, clip.name, "voices")))
        motion, resting = seen_motion(film)
        frames = min(speech.shape[1], motion.shape[1])
        feelings = np.tile(feeling_of(clip.emotion, clip.strength), (1, frames, 1)).astype(np.float16)
        tensors = {"speech": speech[:, :frames], "motion": motion[:, :frames], "resting": resting, "feelings": feelings}
        found = Prepared(frames, True, True)
        blinks = len(blink_starts(film.motion[:, : len(SHAPES)]))
        told = {"found": asdict(found), "blinks": blinks, "bytes": _bytes(clip)}
        write_passage(passage_file(clip, out), tensors, {RECORDING: json.dumps(labels_of(clip) | told)})
        return found


def _bytes(clip: Clip) -> int:
    assert clip.video is not None
    return clip.video.stat().st_size


def _told(file: Path) -> dict[str, Any]:
    with safe_open(file, "numpy") as held:
        told: dict[str, Any] = json.loads(held.metadata()[RECORDING])
    return told


def read_blinks(clips: Sequence[Clip], out: Path) -> tuple[int, float]:
    """How many blinks there are in prepared clips, and how long those are together [s]."""
    told = [_told(passage_file(clip, out)) for clip in clips]
    return sum(each["blinks"] for each in told), sum(each["found"]["frames"] for each in told) / FPS

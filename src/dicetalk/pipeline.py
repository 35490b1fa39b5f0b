"""From files to a video: `load` a backbone, call it with a portrait, speech and an emotion, save or stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dicetalk.backbone import DEFAULT, DEFAULT_SIZE, Backbone, Conditions, Moves, Watch, check_seed, load_backbone
from dicetalk.emotion.road import track
from dicetalk.emotion.timeline import Timeline
from dicetalk.errors import ConfigError
from dicetalk.media import Photo, Picture, Sound, VideoWriter, read_photo, read_sound
from dicetalk.media.channel import Channel
from dicetalk.motion.live_link import write_csv
from dicetalk.portrait.framing import check_size, checked_picture, face_of, framed
from dicetalk.rates import FPS
from dicetalk.sources.scheme import Emotion, source_of
from dicetalk.speech import Hearing

PathLike = str | os.PathLike[str]
Progress = Callable[[int, int], None]
"""Called with frames done and frames in all."""


@dataclass(frozen=True, eq=False)
class Video:
    """A video that is drawn when it is asked for: stream it, save it, or take its motion.

    Attributes:
        conditions: what it is made from.
        backbone: what draws it.
        sound: the recording it speaks.
        heard: the emotion as it was understood: what was asked for, heard or seen, how surely and why.
        warnings: what is wrong with what was given and did not stop the work, one line each.
    """

    conditions: Conditions
    backbone: Backbone
    sound: Sound
    heard: Timeline
    warnings: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.conditions.emotion)

    @property
    def fps(self) -> int:
        """Frames a second."""
        return self.backbone.fps

    @property
    def width(self) -> int:
        """Width of the frames [px]."""
        return int(self.conditions.portrait.shape[1])

    @property
    def height(self) -> int:
        """Height of the frames [px]."""
        return int(self.conditions.portrait.shape[0])

    @property
    def seconds(self) -> float:
        """Length [s]."""
        return self.frames / self.fps

    def stream(self, *, watch: Watch | None = None) -> Iterator[Picture]:
        """The frames as they are drawn, in chunks (t, H, W, 3) uint8.

        Args:
            watch: is told after each step of a backbone that takes long before its first frame.
        """
        return self.backbone.generate(self.conditions, watch)

    def save(self, path: PathLike, *, progress: Progress | None = None, watch: Watch | None = None) -> Path:
        """Write an H.264 + AAC video (.mp4, .m4v or .mov); nothing is left behind if it fails.

        Args:
            path: of the video.
            progress: called with frames done and frames in all.
            watch: as in `stream`.

        Raises:
            MediaError: the output cannot be written.
        """
        target = Path(path)
        done = 0
        with VideoWriter(target, width=self.width, height=self.height, fps=self.fps, speech=self.sound) as video:
            for chunk in self.stream(watch=watch):
                video.write(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, self.frames)
        return target

    def save_motion(self, path: PathLike) -> Path:
        """Write the motion as Live Link Face CSV (61 channels), for any ARKit avatar.

        Raises:
            InputError: the output cannot be written.
            ConfigError: the backbone knows no motion.
        """
        if not isinstance(self.backbone, Moves):
            raise ConfigError(f"the {self.backbone.kind} backbone draws frames without motion curves; use {DEFAULT}")
        write_csv(Path(path), self.backbone.act(self.conditions))
        return Path(path)


class DiceTalk:
    """A loaded backbone, ready to make videos."""

    def __init__(self, backbone: Backbone) -> None:
        """Wrap a backbone; most callers use `load`."""
        self.backbone = backbone

    def __call__(
        self,
        portrait: PathLike | Picture,
        speech: PathLike | Sound,
        *,
        emotion: Emotion = "neutral",
        seed: int = 0,
        face: int | None = None,
        size: int = DEFAULT_SIZE,
        crop: bool = False,
        channel: Channel | None = None,
    ) -> Video:
        """Prepare a video; it is drawn when it is streamed or saved.

        Args:
            portrait: a picture file, or (H, W, 3) uint8 RGB.
            speech: a sound file (or a video with sound), or a `Sound`.
            emotion: a `Feeling`, a `Timeline`, or text: "happy", "happy:0.7,surprised:0.3",
                "mine.safetensors:tender:0.5", the path of a timeline (.json), "auto" or "auto:3" (heard in the speech),
                "like:clip.mp4" (heard and seen in another recording); see `sources.scheme.source_of`.
            seed: which take.
            face: 1 is the leftmost face of the picture; None takes the largest.
            size: longest side of the frames [px]; larger pictures are scaled down; 0 keeps every size.
            crop: only the square around the face.
            channel: of the speech: "left", "right" or a number from 1; None mixes all of them.

        Raises:
            MediaError: a file cannot be read.
            NoFaceError: no face, or fewer faces than `face`.
            EmotionError: the emotion cannot be understood.
            CheckpointError: a file of own emotions is damaged.
            InputError: another argument is out of range.
        """
        check_seed(seed)
        check_size(size)
        source = source_of(emotion)
        sound = _sound(speech, channel)
        photo = Photo(checked_picture(portrait)) if isinstance(portrait, np.ndarray) else read_photo(Path(portrait))
        frame, found = framed(photo.picture, face_of(photo.picture, face), size, crop)
        hearing = Hearing(sound.waveform)
        heard = source.feel(hearing)
        times = (np.arange(len(hearing)) + 0.5) / FPS
        conditions = Conditions(frame, found, hearing, track(heard, times), seed)
        warnings = (*photo.warnings, *sound.warnings, *heard.warnings)
        return Video(conditions, self.backbone, sound, heard, warnings)


def _sound(speech: PathLike | Sound, channel: Channel | None) -> Sound:
    """The speech, one channel of it where that is asked for."""
    if isinstance(speech, Sound):
        return speech if channel is None else read_sound(speech.path, channel=channel)
    return read_sound(Path(speech), channel=channel)


def load(name: str | os.PathLike[str] = DEFAULT, options: object | None = None) -> DiceTalk:
    """A backbone, ready to use.

    Args:
        name: "rules"; "svd" (the checkpoint in the folder `dice-svd`); or a checkpoint's folder.
        options: of the backbone, where it has any.

    Raises:
        ConfigError: no such backbone, no such device, too little memory, or options of another backbone.
        CheckpointError: the folder holds no complete checkpoint.
        MissingExtraError: the backbone needs packages that are not installed.
    """
    return DiceTalk(load_backbone(name, options))

"""From files to a video: `load` a backbone, call it with a portrait, speech and an emotion, save or stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dicetalk.acting.backbone import MotionBackbone
from dicetalk.backbone import Backbone, Conditions
from dicetalk.emotion.timeline import Emotion, Timeline, is_heard
from dicetalk.errors import CheckpointError, ConfigError, InputError, require
from dicetalk.media import Picture, Sound, VideoWriter, frame_count, read_picture, read_sound
from dicetalk.motion.live_link import write_csv
from dicetalk.portrait.framing import check_size, checked_picture, face_of, framed
from dicetalk.svd.options import SvdOptions

if TYPE_CHECKING:
    from dicetalk.svd.backbone import DenoisingStep

PathLike = str | os.PathLike[str]
Progress = Callable[[int, int], None]
"""Called with frames done and frames in all."""

SVD_FOLDER = "dice-svd"
"""Where `dicetalk import-official` puts its checkpoint in the examples, and where the name "svd" looks for it."""

DEFAULT_SIZE = 1024


@dataclass(frozen=True, eq=False)
class Video:
    """A video that is drawn when it is asked for: stream it, save it, or take its motion.

    Attributes:
        conditions: what it is made from.
        backbone: what draws it.
        sound: the recording it speaks.
        emotion: what was asked for.
    """

    conditions: Conditions
    backbone: Backbone
    sound: Sound
    emotion: Timeline

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

    def stream(self) -> Iterator[Picture]:
        """The frames as they are drawn, in chunks (t, H, W, 3) uint8."""
        return self.backbone.generate(self.conditions)

    def save(self, path: PathLike, *, progress: Progress | None = None) -> Path:
        """Write an H.264 + AAC video (.mp4, .m4v or .mov); nothing is left behind if it fails.

        Raises:
            MediaError: the output cannot be written.
        """
        target = Path(path)
        done = 0
        with VideoWriter(target, width=self.width, height=self.height, fps=self.fps, speech=self.sound) as video:
            for chunk in self.stream():
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
        if not isinstance(self.backbone, MotionBackbone):
            raise ConfigError(f"the {self.backbone.name} backbone draws frames without motion curves; use motion")
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
        emotion: str | os.PathLike[str] | Emotion | Timeline = "neutral",
        seed: int = 0,
        face: int | None = None,
        size: int = DEFAULT_SIZE,
        crop: bool = False,
    ) -> Video:
        """Prepare a video; it is drawn when it is streamed or saved.

        Args:
            portrait: a picture file, or (H, W, 3) uint8 RGB.
            speech: a sound file (or a video with sound), or a `Sound`.
            emotion: "happy", "happy:0.7,surprised:0.3", a path of a timeline (.json), an `Emotion` or a `Timeline`;
                "auto" hears it in the speech, "like:clip.wav" in another recording; or a file of own emotions
                (mine.safetensors, mine.safetensors:tender, mine.safetensors:tender:0.5).
            seed: which take.
            face: 1 is the leftmost face of the picture; None takes the largest.
            size: longest side of the frames [px]; larger pictures are scaled down; 0 keeps every size.
            crop: only the square around the face.

        Raises:
            MediaError: a file cannot be read.
            NoFaceError: no face, or fewer faces than `face`.
            EmotionError: the emotion cannot be understood.
            InputError: another argument is out of range.
            MissingExtraError: an emotion is to be heard, and torch is not installed.
        """
        _check_seed(seed)
        check_size(size)
        mood = None if is_heard(emotion) else Timeline.of(emotion)
        sound = speech if isinstance(speech, Sound) else read_sound(Path(speech))
        mood = mood or _heard(str(emotion), sound)
        picture = checked_picture(portrait) if isinstance(portrait, np.ndarray) else read_picture(Path(portrait))
        frame, found = framed(picture, face_of(picture, face), size, crop)
        frames = frame_count(len(sound.waveform))
        times = (np.arange(frames) + 0.5) / self.backbone.fps
        return Video(Conditions(frame, found, sound.waveform, mood.at(times), seed), self.backbone, sound, mood)


def _heard(emotion: str, sound: Sound) -> Timeline:
    """The emotion as it is heard, or read from a file, the same over the whole clip."""
    require("torch", "train")
    from dicetalk.mood import mood_of

    return Timeline.of(mood_of(emotion, sound.waveform).emotion())


def load(
    name: str | os.PathLike[str] = "motion",
    options: SvdOptions | None = None,
    watch: Callable[[DenoisingStep], None] | None = None,
) -> DiceTalk:
    """A backbone, ready to use.

    Args:
        name: "motion", "svd" (the checkpoint in the folder `dice-svd`), or a checkpoint's folder.
        options: of the svd backbone.
        watch: is told after each denoising step of the svd backbone.

    Raises:
        ConfigError: no such backbone, no such device, too little memory, or options for a backbone that has none.
        CheckpointError: the folder holds no complete checkpoint.
        MissingExtraError: the svd backbone needs packages that are not installed.
    """
    if name == "motion":
        if options or watch:
            raise ConfigError('options were given, which the motion backbone has none of; load "svd" or a folder')
        return DiceTalk(MotionBackbone())
    folder = svd_folder(name)
    for package in ("torch", "diffusers", "transformers", "accelerate"):
        require(package, "svd")
    from dicetalk.svd.backbone import load_svd

    return DiceTalk(load_svd(folder, options, watch))


def svd_folder(name: str | os.PathLike[str]) -> Path:
    """The folder of an svd checkpoint: the name "svd" means `dice-svd`, any other is a path.

    Raises:
        CheckpointError: `dice-svd` is not here.
        ConfigError: no such backbone or folder.
    """
    if name == "svd":
        if not Path(SVD_FOLDER).is_dir():
            raise CheckpointError(
                f"there is no folder {SVD_FOLDER} here; see `dicetalk weights`, or give the folder of a checkpoint"
            )
        return Path(SVD_FOLDER)
    if not Path(name).is_dir():
        raise ConfigError(
            f"no backbone is called {str(name)!r}; choose motion, svd, or a folder that `dicetalk import-official` made"
        )
    return Path(name)


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise InputError(f"the seed is {seed}; use 0 or a positive whole number")

"""A video that is drawn when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from dataclasses import replace as changed
from pathlib import Path

import dicetalk
from dicetalk.backbone import (
    DEFAULT,
    Backbone,
    Conditions,
    Moves,
    Watch,
)
from dicetalk.checks import function, truth
from dicetalk.emotion.timeline import Timeline
from dicetalk.errors import ConfigError, InputError, MediaError
from dicetalk.files import PathLike, output_kind, path_of, video_path_of
from dicetalk.marks.label import labelled
from dicetalk.marks.marks import Marks
from dicetalk.marks.origin import Origin, file_digest
from dicetalk.media import Picture, Sound, VideoWriter
from dicetalk.media.formats import USUAL_QUALITY, Quality, keeps_alpha, quality_of
from dicetalk.media.frames import FrameWriter, is_numbered
from dicetalk.media.video import VAST
from dicetalk.motion.live_link import CURVES, write_csv
from dicetalk.portrait.together import together
from dicetalk.threads import Behind
from dicetalk.voice.change import Change

Progress = Callable[[int, int], None]
"""Called with frames done and frames in all."""

USUAL_MARKS = Marks()


@dataclass(frozen=True, eq=False)
class Video:
    """A video that is drawn when it is asked for: stream it, save it, or take its motion.

    Attributes:
        conditions: what it is made from; of several speakers the first.
        backbone: what draws it.
        sound: the recording it speaks; None where it has no sound track.
        heard: the emotion as it was understood: what was asked for, heard or seen, how surely and why.
        warnings: what is wrong with what was given and did not stop the work, one line each.
        others: what the other speakers are made from.
        others_heard: their emotions as they were understood.
        inputs: SHA-256 of the portrait and of the speech, by these names.
        voice: how far the voice was moved towards which emotions; empty where it is the recording's own.
    """

    conditions: Conditions
    backbone: Backbone
    sound: Sound | None
    heard: Timeline
    warnings: tuple[str, ...] = ()
    others: tuple[Conditions, ...] = ()
    others_heard: tuple[Timeline, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    voice: tuple[Change, ...] = ()

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.conditions.frames

    @property
    def fps(self) -> int:
        """Frames a second."""
        return self.conditions.fps

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

    @property
    def has_alpha(self) -> bool:
        """Whether the portrait has transparent parts that can be kept."""
        return self.conditions.cover is not None

    def stream(self, *, watch: Watch | None = None, alpha: bool = False) -> Generator[Picture, None, None]:
        """The frames as they are drawn, in chunks (t, H, W, 3) uint8; closing it early ends the work.

        Args:
            watch: is told after each step of a backbone that takes long before its first frame.
            alpha: (t, H, W, 4) where the portrait has transparent parts, which lie on white otherwise.
        """
        known, alpha = (self.conditions, *self.others), truth(alpha, "alpha")
        films = [self.backbone.generate(some if alpha else changed(some, cover=None), watch) for some in known]
        yield from together([some.face for some in known], films) if self.others else films[0]

    def save(
        self,
        path: PathLike,
        *,
        progress: Progress | None = None,
        watch: Watch | None = None,
        replace: bool = True,
        quality: Quality = USUAL_QUALITY,
        marks: Marks = USUAL_MARKS,
        growing: PathLike | None = None,
    ) -> Path:
        """Write the video; nothing is left behind if it fails.

        Args:
            path: .mp4, .m4v or .mov (H.264 and AAC), .webm (VP9 and Opus), or numbered pictures without sound: a folder
                ("frames/") or a name with a number in it ("frames_%05d.png"). What is transparent in the portrait stays
                so in .webm, .mov (ProRes 4444 then) and .png, and lies on white in others.
            progress: called with frames done and frames in all.
            watch: as in `stream`.
            replace: whether it may take the place of another file; pictures never do.
            quality: 0 (small files) to 100, or "low" (40), "medium" (60), "high" (80); .png loses nothing anyway.
            marks: of origin and consent, on the file and in it.

            growing: beside an .mp4, a fragmented MP4 of the same tracks that can be played while it is written, with
                marks that nobody has signed at its end. It stays, whatever happens.

        Raises:
            MediaError: the output cannot be written.
            InputError: no such quality, or `growing` beside another file than an .mp4.
            ConfigError: this kind of file cannot have these marks, or the signing key cannot be used.
            MissingExtraError: signed marks are asked for, and the extra is not installed.
        """
        target, done = video_path_of(path), 0
        self._check_inputs(target)
        function(progress, "progress")
        function(watch, "watch")
        alpha = self.has_alpha and keeps_alpha(target)
        beside = None if growing is None else _growing(path_of(growing), target)
        with (
            self._writer(target, alpha, quality_of(quality), truth(replace, "replace"), marks, beside) as video,
            Behind(video.write, most=0 if self.width * self.height > VAST else 1) as write,
            closing(self.stream(watch=watch, alpha=alpha)) as chunks,
        ):
            for chunk in chunks:
                write(labelled(chunk) if marks.visible else chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, self.frames)
        if beside is not None and (stamp := marks.unsigned.stamp(beside, self.origin)) is not None:
            stamp(beside)
        return target

    def _check_inputs(self, target: Path) -> None:
        """Refuse to take the place of what it is made of.

        Raises:
            MediaError: the file holds the same.
        """
        if os.path.isfile(target) and file_digest(target) in self.inputs.values():  # noqa: PTH113 (never raises)
            raise MediaError(f"{target} is an input and would be overwritten; choose another output name")

    @property
    def origin(self) -> Origin:
        """What it is made by and from, as its marks tell it."""
        felt = self.conditions.emotion
        means = felt.weights.mean(axis=0).tolist() if len(felt.weights) else [0.0] * len(felt.names)  # curves: no rows
        shares = sorted(zip(means, felt.names, strict=True), reverse=True)
        return Origin(
            version=dicetalk.__version__,
            backbone=self.backbone.kind,
            emotion=", ".join(f"{name} {share:.2f}" for share, name in shares if share >= 0.005),
            seed=self.conditions.seed,
            inputs=self.inputs,
            voice=", ".join(f"{change.emotion} {change.asked:.2f}" for change in self.voice if change.amount > 0),
        )

    def _writer(
        self, path: Path, alpha: bool, quality: float, replace: bool, marks: Marks, growing: Path | None
    ) -> VideoWriter | FrameWriter:
        mark = marks.stamp(path, self.origin)
        if is_numbered(path):
            return FrameWriter(path, mark)
        size = {"width": self.width, "height": self.height}
        return VideoWriter(
            path,
            **size,
            fps=self.fps,
            speech=self.sound,
            quality=quality,
            alpha=alpha,
            replace=replace,
            joins=self.frames if self.conditions.ease else None,
            mark=mark,
            growing=growing,
        )

    def save_motion(self, path: PathLike) -> Path:
        """Write the motion as Live Link Face CSV (61 channels), for any ARKit avatar.

        Raises:
            MediaError: the output is no .csv, or cannot be written.
            InputError: there are several faces.
            ConfigError: the backbone knows no motion.
        """
        if not isinstance(self.backbone, Moves):
            raise ConfigError(f"the {self.backbone.kind} backbone draws frames without motion curves; use {DEFAULT}")
        if self.others:
            raise InputError("curves are of one face; make them of one speaker at a time")
        target = path_of(path)
        output_kind(target, CURVES)
        write_csv(target, self.backbone.act(self.conditions))
        return target


def _growing(path: Path, beside: Path) -> Path:
    """The file that grows, where it may."""
    if beside.suffix.lower() != ".mp4" or is_numbered(beside):
        raise InputError(f"only an .mp4 can be played while it grows, not {beside}; leave growing out")
    return path

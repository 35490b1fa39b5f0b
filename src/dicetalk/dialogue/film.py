"""A film of a dialogue: each of the people is animated for all of it, and one film is cut together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import count as counting
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import dicetalk
from dicetalk.amounts import AS_USUAL
from dicetalk.arrays import Int16
from dicetalk.backbone import DEFAULT, DEFAULT_SIZE, check_controls, check_seed, find_backbone
from dicetalk.commands import Command
from dicetalk.dialogue.cast import Player, cast_of
from dicetalk.dialogue.feeling_voices import feeling_voices, note_of, written
from dicetalk.dialogue.layout import MOST_BESIDE, Laid, Layout, Panel
from dicetalk.dialogue.plan import Plan
from dicetalk.dialogue.staging import felt_by, length_of, shots, spoken_moments
from dicetalk.dialogue.voices import RATE, Spoken, check_voice, spoken
from dicetalk.emotion.moments import Moment
from dicetalk.errors import InputError
from dicetalk.files import check_output
from dicetalk.jobs import Event, Tell
from dicetalk.marks.label import labelled
from dicetalk.marks.marks import Marks
from dicetalk.marks.origin import Origin
from dicetalk.media import Sound, VideoWriter, read_sound
from dicetalk.media.formats import USUAL_QUALITY, WRITTEN, Quality, quality_of
from dicetalk.pipeline import OTHER_TAKE, DiceTalk
from dicetalk.portrait.framing import check_size
from dicetalk.rates import FPS
from dicetalk.video import Video
from dicetalk.voice.change import Change
from dicetalk.voice.wanted import check_voice as check_voice_emotion

CHUNK = 5
"""Frames written at once."""
LONGEST_NAME = 40
"""Of somebody, in the name of their video [characters]."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a film is made.

    Attributes:
        layout: "cut" shows who speaks, and who listens to long lines; "split" shows everybody beside each other.
        size: longest side of one portrait's frames [px].
        seed: which take.
        fps: frames a second.
        crop: only the square around each face.
        anyway: go on where a mouth or an eye is covered.
        backbone: what draws.
        voice_emotion: what the voice of each line is to feel, "same" what is planned in it; None leaves it.
    """

    layout: Layout = "cut"
    size: int = DEFAULT_SIZE
    seed: int = 0
    fps: int = FPS
    crop: bool = False
    anyway: bool = False
    backbone: str = DEFAULT
    voice_emotion: str | None = None


USUAL = Look()


@dataclass(frozen=True, eq=False)
class Film:
    """A film that was made.

    Attributes:
        path: of its file.
        moments: when each line is spoken [s].
        frames: number of frames.
        fps: frames a second.
        width, height: of its frames [px].
        warnings: what is wrong with what was given and did not stop the work, one line each.
        each: the videos of the people alone, where they were asked for.
        changes: how far the voice of each line was moved.
    """

    path: Path
    moments: tuple[Moment, ...]
    frames: int
    fps: int
    width: int
    height: int
    warnings: tuple[str, ...] = ()
    each: tuple[Path, ...] = ()
    changes: tuple[tuple[Change, ...], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The record of the film."""
        return {
            "output": str(self.path),
            "frames": self.frames,
            "fps": self.fps,
            "width": self.width,
            "height": self.height,
            "times": [[round(moment.start, 3), round(moment.end, 3)] for moment in self.moments],
            "warnings": list(self.warnings),
            "each": [str(path) for path in self.each],
            "voices": [[change.to_json() for change in line] for line in self.changes],
        }


def make_film(
    plan: Plan,
    cast: Sequence[Player],
    output: Path,
    *,
    synthesiser: Command | None = None,
    look: Look = USUAL,
    quality: Quality = USUAL_QUALITY,
    marks: Marks | None = None,
    each: Path | None = None,
    talk: DiceTalk | None = None,
    tell: Tell = lambda event: None,
) -> Film:
    """Make a film of a plan; nothing is left behind if it fails.

    Args:
        plan: what is said and felt.
        cast: who plays.
        output: .mp4, .m4v, .mov or .webm; takes the place of another file.
        synthesiser: what speaks for those who have no recording.
        look: how it is made.
        quality: of its pictures, as in `Video.save`.
        marks: of origin and consent.
        each: a folder for the video of each of the people alone, as long as the film; None writes none.
        talk: what animates; None loads the backbone.
        tell: is told what happens.

    Raises:
        DiceTalkError: a picture, a recording or a command cannot be used, or the output not be written.
    """
    cast = checked(plan, cast, output, synthesiser, look)
    wanted = check_voice_emotion(look.voice_emotion, speech=True, motion=False, speakers=False)
    alone = () if each is None else _alone(each, plan.speakers, output, cast)
    with TemporaryDirectory() as folder:
        lines = _voices(plan, cast, synthesiser, Path(folder), tell)
        if wanted is not None:
            lines = feeling_voices(lines, plan, wanted, Path(folder), _count(len(lines), "moving", tell))
        moments = spoken_moments(plan, [line.seconds for line in lines])
        tell(Event("loading"))
        talk = talk or dicetalk.load(look.backbone)
        tracks = [_track(name, lines, moments) for name in plan.speakers]
        sound = read_sound(written(Path(folder) / "all.wav", _mixed(tracks)))
        videos = []
        for count, (player, name, track) in enumerate(zip(cast, plan.speakers, tracks, strict=True)):
            tell(Event("reading"))
            own = read_sound(written(Path(folder) / f"{count}.wav", track))
            take = look.seed + count * OTHER_TAKE
            video = talk(
                player.portrait, own, emotion=felt_by(name, plan, moments), seed=take, size=look.size, crop=look.crop,
                fps=look.fps, anyway=look.anyway,
            )  # fmt: skip
            videos.append(replace(video, voice=_changes(name, plan, lines)))
        return _saved(output, alone, plan, moments, videos, sound, look, quality, marks or Marks(), lines, tell)


def checked(
    plan: Plan, cast: Sequence[Player], output: Path, synthesiser: Command | None, look: Look
) -> tuple[Player, ...]:
    """The players in the order in which they speak, if nothing is wrong with them and how the film is made.

    Raises:
        DiceTalkError: says what is wrong, before any work.
    """
    check_seed(look.seed)
    check_size(look.size)
    check_controls(find_backbone(look.backbone).name, AS_USUAL, look.fps, ease=False, motion=False)
    players = cast_of(cast, plan.speakers)
    if look.layout == "split" and len(players) > MOST_BESIDE:
        raise InputError(
            f"{len(players)} people do not fit beside each other; expected {MOST_BESIDE} at most, or a cut"
        )
    for player in players:
        check_voice(player, synthesiser)
    check_output(output, WRITTEN, _inputs(players))
    return players


def _inputs(cast: Sequence[Player]) -> list[Path]:
    heard = [Path(player.voice) for player in cast if player.voice and Path(player.voice).is_file()]
    return [*(player.portrait for player in cast), *heard]


def _alone(folder: Path, names: Sequence[str], output: Path, cast: Sequence[Player]) -> tuple[Path, ...]:
    """A file for each of the people, if they can be written: `1_anna.mp4`."""
    spelt = [re.sub(r"[^\w-]+", "_", name.lower()).strip("_")[:LONGEST_NAME] for name in names]
    paths = tuple(folder / f"{count}_{name}{output.suffix}" for count, name in enumerate(spelt, 1))
    for path in paths:
        check_output(path, WRITTEN, [output, *_inputs(cast)])
    return paths


def _voices(plan: Plan, cast: Sequence[Player], synthesiser: Command | None, folder: Path, tell: Tell) -> list[Spoken]:
    """The sound of each line."""
    made: dict[int, Spoken] = {}
    told = _count(len(plan.lines), "speaking", tell)
    for player, name in zip(cast, plan.speakers, strict=True):
        mine = [index for index, planned in enumerate(plan.lines) if planned.line.speaker == name]
        texts = [plan.lines[index].line.text for index in mine]
        made.update(zip(mine, spoken(player, texts, synthesiser, folder, told), strict=True))
    return [made[index] for index in range(len(plan.lines))]


def _count(lines: int, work: str, tell: Tell) -> Callable[[], None]:
    """Tells how many lines are done, each time it is called."""
    done = counting(1)
    return lambda: tell(Event(work, next(done), lines, "lines"))


def _track(name: str, lines: Sequence[Spoken], moments: Sequence[Moment]) -> Int16:
    """What somebody says in all of the film (N,), silence between."""
    track = np.zeros(round(length_of(moments) * RATE), np.int16)
    for line, moment in zip(lines, moments, strict=True):
        if moment.speaker == name:
            start = round(moment.start * RATE)
            place = track[start : start + len(line.samples)]
            place[:] = line.samples[: len(place)]
    return track


def _mixed(tracks: Sequence[Int16]) -> Int16:
    """All of them at once: they never speak together."""
    mixed = np.zeros_like(tracks[0])
    for track in tracks:
        mixed += track
    return mixed


def _changes(name: str, plan: Plan, lines: Sequence[Spoken]) -> tuple[Change, ...]:
    """How far the voice of somebody was moved, all lines behind each other."""
    spoken = zip(lines, plan.lines, strict=True)
    return tuple(change for line, planned in spoken if planned.line.speaker == name for change in line.changes)


def _saved(
    output: Path,
    alone: Sequence[Path],
    plan: Plan,
    moments: Sequence[Moment],
    videos: Sequence[Video],
    sound: Sound,
    look: Look,
    quality: Quality,
    marks: Marks,
    lines: Sequence[Spoken],
    tell: Tell,
) -> Film:
    width, height = max((video.width, video.height) for video in videos)
    wide = width * (len(videos) if look.layout == "split" else 1)
    frames = min(video.frames for video in videos)
    seen = [(time, plan.speakers.index(name)) for time, name in shots(moments, plan.speakers, length_of(moments))]
    laid = Laid(look.layout, [Panel.of(video, width, height) for video in videos], seen, look.fps)

    def writer(path: Path, wide: int, high: int, speech: Sound | None, origin: Origin) -> VideoWriter:
        return VideoWriter(path, width=wide, height=high, fps=look.fps, speech=speech, quality=quality_of(quality),
                           mark=marks.stamp(path, origin))  # fmt: skip

    done = 0
    with ExitStack() as stack:
        file = stack.enter_context(writer(output, wide, height, sound, _origin(videos)))
        apart = [
            stack.enter_context(writer(path, video.width, video.height, video.sound, video.origin))
            for path, video in zip(alone, videos, strict=bool(alone))
        ]
        films = [stack.enter_context(closing(video.stream())) for video in videos]
        together = islice(zip(*[(frame for chunk in film for frame in chunk) for film in films], strict=False), frames)
        while some := list(islice(together, CHUNK)):
            shown = [np.stack([laid(done + count, people) for count, people in enumerate(some)])]
            shown += [np.stack(own) for own in zip(*some, strict=True)][: len(apart)]
            for one, chunk in zip([file, *apart], shown, strict=True):
                one.write(labelled(chunk) if marks.visible else chunk)
            done += len(some)
            tell(Event("rendering", done, frames, "frames"))
    told = [*(video.warnings for video in videos), *(line.warnings for line in lines)]
    warnings = [warning for some in told for warning in some]
    warnings += [note_of(lines)] if look.voice_emotion is not None else []
    changes = tuple(line.changes for line in lines)
    found = tuple(dict.fromkeys(warnings))
    return Film(output, tuple(moments), frames, look.fps, wide, height, found, tuple(alone), changes)


def _origin(videos: Sequence[Video]) -> Origin:
    """What a film is made by and from: of all people."""
    told = [video.origin for video in videos]
    inputs = {f"{what}_{count}": digest for count, one in enumerate(told, 1) for what, digest in one.inputs.items()}
    emotion, voice = "; ".join(one.emotion for one in told), "; ".join(one.voice for one in told if one.voice)
    return replace(told[0], emotion=emotion, inputs=inputs, voice=voice)

"""The contract between what a person asks for and what draws it, and the table of what can draw.

A backbone gets everything it may know as `Conditions` and yields frames in chunks, so that all can stream.
docs/extending.md says how to add one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from dicetalk.amounts import AS_USUAL, Amounts
from dicetalk.checks import brief, is_number, short, whole_number
from dicetalk.errors import CheckpointError, ConfigError, InputError, about, require
from dicetalk.rates import FPS, VIDEO_RATES, frames_in

if TYPE_CHECKING:  # the table is read by `dicetalk --help`, which loads nothing heavy
    from dicetalk.arrays import UInt8, Waveform
    from dicetalk.emotion.road import EmotionTrack
    from dicetalk.face import Face
    from dicetalk.media import Picture
    from dicetalk.motion.space import Motion
    from dicetalk.speech import Hearing


@dataclass(frozen=True, eq=False)
class Conditions:
    """Everything a backbone may know.

    Attributes:
        portrait: (H, W, 3) uint8, RGB, at the size of the frames to make.
        face: the face to animate, in the portrait's coordinates.
        speech: what is said, T rows of it, 25 a second.
        emotion: what is felt in each of the T rows.
        seed: which take; the same seed gives the same frames.
        amounts: how much head, lids and eyes do.
        fps: frames a second to make.
        ease: whether the first and the last frame are the portrait as it is.
        motion: the motion to draw, at `fps`, in place of what would be acted; None acts.
        cover: (H, W) uint8, how much of the portrait, which lies on white, covers what is behind; None covers all.
            Only those that move are given one: their frames have it as a fourth channel, and colours off the white.
    """

    portrait: Picture
    face: Face
    speech: Hearing
    emotion: EmotionTrack
    seed: int
    amounts: Amounts = AS_USUAL
    fps: int = FPS
    ease: bool = False
    motion: Motion | None = None
    cover: UInt8 | None = None

    @property
    def frames(self) -> int:
        """Number of frames to make: as long as what is said, or as the given motion where that lasts longer."""
        spoken = frames_in(len(self.speech.waveform), self.fps)
        return spoken if self.motion is None else max(spoken, len(self.motion))


class Step(Protocol):
    """What is known in the course of drawing.

    Attributes:
        done: steps done.
        total: steps in all.
    """

    @property
    def done(self) -> int: ...  # noqa: D102 (told above)

    @property
    def total(self) -> int: ...  # noqa: D102

    def preview(self) -> Picture:
        """A rough, small and cheap look at the clip as it is now, (N, h, w, 3)."""
        ...


Watch = Callable[[Step], None]
"""Told after each step of a backbone that takes long before its first frame."""


class Backbone(Protocol):
    """What turns conditions into frames.

    Attributes:
        kind: its row of `KINDS`.
        fps: frames a second.
    """

    kind: str
    fps: int

    def generate(self, conditions: Conditions, watch: Watch | None = None) -> Iterator[Picture]:
        """Frames as chunks (t, H, W, 3) uint8, `conditions.frames` in all."""
        ...


@runtime_checkable
class Moves(Protocol):
    """A backbone that draws by facial motion, and can give it."""

    def act(self, conditions: Conditions) -> Iterator[Motion]:
        """The motion of the whole clip, stretch by stretch, `conditions.frames` in all."""
        ...


@runtime_checkable
class Saves(Protocol):
    """A backbone that can be written as diffusers keeps a pipeline."""

    def save_pretrained(self, folder: Path) -> None:
        """Write a folder, which `load_backbone` reads."""
        ...


Felt = Callable[[int, int], "EmotionTrack"]
"""What is felt from a frame on, in so many frames; asked in order, once for each, right before it is made."""
Wanted = Callable[[int], bool]
"""Whether a frame is to be drawn: where it is not, what moves goes on without it."""


def every(frame: int) -> bool:
    """Whether a frame is wanted, where all are."""
    return True


@dataclass(frozen=True, kw_only=True, eq=False)
class Sitting:
    """What may be known of a clip before anything is said in it.

    Attributes:
        portrait: (H, W, 3) uint8, RGB, at the size of the frames to make.
        face: the face to animate, in the portrait's coordinates.
        felt: what is felt, which may change on the way.
        seed: which take.
        amounts: how much head, lids and eyes do.
        wanted: whether a frame is to be drawn, asked by its number right before that, in their order.
    """

    portrait: Picture
    face: Face
    felt: Felt
    seed: int
    wanted: Wanted = every
    amounts: Amounts = AS_USUAL


class Speaking(Protocol):
    """One clip while it is spoken."""

    def hear(self, sound: Waveform) -> None:
        """Take the next samples (N,) int16, mono at 16 kHz."""

    def finish(self) -> None:
        """Nothing more is said: the clip ends with the frame in which its last sample lies."""

    def frames(self) -> Iterator[Picture]:
        """Frames as chunks (t, H, W, 3) uint8, 25 a second: those that no later sound can change, each of them once.

        An empty chunk (0, H, W, 3) stands for one frame that is not wanted.
        """
        ...


@runtime_checkable
class Live(Protocol):
    """A backbone that takes speech as it comes.

    Attributes:
        behind: how far behind its beginning a frame's sound must be known before it can be made [s].
    """

    behind: float

    def speak(self, sitting: Sitting) -> Speaking:
        """Begin a clip: its frames are those of `generate` for the same sound, of which no echo is taken out."""
        ...


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How backbones of one kind come to be.

    Functions and classes are told as "module:name", so that nothing loads before its time.

    Attributes:
        loads: function of the checkpoint's folder and the options, which gives a backbone.
        folder: where a checkpoint is looked for that is asked for by the kind's name; None where none is needed.
        extra: the extra that brings what it needs, "" for none.
        packages: what that is.
        options: the class of its options, "" for none.
        forecast: function that predicts its cost for `dicetalk doctor`; "" where a second of video is made to see.
        moves: whether it is one that `Moves`: only those can be told how to move.
        rates: frames a second that it can make.
        person: function that learns how one person moves, for `dicetalk finetune`; "" where nothing can be learned.
        person_recipe: the recipe of that.
    """

    loads: str
    folder: str | None = None
    extra: str = ""
    packages: tuple[str, ...] = ()
    options: str = ""
    forecast: str = ""
    moves: bool = False
    rates: tuple[int, ...] = (FPS,)
    person: str = ""
    person_recipe: str = ""


KINDS = {
    "rules": Kind(loads="dicetalk.acting.backbone:load_rules", moves=True, rates=VIDEO_RATES),
    "motion": Kind(
        loads="dicetalk.diffusion.backbone:load_motion",
        folder=str(Path(__file__).parent / "weights" / "motion"),
        moves=True,
        rates=VIDEO_RATES,
        person="dicetalk.training.person_motion:finetune_motion",
        person_recipe="dicetalk.training.person_motion:MOTION_PERSON",
    ),
    "svd": Kind(
        loads="dicetalk.svd.backbone:load_svd",
        folder="dice-svd",
        extra="svd",
        packages=("torch", "diffusers", "transformers", "accelerate"),
        options="dicetalk.svd.options:SvdOptions",
        forecast="dicetalk.evaluation.forecast:svd_forecast",
        rates=(FPS, 2 * FPS),
        person="dicetalk.training.person_svd:finetune_svd",
        person_recipe="dicetalk.training.recipes:SVD_PERSON",
    ),
}
"""What can draw, by the `kind` in a checkpoint's config.json."""

DEFAULT = "rules"
"""Until a learned one beats it."""
LIVE = "motion"
"""What speaks live where nothing else is asked for."""

DEFAULT_SIZE = 1024
"""Longest side of the frames [px]."""


def check_seed(seed: int) -> None:
    """Refuse a seed that is none.

    Raises:
        InputError: it is no whole number, negative, or of more than 63 bits.
    """
    sense = "0 or a positive whole number"
    if not 0 <= whole_number(seed, "the seed", sense) < 2**63:
        raise InputError(f"the seed is {short(seed)}; use {sense} below 2**63")


def check_controls(name: str, amounts: Amounts, fps: int, *, ease: bool, motion: bool) -> None:
    """Refuse what a kind of backbone cannot be told.

    Args:
        name: of the kind.
        amounts: of head, lids and eyes.
        fps: frames a second.
        ease: whether the portrait is to begin and end the clip.
        motion: whether a motion is given.

    Raises:
        InputError: no backbone makes so many frames a second.
        ConfigError: another backbone can.
    """
    with about("fps"):
        _check_rate(fps, name)
    with about("ease"):
        if not isinstance(ease, bool):
            raise InputError(f"ease is {ease!r}; use true or false")
    told = {"head": amounts.head != 1, "blink": amounts.blink != 1, "gaze": amounts.gaze != "free", "ease": ease,
            "motion-in": motion}  # fmt: skip
    wanted = [word for word, is_told in told.items() if is_told]
    if wanted and not KINDS[name].moves:
        raise ConfigError(f"the {name} backbone cannot be told how to move; leave {wanted[0]} out, or use {DEFAULT}")


def _check_rate(fps: int, name: str) -> None:
    if isinstance(fps, bool) or not isinstance(fps, int) or fps not in VIDEO_RATES:
        raise InputError(f"fps is {brief(fps)}; use one of {', '.join(map(str, VIDEO_RATES))}")
    if fps not in KINDS[name].rates:
        rates = " or ".join(map(str, KINDS[name].rates))
        raise ConfigError(f"the {name} backbone makes {rates} frames a second, not {fps}; use {rates}, or {DEFAULT}")


SHORTEST_IDLE, LONGEST_IDLE = 0.2, 3600.0
"""Of a clip without speech [s]."""


def check_content(*, speech: bool, idle: float | None, motion: bool, feels: bool) -> None:
    """Refuse a clip with nothing in it, or with what does not go together.

    Args:
        speech: whether there is any.
        idle: length of a clip without [s]; None where that is not wanted.
        motion: whether a motion is given.
        feels: whether an emotion is asked for.

    Raises:
        InputError: says what to add or to leave out.
    """
    if idle is not None:
        with about("idle"):
            _check_idle(idle, alone=not (speech or motion))
    with about("emotion"):
        if motion and feels:
            raise InputError("the curves hold the whole expression; leave the emotion out, or the curves")
    with about("speech"):
        if not (speech or motion or idle):
            raise InputError("there is no speech; give a recording, seconds to idle, or curves to play")


def _check_idle(seconds: float, *, alone: bool) -> None:
    if not alone:
        raise InputError("an idle clip has no speech and no given motion; leave idle out, or the other one")
    if not (is_number(seconds) and SHORTEST_IDLE <= seconds <= LONGEST_IDLE):
        raise InputError(f"idle is {brief(seconds)}; use {SHORTEST_IDLE:g} to {LONGEST_IDLE:g} seconds")


@dataclass(frozen=True)
class Place:
    """Where a backbone comes from.

    Attributes:
        name: of its kind.
        folder: of its checkpoint; None where none is needed.
    """

    name: str
    folder: Path | None

    @property
    def kind(self) -> Kind:
        """Its row of the table."""
        return KINDS[self.name]


def find_backbone(name: str | os.PathLike[str]) -> Place:
    """Where a backbone comes from: the name of a kind, or the folder of a checkpoint.

    Raises:
        CheckpointError: the kind needs a checkpoint and there is none, or the folder holds none of a known kind.
        ConfigError: neither a kind nor a folder.
    """
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is not None:
        return Place(str(name), _folder_of(kind))
    folder = Path(name) if isinstance(name, str | os.PathLike) else None
    if folder is None or not folder.is_dir():
        choices = ", ".join(KINDS)
        raise ConfigError(f"no backbone is called {str(name)[:60]!r}; choose {choices}, or the folder of a checkpoint")
    from dicetalk.checkpoints import kind_of

    found = kind_of(folder)
    if found not in KINDS:
        raise CheckpointError(f"{folder} holds a checkpoint of kind {found!r}, which draws nothing; give another")
    return Place(found, folder)


def _folder_of(kind: Kind) -> Path | None:
    if kind.folder is not None and not Path(kind.folder).is_dir():
        raise CheckpointError(
            f"there is no folder {kind.folder} here; give the folder of a checkpoint, or get one: `dicetalk weights`"
        )
    return None if kind.folder is None else Path(kind.folder)


def load_backbone(name: str | os.PathLike[str], options: object | None = None) -> Backbone:
    """A backbone, ready to use.

    Raises:
        CheckpointError, ConfigError: as `find_backbone`; options of another kind, or ones that cannot be met here.
        MissingExtraError: packages that it needs are not installed.
    """
    place = find_backbone(name)
    _check_options(place, options)
    for package in place.kind.packages:
        require(package, place.kind.extra)
    backbone: Backbone = named(place.kind.loads)(place.folder, options)
    return backbone


def named(place: str) -> Any:
    """The object at a place "module:name" of the table."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def _check_options(place: Place, options: object | None) -> None:
    if options is None:
        return
    if not place.kind.options:
        raise ConfigError(f"options were given, which the {place.name} backbone has none of; give none")
    wanted = named(place.kind.options)
    if not isinstance(options, wanted):
        raise ConfigError(f"the {place.name} backbone takes {wanted.__name__}, not {type(options).__name__}")

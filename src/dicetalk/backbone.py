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

from dicetalk.errors import CheckpointError, ConfigError, InputError, require

if TYPE_CHECKING:  # the table is read by `dicetalk --help`, which loads nothing heavy
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
        speech: what is said, T frames of it.
        emotion: what is felt in each of the T frames.
        seed: which take; the same seed gives the same frames.
    """

    portrait: Picture
    face: Face
    speech: Hearing
    emotion: EmotionTrack
    seed: int


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
        """Frames as chunks (t, H, W, 3) uint8, T in all."""
        ...


@runtime_checkable
class Moves(Protocol):
    """A backbone that draws by facial motion, and can give it."""

    def act(self, conditions: Conditions) -> Iterator[Motion]:
        """The motion of the whole clip, stretch by stretch, T frames in all."""
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
        moves: whether it is one that `Moves`.
    """

    loads: str
    folder: str | None = None
    extra: str = ""
    packages: tuple[str, ...] = ()
    options: str = ""
    forecast: str = ""
    moves: bool = False


KINDS = {
    "rules": Kind(loads="dicetalk.acting.backbone:load_rules", moves=True),
    "svd": Kind(
        loads="dicetalk.svd.backbone:load_svd",
        folder="dice-svd",
        extra="svd",
        packages=("torch", "diffusers", "transformers", "accelerate"),
        options="dicetalk.svd.options:SvdOptions",
        forecast="dicetalk.evaluation.forecast:svd_forecast",
    ),
}
"""What can draw, by the `kind` in a checkpoint's config.json."""

DEFAULT = "rules"
"""Until a learned one beats it."""

DEFAULT_SIZE = 1024
"""Longest side of the frames [px]."""


def check_seed(seed: int) -> None:
    """Refuse a seed that is none.

    Raises:
        InputError: it is negative.
    """
    if seed < 0:
        raise InputError(f"the seed is {seed}; use 0 or a positive whole number")


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
    kind = KINDS.get(str(name))
    if kind is not None:
        return Place(str(name), _folder_of(kind))
    folder = Path(name)
    if not folder.is_dir():
        choices = ", ".join(KINDS)
        raise ConfigError(f"no backbone is called {str(name)!r}; choose {choices}, or the folder of a checkpoint")
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

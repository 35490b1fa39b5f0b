"""`scene:PICTURE`: what a backdrop or a storyboard frame suggests; a folder of frames is a draft of a timeline."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dicetalk.emotion.course import Course
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.moments import LEAST_CONFIDENCE, Moment
from dicetalk.emotion.timeline import Timeline
from dicetalk.errors import InputError, MediaError
from dicetalk.media import is_still, read_photo
from dicetalk.recording import perceive
from dicetalk.scene.objects import Detector
from dicetalk.scene.reading import read_scene, remark
from dicetalk.speech import Hearing

FRAME_S = 3.0
"""How long a frame of a storyboard stands [s]."""
MOST_FRAMES = 1000
"""Of a storyboard."""


@dataclass(frozen=True)
class SceneSource:
    """Feels what the picture of each moment suggests; neutral, and not sure at all, where there is none.

    Attributes:
        detector: finds objects; None looks at light and colour only.
    """

    detector: Detector | None = None

    def feel_each(self, moments: Sequence[Moment]) -> list[Feeling]:
        """One feeling a moment."""
        return [self._feel(moment) for moment in moments]

    def _feel(self, moment: Moment) -> Feeling:
        if moment.picture is None:
            return Feeling(confidence=0.0, why="no picture: neutral")
        return read_scene(moment.picture, self.detector)


@dataclass(frozen=True)
class Scene:
    """Feels what a picture suggests, or what was asked for, with a remark where the picture says otherwise.

    It was asked for, and so it shows, however little is sure of it.

    Attributes:
        path: of the picture.
        asked: what is felt whatever the picture suggests; None for that.
        detector: as above.
        listens: not at all.
    """

    path: Path
    asked: Feeling | None = None
    detector: Detector | None = field(default=None, compare=False)
    listens: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """The picture."""
        return (self.path,)

    def feel(self, speech: Hearing) -> Timeline:
        """What is felt, the same for all of the speech.

        Raises:
            MediaError: the picture cannot be read.
        """
        photo = read_photo(self.path)
        scene = read_scene(photo.picture, self.detector)
        face = _face_in(self.path)
        others = ((face, "face in it"), (self.asked, "speaker"))
        remarks = [remark(scene, other, what) for other, what in others if other is not None]
        told = tuple(f"{self.path}: {line}" for line in remarks if line)
        return Timeline([(0.0, self.asked or scene)], warnings=(*photo.warnings, *told))


def feel_scene(given: Path, detector: Detector | None = None) -> Course:
    """What a picture suggests, or each of a folder's pictures in the order of their names, three seconds each.

    Raises:
        MediaError: the picture, or one of the folder, cannot be read; or the folder holds none.
    """
    paths = storyboard(given) if os.path.isdir(given) else [given]  # noqa: PTH112 (never raises)
    read = [_frame(path, detector) for path in paths]
    return Course(
        [Moment(FRAME_S * number, FRAME_S * (number + 1)) for number in range(len(paths))],
        [scene for scene, _ in read],
        more=[{"picture": path.name} for path in paths],
        warnings=tuple(line for _, lines in read for line in lines),
        least=0.0,
    )


def _frame(path: Path, detector: Detector | None) -> tuple[Feeling, list[str]]:
    """What a picture suggests, called by its name, and what is to be said of it."""
    photo = read_photo(path)
    scene = read_scene(photo.picture, detector)
    face = _face_in(path)
    line = None if face is None else remark(scene, face, "face in it")
    return replace(scene, why=f"{path.name}, {scene.why}"), [*photo.warnings, *([f"{path}: {line}"] if line else [])]


def storyboard(folder: Path) -> list[Path]:
    """The pictures of a folder; 10 comes behind 9.

    Raises:
        MediaError: there are none, or far too many.
    """
    found = [path for path in sorted(folder.iterdir(), key=_numbered) if path.is_file() and is_still(path)]
    if not found:
        raise MediaError(f"{folder} holds no picture; expected the frames of a storyboard, as in frames/01.png")
    if len(found) > MOST_FRAMES:
        raise MediaError(f"{folder} holds {len(found)} pictures; expected a storyboard of at most {MOST_FRAMES}")
    return found


def _numbered(path: Path) -> list[tuple[int, str]]:
    """A name as it is sorted: runs of digits as numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.split(r"([0-9]+)", path.name)]


def _face_in(path: Path) -> Feeling | None:
    """What the face in a picture shows; None where there is none, or it does not tell enough."""
    try:
        seen = perceive(path)
    except InputError:
        return None
    embedder = shipped_embedder()
    prior = embedder.embed(seen.speech, seen.motion)
    like = embedder.space.likeness(prior)
    felt = embedder.space.feeling(prior, like, "")
    return felt if felt.confidence >= LEAST_CONFIDENCE and felt.strengths else None

"""What is held or worn before a face is seen, whatever its colour; what is only a beard, a smile or shadow is not."""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from covers import OVER_EYE, OVER_MOUTH, Cover, Stage
from places import TESTS

import dicetalk
from dicetalk import assets
from dicetalk.errors import NoFaceError
from dicetalk.face import Face
from dicetalk.face.mesh import around, read
from dicetalk.media import Picture, read_picture
from dicetalk.motion.landmarks import LOWER_LIP, UPPER_LIP
from dicetalk.motion.space import Motion, index
from dicetalk.portrait.cover import find_covers, look_over
from dicetalk.portrait.drawing import EYES as EYES_OF_DRAWINGS
from dicetalk.portrait.drawing import is_drawn
from dicetalk.portrait.framing import face_of
from dicetalk.portrait.renderer import Renderer

EYES = ("right eye", "left eye")


@pytest.fixture(scope="module")
def faces(hopper_picture: Picture, face: Face) -> dict[str, tuple[Picture, Face]]:
    """A face with glasses and one without."""
    shipped = read_picture(assets.portrait())
    return {"hopper": (hopper_picture, face), "shipped": (shipped, face_of(shipped, None))}


def covered(picture: Picture, face: Face, cover: Cover) -> tuple[Picture, Face]:
    """The picture with something before the face, and the face as it is read then."""
    stage = Stage(picture, face)
    cover(stage)
    first = read(stage.picture, around(face.landmarks)).face
    return stage.picture, read(stage.picture, around(first.landmarks)).face


@pytest.mark.parametrize("who", ["hopper", "shipped"])
@pytest.mark.parametrize("what", [*OVER_MOUTH, *OVER_EYE])
def test_covers_of_every_kind_are_seen(faces: dict[str, tuple[Picture, Face]], what: str, who: str) -> None:
    picture, face = covered(*faces[who], {**OVER_MOUTH, **OVER_EYE}[what])
    assert find_covers(picture, face).in_words == ("the mouth" if what in OVER_MOUTH else "an eye")
    with pytest.raises(NoFaceError, match=r"cannot be seen .*; use another picture, or go on with --anyway") as raised:
        look_over(picture, face, anyway=False)
    assert raised.value.faces == [face.box]
    looked, warnings = look_over(picture, face, anyway=True)
    assert len(looked.hidden) == 1 and "what is hidden stays still" in warnings[-1]


@pytest.mark.parametrize("who", ["hopper", "shipped"])
@pytest.mark.parametrize("half", [0.22, 0.3])
def test_a_black_bar_hides_the_eyes_and_is_no_drawing(
    faces: dict[str, tuple[Picture, Face]], half: float, who: str
) -> None:
    picture, face = covered(*faces[who], lambda stage: bar(stage, half))
    assert not is_drawn(picture, face)
    assert find_covers(picture, face).hidden == set(EYES)  # as behind dark glasses


def bar(stage: Stage, half: float) -> None:
    """A censor's bar, `half` as high to either side of the eyes [distances between them]."""
    left, right = stage.eyes
    ends = [(left, -0.6, -half), (right, 0.6, -half), (right, 0.6, half), (left, -0.6, half)]
    stage.fill([stage.at(*end) for end in ends], (0, 0, 0))


LIGHTS = {
    "as it is": lambda picture: picture,
    "dark": lambda picture: picture * 0.2,
    "pale": lambda picture: picture * 0.3 + 140,
    "without colour": lambda picture: np.repeat(picture.mean(2, keepdims=True), 3, 2),
    "small": lambda picture: cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA),
    "yellow": lambda picture: picture * (1.0, 0.85, 0.5),
    "blue": lambda picture: picture * (0.6, 0.8, 1.0),
}


@pytest.mark.parametrize("who", ["hopper", "shipped"])
@pytest.mark.parametrize("light", LIGHTS)
def test_light_covers_nothing(faces: dict[str, tuple[Picture, Face]], light: str, who: str) -> None:
    picture, face = faces[who]
    lit = np.asarray(LIGHTS[light](picture), np.float32).clip(0, 255).astype(np.uint8)
    assert find_covers(lit, face.scaled(lit.shape[0] / picture.shape[0])).hidden == frozenset()


@pytest.mark.slow
def test_no_portrait_is_refused(portraits: Path) -> None:
    dark = set()
    for path in sorted(portraits.glob("*.jpg")):
        picture = read_picture(path)
        try:
            face = face_of(picture, None)
        except NoFaceError:  # animals of which nothing is known
            continue
        looked, warnings = look_over(picture, face, anyway=False)
        if looked.hidden:
            dark.add(path.stem)
            assert looked.hidden == set(EYES) and "dark glasses hide the eyes" in warnings[-1]
    assert dark <= {"cc0_038"}  # who wears such


def test_what_went_wrong_once(bugs: Path) -> None:
    for name in ("B11-mask.jpg", "B11-mic.jpg"):
        picture = read_picture(bugs / name)
        with pytest.raises(NoFaceError, match="the mouth of the face cannot be seen"):
            look_over(picture, face_of(picture, None), anyway=False)
    drawing = read_picture(bugs / "B13-cartoon.png")
    face, (warning,) = look_over(drawing, face_of(drawing, None), anyway=False)
    assert "the reader is unsure of this face (a drawing" in warning and not face.hidden


@pytest.fixture(scope="module")
def drawing() -> tuple[Picture, Face]:
    """A face of plain colours, with round eyes."""
    picture = read_picture(TESTS / "pictures" / "drawing.png")
    return picture, face_of(picture, None)


def test_drawings_are_told_and_not_refused(
    drawing: tuple[Picture, Face], faces: dict[str, tuple[Picture, Face]]
) -> None:
    picture, face = drawing
    assert is_drawn(picture, face)
    covered_mouth = covered(picture, face, OVER_MOUTH["a fist"])
    assert find_covers(*covered_mouth).in_words and is_drawn(*covered_mouth)
    assert look_over(*covered_mouth, anyway=False)[0].hidden == {"mouth"}
    assert "unsure of this face" in look_over(picture, face, anyway=False)[1][0]
    assert not any(is_drawn(*one) for one in faces.values())
    white_mask = covered(*faces["shipped"], OVER_MOUTH["a white mask"])
    assert not is_drawn(*white_mask)


def test_drawn_eyes_close(drawing: tuple[Picture, Face]) -> None:
    picture, _ = drawing
    face, _ = look_over(*drawing, anyway=False)
    still, shut = played(picture, face, eyeBlinkLeft=1.0, eyeBlinkRight=1.0)
    left, right = (int(v) for v in face.landmarks[[33, 263], 0])
    middle = int(face.landmarks[[33, 263], 1].mean())
    bands = [frame[middle - 60 : middle + 60, left - 10 : right + 10].astype(int) for frame in (still, shut)]
    open_white, shut_white = ((band.min(2) > 235).sum() for band in bands)
    assert open_white > 3000 and shut_white < 0.1 * open_white
    nothing = Motion(np.zeros((1, 52), np.float32), np.zeros((1, 6), np.float32))
    (same,) = Renderer(picture, face).render(nothing, settle=0.0)
    assert np.abs(same.astype(int) - picture).mean() < 0.5  # lids that lie elsewhere change no picture


def test_eyes_that_are_mere_lines_are_left_as_they_are(faces: dict[str, tuple[Picture, Face]]) -> None:
    picture, face = faces["shipped"]
    plain = np.full_like(picture, 240)
    for lids in EYES_OF_DRAWINGS:
        x, y = face.landmarks[[*lids[0], *lids[1]], :2].mean(0).round().astype(int).tolist()
        plain[y : y + 2, x - 9 : x + 9] = 0
    with warnings.catch_warnings(action="error"):
        drawn, _ = look_over(plain, face, anyway=True)
    assert np.isfinite(drawn.landmarks).all() and is_drawn(plain, face)


def test_a_doubtful_face_is_told(faces: dict[str, tuple[Picture, Face]]) -> None:
    picture, face = faces["shipped"]
    assert face.evidence > 6 and look_over(picture, face, anyway=False)[1] == ()
    doubtful = Face(face.landmarks, evidence=1.0)
    assert "unsure of this face" in look_over(picture, doubtful, anyway=False)[1][0]


def played(picture: Picture, face: Face, **shapes: float) -> list[Picture]:
    """A still frame, and one with some shapes."""
    motion = Motion(np.zeros((2, 52), np.float32), np.zeros((2, 6), np.float32))
    for name, amount in shapes.items():
        motion.shapes[1, index(name)] = amount
    return list(Renderer(picture, face).render(motion))


def test_nothing_opens_in_a_cover(faces: dict[str, tuple[Picture, Face]]) -> None:
    picture, read_face = covered(*faces["shipped"], OVER_MOUTH["a blue mask with folds"])
    face, _ = look_over(picture, read_face, anyway=True)
    renderer = Renderer(picture, face)
    inner = [list(line) for line in (UPPER_LIP, LOWER_LIP)]
    motion = Motion(np.random.default_rng(0).uniform(0, 1, (9, 52)).astype(np.float32), np.zeros((9, 6), np.float32))
    for mesh in renderer.rig.deformed(motion):
        np.testing.assert_allclose(mesh[inner[0]], mesh[inner[1]], atol=1e-6)
    _, spoken = played(picture, face, jawOpen=0.8, mouthFunnel=0.3)
    left, right = (int(v) for v in np.sort(face.landmarks[[61, 291], 0]))
    top, bottom = (int(v) for v in np.sort(face.landmarks[[0, 17], 1]))
    colours = spoken[top:bottom, left:right].reshape(-1, 3).astype(int)
    mask = np.median(picture[top:bottom, left:right].reshape(-1, 3).astype(int), axis=0)
    assert (np.abs(colours - mask).max(1) > 60).mean() < 0.01  # neither teeth nor a dark gap


def test_no_lid_closes_over_a_cover(faces: dict[str, tuple[Picture, Face]]) -> None:
    picture, read_face = covered(*faces["shipped"], OVER_EYE["a white pad"])
    face, _ = look_over(picture, read_face, anyway=True)
    (hidden,) = face.hidden
    side = hidden.split()[0].capitalize()
    still, moved = played(picture, face, **{f"eyeBlink{side}": 1.0, f"eyeLookOut{side}": 1.0})
    assert np.abs(still.astype(int) - moved).max() <= 2
    _, other = played(picture, face, **{f"eyeBlink{'Left' if side == 'Right' else 'Right'}": 1.0})
    assert np.abs(still.astype(int) - other).max() > 40


def test_end_to_end(faces: dict[str, tuple[Picture, Face]], speech: Path) -> None:
    picture, _ = covered(*faces["shipped"], OVER_MOUTH["a black mask"])
    talk = dicetalk.load()
    with pytest.raises(NoFaceError, match="anyway=True"):
        talk(picture, speech, size=128)
    video = talk(picture, speech, size=128, anyway=True)
    assert any("the mouth of the face cannot be seen; what is hidden stays still" in line for line in video.warnings)

"""What shows between drawn lips: teeth of a believable colour, no bare gums, no second row as a plate."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dicetalk.portrait.mouth import LOWER_BARED, Mouth, draw_mouth
from dicetalk.portrait.own_mouth import own_mouth
from dicetalk.portrait.palette import LUMA, Palette, enamel, flesh, is_white

SKIN = np.array([200.0, 152.0, 128.0])
TEETH = np.array([220.0, 214.0, 200.0])
UNIT = 200.0


@pytest.fixture
def mouth() -> Mouth:
    return draw_mouth(Palette(TEETH, **flesh(SKIN)), 0.79, UNIT)


def column(mouth: Mouth, upper: float, lower: float, jaw: float) -> NDArray[np.float32]:
    """Colours (n, 3) down the middle of the first incisor, from lip to lip, 200 for one inter-ocular distance."""
    y = np.arange(upper, lower, 1 / UNIT)
    places = np.stack([np.full_like(y, 0.06), y], -1)[:, None]
    return mouth.inside(places, np.array([0.0, jaw]), np.array([upper, lower]), 0.0)[:, 0]


def pale(colours: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of the colours (n, 3) are a tooth's: bright, and far less red than flesh."""
    return (colours.max(1) > 60) & (np.ptp(colours, axis=1) < 0.25 * colours.max(1))


@pytest.mark.parametrize("lifted", [0.05, 0.15, 0.3])
def test_no_gum_shows_however_far_the_upper_lip_is_lifted(mouth: Mouth, lifted: float) -> None:
    assert pale(column(mouth, -lifted, 0.3, 0.2)[2:8]).all()


@pytest.mark.parametrize("lowered", [0.05, 0.15, 0.3])
def test_little_of_the_lower_row_shows_however_far_the_lower_lip_is_drawn_down(mouth: Mouth, lowered: float) -> None:
    shown = pale(column(mouth, 0.0, 0.2 + lowered, 0.2)[25:])
    assert 2 <= shown.sum() <= LOWER_BARED[1] * UNIT + 3


def test_tongue_is_darker_behind_the_lower_teeth_than_in_front(mouth: Mouth) -> None:
    """A bright tongue that meets bright teeth makes one plate of both."""
    colours = column(mouth, 0.0, 0.26, 0.2) @ LUMA
    teeth = np.flatnonzero(pale(column(mouth, 0.0, 0.26, 0.2)))[-1]
    assert colours[teeth] > 1.5 * colours[:teeth].min()


def test_rows_of_a_turned_face_reach_further_on_the_near_side() -> None:
    lean = np.array([-0.5, 0.0])
    turned = draw_mouth(Palette(TEETH, **flesh(SKIN)), 0.79, UNIT, lean=lean)
    x = np.linspace(-0.35, 0.35, 141)
    places = np.stack([x, np.full_like(x, 0.01)], -1)[None]
    row = turned.inside(places, np.zeros(2), np.array([-0.06, 0.06]), 0.0)[0] @ LUMA
    assert row[x < -0.25].mean() > 1.15 * row[x > 0.25].mean()


@pytest.mark.parametrize("lens", [(20.0, 20.0, 24.0), (70.0, 48.0, 40.0), (110.0, 70.0, 60.0)])
def test_neither_a_dark_lens_nor_shaded_skin_is_the_white_of_an_eye(lens: tuple[float, ...]) -> None:
    assert not is_white(np.array(lens), SKIN)
    assert is_white(np.array([190.0, 180.0, 175.0]), SKIN)


@pytest.mark.parametrize("skin", [(200.0, 152.0, 128.0), (92.0, 60.0, 45.0), (120.0, 120.0, 120.0)])
@pytest.mark.parametrize("white", [None, (150.0, 150.0, 160.0)])
def test_teeth_are_paler_and_brighter_than_the_skin(skin: tuple[float, ...], white: tuple[float, ...] | None) -> None:
    teeth = enamel(np.array(skin), 1.2 * max(skin), None if white is None else np.array(white))
    assert teeth @ LUMA > 1.15 * (np.array(skin) @ LUMA)
    assert np.ptp(teeth) <= 0.3 * teeth.max()


def laughing(lower_row: bool) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A picture with teeth between red lips, and the outline of the opening."""
    picture = np.full((120, 200, 3), (190, 90, 90), np.uint8)
    picture[40:80, 40:160] = (60, 25, 25)
    picture[40:60, 45:155] = (225, 220, 205)
    if lower_row:
        picture[72:80, 60:140] = (215, 210, 195)
    return picture, np.array([[40.0, 40], [160, 40], [160, 80], [40, 80]])


@pytest.mark.parametrize("lower_row", [False, True])
def test_only_the_upper_teeth_of_a_picture_stay_when_its_lips_move(lower_row: bool) -> None:
    own = own_mouth(*laughing(lower_row))
    x, y = np.meshgrid(np.arange(40, 160), np.arange(30, 100))
    drawn = np.zeros((*x.shape, 3), np.float32)
    kept = own.laid_over(drawn, np.stack([x, y], -1).astype(np.float64), moved=1.0)
    assert kept[15:25, 20:100].min() > 150
    assert kept[36:].max() < 40
    assert own.teeth is not None
    assert np.abs(own.teeth - (225, 220, 205)).max() < 3


def test_what_parted_lips_show_is_kept_while_they_rest() -> None:
    picture, outline = laughing(False)
    own = own_mouth(picture, outline)
    x, y = np.meshgrid(np.arange(42, 158), np.arange(42, 78))
    kept = own.laid_over(np.zeros((*x.shape, 3), np.float32), np.stack([x, y], -1).astype(np.float64), moved=0.0)
    assert np.abs(kept - picture[42:78, 42:158]).max() <= 1


def test_a_black_and_white_picture_has_grey_teeth() -> None:
    teeth = enamel(np.array([90.0, 90, 90]), 140.0, None)
    assert np.ptp(teeth) < 2

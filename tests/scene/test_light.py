"""Light and colour in numbers, and what they suggest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.arrays import Picture
from dicetalk.emotion.circle import MIKELS
from dicetalk.scene.light import LIGHT, light_of, pleasure_and_arousal, suggested


def card(*colour: int, height: int = 60, width: int = 80) -> Picture:
    return np.full((height, width, 3), colour, np.uint8)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (1, 2000), (2000, 1), (3000, 40)])
def test_pictures_of_any_size_have_light(height: int, width: int) -> None:
    found = light_of(card(200, 40, 90, height=height, width=width))
    assert found.shape == (LIGHT,) and np.isfinite(found).all()


def test_bright_is_pleasant_and_vivid_is_exciting() -> None:
    dark, bright = pleasure_and_arousal(card(20, 20, 20)), pleasure_and_arousal(card(240, 240, 240))
    dull, vivid = pleasure_and_arousal(card(120, 115, 110)), pleasure_and_arousal(card(230, 70, 30))
    assert bright[0] > 0.5 > -0.5 > dark[0]
    assert vivid[1] > 0.2 > dull[1]


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_shares_add_up_wherever_a_picture_lies(pleasure: float, arousal: float) -> None:
    shares = suggested(pleasure, arousal)
    assert shares.min() >= 0 and shares.sum() == pytest.approx(1)


def test_what_is_unpleasant_and_calm_is_sad() -> None:
    assert MIKELS.names[int(suggested(-0.7, -0.4).argmax())] == "sadness"

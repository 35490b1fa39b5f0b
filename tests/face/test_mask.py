"""What a person covers."""

from __future__ import annotations

from dicetalk.face import person_mask
from dicetalk.media import Picture


def test_the_mask_holds_the_person(hopper_picture: Picture) -> None:
    mask = person_mask(hopper_picture)
    assert mask.shape == (600, 512)
    assert mask.min() >= 0 and mask.max() <= 1
    assert mask[150:500, 230:290].mean() > 0.9
    assert mask[20:200, 460:].mean() < 0.1


def test_a_picture_without_a_person_has_none(no_face: Picture) -> None:
    assert person_mask(no_face).mean() < 0.2

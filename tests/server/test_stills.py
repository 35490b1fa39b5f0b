from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dicetalk.server.stills import seen_in


@pytest.mark.parametrize(("scale", "turned"), [pytest.param(4, False, marks=pytest.mark.slow), (1, True)])
def test_boxes_lie_in_the_picture_as_it_is_shown(hopper: Path, tmp_path: Path, scale: int, turned: bool) -> None:
    """Large pictures are searched at a smaller size, and phones write them on their side."""
    picture, plain = Image.open(hopper), seen_in(hopper)
    large = picture.resize((picture.width * scale, picture.height * scale))
    exif = Image.Exif()
    if turned:
        large, exif[0x0112] = large.transpose(Image.Transpose.ROTATE_90), 6
    large.save(tmp_path / "a.jpg", exif=exif, quality=95)
    seen = seen_in(tmp_path / "a.jpg")
    assert (seen["width"], seen["height"]) == (plain["width"] * scale, plain["height"] * scale)
    (face,), (expected,) = seen["faces"], plain["faces"]
    np.testing.assert_allclose(np.array(face["box"]) / scale, expected["box"], atol=8)

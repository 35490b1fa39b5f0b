"""Pictures are read as they are meant to be seen and go round; what cannot be read is refused in one line."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms
from recordings import (
    bad_outputs,
    damaged,
    one_line,
)

from dicetalk.errors import MediaError
from dicetalk.media import (
    read_picture,
    write_picture,
)


def test_bad_pictures_to_write_are_refused(tmp_path: Path) -> None:
    rows = bad_outputs(tmp_path, ".png")
    before = sorted(tmp_path.iterdir())
    for path, says in rows.items():
        with pytest.raises(MediaError, match=says) as raised:
            write_picture(path, scene())
        one_line(raised)
    assert sorted(tmp_path.iterdir()) == before


def scene(height: int = 40, width: int = 60) -> NDArray[Any]:
    """A smooth picture without symmetry, uint8 `(H, W, 3)`."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 4, y * 6, 255 - x * 2 - y], -1).clip(0, 255).astype(np.uint8)


def save(path: Path, array: NDArray[Any], mode: str | None = None, **options: Any) -> Path:
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rotation_of_the_camera_is_honoured(tmp_path: Path, orientation: int) -> None:
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation](scene())
    exif = Image.Exif()
    exif[0x0112] = orientation
    for suffix in ("png", "tiff"):
        path = save(tmp_path / f"turned.{suffix}", np.ascontiguousarray(stored), exif=exif)
        assert np.array_equal(read_picture(path), scene())


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    alpha = np.zeros((40, 60, 1), np.uint8)
    alpha[:20] = 255
    path = save(tmp_path / "cut.png", np.concatenate([scene(), alpha], 2))
    seen = read_picture(path)
    assert np.array_equal(seen[:20], scene()[:20])
    assert (seen[20:] == 255).all()
    grey = save(tmp_path / "la.png", np.concatenate([scene(), alpha], 2), "LA")
    assert (read_picture(grey)[20:] == 255).all()
    palette = Image.fromarray(scene()).quantize(16)
    palette.save(tmp_path / "p.png", transparency=int(np.asarray(palette)[0, 0]))
    assert (read_picture(tmp_path / "p.png")[0, 0] == 255).all()


@pytest.mark.parametrize(
    ("name", "mode", "within"),
    [("a.jpg", "CMYK", 12), ("a.tif", "CMYK", 2), ("a.gif", "P", 60), ("a.webp", "RGB", 30), ("a.bmp", "RGB", 0)],
)
def test_kinds_of_pictures(tmp_path: Path, name: str, mode: str, within: int) -> None:
    seen = read_picture(save(tmp_path / name, scene(), mode))
    assert seen.dtype == np.uint8
    assert np.abs(seen.astype(int) - scene()).max() <= within


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_and_black_and_white(tmp_path: Path, mode: str) -> None:
    seen = read_picture(save(tmp_path / "a.png", scene(), mode))
    assert np.array_equal(seen, np.asarray(Image.fromarray(scene()).convert(mode).convert("RGB")))


@pytest.mark.parametrize(
    ("name", "dtype", "full"),
    [
        ("a.png", np.uint16, 65535),
        ("a.tif", np.uint16, 65535),
        ("a.tif", np.int32, 65535),
        ("a.tif", np.int32, 255),
        ("a.tif", np.int32, 2_000_000_000),
        ("a.tif", np.float32, 1.0),
        ("a.tif", np.float32, 255.0),
    ],
)
def test_deep_grey_is_scaled_and_not_clipped(tmp_path: Path, name: str, dtype: type, full: float) -> None:
    ramp = np.tile(np.linspace(0, 1, 256), (40, 1))
    path = save(tmp_path / name, (ramp * full).astype(dtype))
    assert np.abs(read_picture(path)[..., 0].astype(int) - np.arange(256)).max() <= 1


def test_the_first_frame_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((40, 40, 3), value, np.uint8)) for value in (10, 200)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert (read_picture(tmp_path / "a.webp") == 10).all()


def test_a_colour_profile_is_brought_to_srgb(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    tagged = save(tmp_path / "srgb.png", scene(), icc_profile=srgb.tobytes())
    assert np.array_equal(read_picture(tagged), scene())
    broken = save(tmp_path / "broken.png", scene(), icc_profile=b"no profile at all")
    assert np.array_equal(read_picture(broken), scene())
    swapped = bytearray(srgb.tobytes().replace(b"s\0R\0G\0B", b"o\0d\0d\0 "))
    red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    odd = save(tmp_path / "odd.png", scene(), icc_profile=bytes(swapped))
    assert np.abs(read_picture(odd).astype(int) - scene()[..., ::-1]).max() <= 2


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


BAD_PICTURES = {
    "is a folder": lambda path: path.mkdir(),
    "cannot be opened .No such file": lambda path: None,
    "0 bytes": lambda path: path.touch(),
    "not a picture that can be read; convert it to PNG or JPEG": lambda path: path.write_bytes(
        b"\0\0\0\x18ftypheic" * 9
    ),
    "is EPS": lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n"),
    "7100 x 7100, more than 50": lambda path: path.write_bytes(png_header(7100, 7100)),
    "more than 50 megapixels": lambda path: path.write_bytes(png_header(60000, 60000)),
    "10000 x 10000": lambda path: path.write_bytes(png_header(10000, 10000)),
    "31 x 40; a picture needs at least 32": lambda path: Image.new("RGB", (31, 40)).save(path),
    "damaged": lambda path: path.write_bytes(png_header(700, 700)),
    "NaN": lambda path: Image.fromarray(np.full((40, 40), np.nan, np.float32)).save(path, "TIFF"),
}


@pytest.mark.parametrize("says", BAD_PICTURES)
@pytest.mark.filterwarnings("error")
def test_bad_pictures_are_refused(tmp_path: Path, says: str) -> None:
    path = tmp_path / "face.png"
    BAD_PICTURES[says](path)
    tracemalloc.start()
    with pytest.raises(MediaError, match=says) as raised:
        read_picture(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**23
    assert str(path) in one_line(raised)


def test_a_truncated_photograph_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", scene(200, 300))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(MediaError, match="damaged"):
        read_picture(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31), st.integers(1, 40), st.sampled_from(["png", "jpg", "tif", "gif", "webp", "jp2"]))
def test_damaged_pictures_are_read_or_refused(tmp_path: Path, seed: int, changes: int, suffix: str) -> None:
    whole = tmp_path / f"whole.{suffix}"
    if not whole.exists():
        save(whole, scene())
    path = tmp_path / f"damaged.{suffix}"
    path.write_bytes(damaged(whole.read_bytes(), seed, changes))
    try:
        assert read_picture(path).ndim == 3
    except MediaError as error:
        assert "\n" not in str(error)


def test_pictures_go_round(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", scene())
    assert np.array_equal(read_picture(tmp_path / "a.png"), scene())
    write_picture(str(tmp_path / "a.jpeg"), scene())
    assert np.abs(read_picture(tmp_path / "a.jpeg").astype(int) - scene()).mean() < 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpeg", "a.png"]
    with pytest.raises(MediaError, match=r"\.png, \.jpg, \.jpeg"):
        write_picture(tmp_path / "a.tga", scene())

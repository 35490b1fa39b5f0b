"""Pictures are read as they are meant to be seen and go round; what cannot be read is refused in one line."""

from __future__ import annotations

import io
import re
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
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
    picture as picture_module,
)
from dicetalk.media import (
    read_picture,
    write_picture,
)
from dicetalk.media.nclx import profile_of
from dicetalk.media.picture import is_still, read_photo


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
    "is a video or a sound, not a picture that can be read": lambda path: path.write_bytes(b"\0\0\0\x18ftypmp42" * 9),
    "damaged picture, whose end may be missing": lambda path: path.write_bytes(b"\0\0\0\x18ftypheic" * 9),
    "is EPS": lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n"),
    "7500 x 7500, more than 55": lambda path: path.write_bytes(png_header(7500, 7500)),
    "more than 55 megapixels": lambda path: path.write_bytes(png_header(60000, 60000)),
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


JPEGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "progressive": {"progressive": True},
    "with restarts": {"restart_marker_rows": 1},
    "grey": {"mode": "L"},
    "of four colours": {"mode": "CMYK"},
    "of two pictures": {"format": "MPO", "save_all": True, "append_images": [Image.new("RGB", (300, 200))]},
}


@pytest.mark.parametrize("gone", [1, 2, 40, 300])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_that_lacks_its_end_is_shown(tmp_path: Path, kind: str, gone: int) -> None:
    path = save(tmp_path / "a.jpg", scene(200, 300), **JPEGS[kind])
    whole = read_picture(path)
    pages = path.read_bytes().split(b"\xff\xd8\xff\xe0")
    path.write_bytes((path.read_bytes() if len(pages) < 3 else path.read_bytes()[: -len(pages[2]) - 4])[:-gone])
    photo = read_photo(path)
    assert "lacks its last bytes" in photo.warnings[0] and "\n" not in photo.warnings[0]
    assert photo.picture.shape == whole.shape
    assert np.abs(photo.picture[:60].astype(int) - whole[:60]).mean() < 4


FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "png": ("RGB", {}),
    "png with palette": ("P", {"suffix": "png"}),
    "png with alpha": ("RGBA", {"suffix": "png"}),
    "tif": ("RGB", {}),
    "webp": ("RGB", {"quality": 95}),
    "webp with alpha": ("RGBA", {"suffix": "webp", "quality": 95}),
    "gif": ("L", {}),
    "bmp": ("RGB", {}),
    "tga": ("RGB", {}),
    "ppm": ("RGB", {}),
    "pcx": ("RGB", {}),
    "jpg": ("RGB", {}),
    "jpg of four colours": ("CMYK", {"suffix": "jpg"}),
    "jpg, grey": ("L", {"suffix": "jpg"}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_that_lacks_its_end_is_shown_as_far_as_it_goes(tmp_path: Path, name: str) -> None:
    mode, options = FORMATS[name]
    noise = np.random.default_rng(0).integers(0, 80, (160, 120, 3))
    picture = (scene(160, 120) // 2 + noise + 20).astype(np.uint8)
    path = save(tmp_path / f"a.{options.pop('suffix', name)}", picture, mode, **options)
    whole = read_photo(path)
    assert whole.warnings == ()
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5])
    photo = read_photo(path)
    (told,) = photo.warnings
    found = re.search(r"lacks its last bytes, (\d+)% of the picture; going on with what is there", told)
    assert found and 25 < int(found[1]) < 55
    alike = np.abs(photo.picture.astype(int) - whole.picture).mean((1, 2)) < 20
    assert alike.mean() > 0.4 and read_photo(save(tmp_path / "b.png", picture)).warnings == ()


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.jp2", "lossless.webp"])
def test_a_picture_of_which_nothing_is_left_is_refused(tmp_path: Path, name: str) -> None:
    options: dict[str, Any] = {"lossless": True} if "lossless" in name else {}
    pillow_heif.register_heif_opener()
    path = save(tmp_path / name, scene(160, 120), **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5])
    with pytest.raises(MediaError, match="is a damaged picture") as raised:
        read_photo(path)
    one_line(raised)


@pytest.mark.parametrize(("primaries", "shown"), [(1, (200, 120, 90)), (12, (213, 115, 83)), (2, (200, 120, 90))])
def test_colours_that_are_named_by_numbers(tmp_path: Path, primaries: int, shown: tuple[int, int, int]) -> None:
    """Display P3 of a phone without a profile; shown as Apple's own profile of that name would be."""
    image = Image.new("RGB", (64, 64), (200, 120, 90))
    pillow_heif.register_heif_opener()
    path = tmp_path / "a.heic"
    image.save(path, quality=100, chroma=444, color_primaries=primaries, transfer_characteristics=13)
    np.testing.assert_allclose(read_picture(path)[32, 32], shown, atol=3)


def test_numbers_that_no_profile_can_tell() -> None:
    hdr = {"color_primaries": 9, "transfer_characteristics": 16}
    assert profile_of(hdr) is profile_of({}) is None


def test_how_much_of_a_jpeg_is_missing_is_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 64, 3), dtype=np.uint8)
    path = save(tmp_path / "a.jpg", noise, quality=90)
    assert read_photo(path).warnings == ()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    assert "lacks its last bytes, 2" in read_photo(path).warnings[0]  # about a quarter: the head counts too
    path.write_bytes(data[:300])
    with pytest.raises(MediaError, match="damaged"):
        read_picture(path)


@pytest.mark.parametrize("suffix", ["heic", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_phone_photos_are_read_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pillow_heif.register_heif_opener()
    phone = save(tmp_path / f"phone.{suffix}", scene(), exif=exif.tobytes(), quality=95)
    plain = save(tmp_path / "phone.png", scene(), exif=exif.tobytes())
    seen = read_photo(phone)
    assert np.abs(seen.picture.astype(int) - read_picture(plain)).mean() < 4
    assert seen.warnings == ()


def test_phone_photos_of_tiles_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillow_heif.options.GRID_TILE_SIZE", 64, raising=False)
    pillow_heif.register_heif_opener()
    path = save(tmp_path / "tiles.heic", scene(200, 300), quality=95)
    assert b"grid" in path.read_bytes()
    assert np.abs(read_picture(path).astype(int) - scene(200, 300)).mean() < 4


def test_a_large_photograph_is_reduced_while_it_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.jpg", scene(400, 600), quality=95)
    deep = save(tmp_path / "a.png", scene(400, 600))
    sizes = {}
    for most in (240_000, 239_999, 60_000, 59_999, 3_750):
        monkeypatch.setattr("dicetalk.media.picture.MAX_PIXELS", most)
        sizes[most] = read_picture(path).shape[:2]
    assert list(sizes.values()) == [(400, 600), (200, 300), (200, 300), (100, 150), (50, 75)]
    with pytest.raises(MediaError, match="600 x 400, more than"):
        read_picture(deep)


@pytest.mark.parametrize(("progressive", "most"), [(False, 260), (True, 110)])
def test_a_photograph_that_memory_cannot_hold_is_refused(
    tmp_path: Path, progressive: bool, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAX_JPEG", "MAX_PROGRESSIVE"):
        monkeypatch.setattr(f"dicetalk.media.picture.{name}", getattr(picture_module, name) // 10**4)
    side = int((most * 100) ** 0.5)
    for wide, works in ((side, True), (side + 40, False)):
        path = save(tmp_path / "a.jpg", scene(side, wide), progressive=progressive)
        if works:
            assert read_picture(path).shape == (side, wide, 3)
        else:
            with pytest.raises(MediaError, match="megapixels; scale it down"):
                read_picture(path)


def odd_profile(space: bytes) -> bytes:
    """A profile about grey whose tones are steeper than sRGB's, or one about colours with red and blue swapped."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if space == b"RGB ":
        swapped = bytearray(srgb.replace(b"s\0R\0G\0B", b"o\0d\0d\0 "))
        red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")
        swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
        return bytes(swapped)
    curve = b"curv" + bytes(4) + struct.pack(">IHxx", 1, 3 * 256)  # a gamma of 3
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)
    name = b"desc" + bytes(4) + struct.pack(">I", 4) + b"odd\0" + bytes(79)
    parts = {b"wtpt": white, b"kTRC": curve, b"desc": name}
    offset, table, body = 132 + 12 * len(parts), b"", b""
    for tag, part in parts.items():
        part += bytes(-len(part) % 4)
        table += tag + struct.pack(">II", offset + len(body), len(part))
        body += part
    head = bytearray(srgb[:128])
    head[0:4], head[16:20] = struct.pack(">I", offset + len(body)), space
    return bytes(head) + struct.pack(">I", len(parts)) + table + body


COLOURED = {
    "colours": ("a.png", "RGB", b"RGB "),
    "a palette": ("a.png", "P", b"RGB "),
    "a palette in a GIF's manner": ("a.tif", "P", b"RGB "),
    "colours with transparency": ("a.png", "RGBA", b"RGB "),
    "grey": ("a.png", "L", b"GRAY"),
    "grey as a photograph": ("a.jpg", "L", b"GRAY"),
    "grey with transparency": ("a.png", "LA", b"GRAY"),
    "black and white": ("a.tif", "1", b"GRAY"),
    "deep grey": ("a.png", "I;16", b"GRAY"),
    "colours of another kind, which nobody honours": ("a.png", "L", b"RGB "),
}


@pytest.mark.parametrize("kind", COLOURED)
def test_the_profile_of_every_kind_of_picture_is_honoured(tmp_path: Path, kind: str) -> None:
    name, mode, space = COLOURED[kind]
    grey = np.repeat(np.repeat(np.arange(0, 256, 8, dtype=np.uint8)[None], 40, 0), 2, 1)
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(scene()).convert(mode)
    if mode == "L":
        image = Image.fromarray(grey)
    image.save(tmp_path / name, icc_profile=odd_profile(space))
    seen = read_picture(tmp_path / name).astype(int)
    plain = np.asarray(Image.fromarray(grey).convert("RGB") if mode == "I;16" else image.convert("RGB")).astype(int)
    if kind.endswith("honours"):
        assert np.abs(seen - plain).max() == 0
    elif space == b"RGB ":
        assert np.abs(seen - plain[..., ::-1]).max() <= 3
    else:
        linear = (plain / 255) ** 3
        srgb = np.where(linear < 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
        assert np.abs(seen - 255 * srgb).max() <= 5


def test_what_stands_still_is_told_from_what_moves(tmp_path: Path, speech: Path) -> None:
    frames = [Image.fromarray(np.full((40, 40, 3), value, np.uint8)) for value in (10, 200)]
    frames[0].save(tmp_path / "moves.gif", save_all=True, append_images=frames[1:])
    (tmp_path / "text.txt").write_text("no picture")
    pillow_heif.register_heif_opener()
    for name in ("a.png", "a.jpg", "a.webp", "a.gif", "a.heic", "a.avif", "a.tif", "a.bmp"):
        assert is_still(save(tmp_path / name, scene())), name
    assert not any(is_still(tmp_path / name) for name in ("moves.gif", "text.txt", speech.name))


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


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_how_much_a_pixel_covers(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGBA", (40, 40), (200, 10, 10, 255))
    image.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 40).astype(np.uint8), (40, 1))))
    image.convert(mode).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert photo.cover is not None and photo.cover.shape == (40, 40) and photo.cover.dtype == np.uint8
    assert photo.cover[0, 0] == 0 and photo.cover[0, -1] == 255 and photo.picture[0, 0].tolist() == [255] * 3


def test_a_picture_that_covers_all(tmp_path: Path) -> None:
    Image.new("RGBA", (40, 40), (200, 10, 10, 255)).save(tmp_path / "a.png")
    assert read_photo(tmp_path / "a.png").cover is None

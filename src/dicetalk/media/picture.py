"""Read any picture as 8-bit RGB; write PNG and JPEG."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from dicetalk.arrays import Float32, Picture, UInt8
from dicetalk.errors import MediaError, TooLargeError
from dicetalk.files import PathLike, existing_file, output_kind, whole
from dicetalk.media import nclx, webp
from dicetalk.media.beginnings import PICTURE, begins_as
from dicetalk.media.colours import to_srgb
from dicetalk.media.container import one_line

MAX_PIXELS = 55_000_000
"""Of a picture in memory: all steps with it stay within 1.5 GB. Phones of "50 megapixels" reach 50.3 million."""
MAX_JPEG, MAX_PROGRESSIVE = 260_000_000, 110_000_000
"""Of a JPEG, which can be reduced while it is decoded; a progressive one is held whole all the same."""
MIN_SIDE = 32  # [px]
# Formats that Pillow decodes by itself. EPS and the like run a program and stay out.
READ = "AVIF BMP DIB GIF HEIF ICO JPEG JPEG2000 MPO PCX PNG PPM PSD QOI SGI TGA TIFF WEBP"
UNMISTAKABLE = "AVIF BMP GIF HEIF JPEG JPEG2000 PNG PSD QOI TIFF WEBP"
"""Those of them whose first bytes tell them from a sound or a video."""
WRITTEN = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
JPEG_MARK, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
UNKNOWN_GREY = 128
"""What libjpeg shows where nothing is left of a picture."""


@dataclass(frozen=True)
class Photo:
    """A picture file as it was read.

    Attributes:
        picture: uint8 `(H, W, 3)`, RGB in sRGB.
        warnings: what is wrong with the file and does not stop the work, one line each.
        cover: `(H, W)` uint8, how much each pixel covers, where some are transparent; those lie on white in `picture`.
        path: the file; None of a picture that was given as an array.
    """

    picture: Picture = field(repr=False, compare=False)
    warnings: tuple[str, ...] = ()
    cover: UInt8 | None = field(default=None, repr=False, compare=False)
    path: Path | None = None


def read_picture(path: PathLike) -> Picture:
    """The picture of `read_photo`, without its warnings."""
    return read_photo(path).picture


def read_photo(path: PathLike) -> Photo:
    """Read a picture as it is meant to be seen.

    The camera's rotation is honoured, embedded colour profiles are brought to sRGB, deep grey is scaled to 8 bits, and
    transparency lies on white, as a browser shows it. Of an animation the first frame is taken. JPEGs of more than 55
    megapixels are halved while they are decoded, until they have less. A picture that lacks its end is shown as far as
    it goes, with a warning, where its format lets anything be seen.

    Raises:
        MediaError: no such file, not a picture, damaged, a side under 32 px, or too many pixels for memory (told from
            the header, before anything is decoded).
    """
    path = existing_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs, which we refuse earlier, and of odd EXIF data
            with _opened(path) as image:
                _check_header(path, image)
                image, told = _loaded(path, image)
                picture, cover = _to_rgb(image)
                return Photo(picture, told, cover, path)
    except MediaError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except UnidentifiedImageError as error:
        raise MediaError(_unread(path)) from error
    except Exception as error:  # Pillow's decoders raise nearly every built-in class on damaged files
        raise MediaError(f"{path} is a damaged picture ({one_line(error)}); export it again as PNG or JPEG") from error


def _too_large(path: Path) -> TooLargeError:
    return TooLargeError(f"{path} has more than {MAX_PIXELS // 10**6} megapixels; scale it down")


def damaged(path: Path) -> str:
    """What is told of a file that only begins as a picture."""
    return f"{path} is a damaged picture, whose end may be missing; copy it again, or convert it to PNG or JPEG"


def _unread(path: Path) -> str:
    """What is told of a file that no decoder knows."""
    what = begins_as(path)
    if what == PICTURE:
        return damaged(path)
    if what:
        return f"{path} is {what}, not a picture that can be read; give one as PNG or JPEG"
    return f"{path} is not a picture that can be read; convert it to PNG or JPEG"


def is_still(path: Path) -> bool:
    """Whether a file is a picture that does not move, by its header."""
    _know_heif()
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=UNMISTAKABLE.split()) as image:
            return getattr(image, "n_frames", 1) == 1 or image.format in ("HEIF", "TIFF", "PSD")
    except Image.DecompressionBombError:
        return True
    except Exception:  # as in `read_photo`; whatever it is, it is no picture
        return False


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height [px] that the header of a picture tells; None where the file is no picture that is read.

    Raises:
        TooLargeError: more pixels than any picture that is read.
    """
    try:
        with warnings.catch_warnings(action="ignore"), _opened(path) as image:
            return image.size if image.format in READ.split() or not isinstance(image, ImageFile.ImageFile) else None
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except Exception:  # as in `read_photo`
        return None


def write_picture(path: str | Path, rgb: Picture, mark: Callable[[Path], None] | None = None) -> None:
    """Write uint8 `(H, W, 3)` as .png, .jpg or .jpeg, whole or not at all.

    Args:
        path: of the file.
        rgb: the picture.
        mark: is called with the finished file before it gets its name; may write it anew.

    Raises:
        MediaError: another suffix, or the file cannot be written.
    """
    path = Path(path)
    kind = output_kind(path, WRITTEN)
    with whole(path) as temporary:
        Image.fromarray(rgb).save(temporary, format=kind, quality=92)
        if mark is not None:
            mark(temporary)


@cache
def _know_heif() -> None:
    """Let Pillow open phone photos."""
    from pillow_heif import register_heif_opener  # 20 ms, which only pictures need

    register_heif_opener(thumbnails=False)


def _opened(path: Path) -> Image.Image:
    with path.open("rb") as file:
        head = file.read(webp.HEADER)
    if head.startswith(JPEG_MARK):
        return JpegImageFile(path)  # Image.open would refuse what is reduced while it is decoded
    if webp.lacks_its_end(head, path.stat().st_size):
        there = webp.what_is_there(path.read_bytes(), MAX_PIXELS)
        if there is not None:
            return there
    _know_heif()
    try:
        return Image.open(path)
    except ValueError:  # notes or a profile in a PNG that would unpack to too much: they are left aside
        with _lenient():
            return Image.open(path)


def _check_header(path: Path, image: Image.Image) -> None:
    width, height = image.size
    if image.format not in READ.split():
        raise MediaError(f"{path} is {image.format}, which is not read; convert it to PNG or JPEG")
    most = MAX_PIXELS
    if isinstance(image, JpegImageFile):
        most = MAX_PROGRESSIVE if "progressive" in image.info else MAX_JPEG
    if width * height > most:
        raise TooLargeError(f"{path} is {width} x {height}, more than {most // 10**6} megapixels; scale it down")
    if min(width, height) < MIN_SIDE:
        raise MediaError(f"{path} is {width} x {height}; a picture needs at least {MIN_SIDE} pixels a side")


def _loaded(path: Path, image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """The picture decoded, reduced where it is too large, and what it lacks."""
    if not isinstance(image, ImageFile.ImageFile):  # what there is of a WebP
        return image, (_lacking(path, image, np.asarray(image)[-1, -1]),)
    try:
        return _decoded(image), ()
    except ValueError:
        if image.format != "PNG":
            raise
        return _as_far_as_it_goes(path), ()  # such notes behind the picture
    except OSError as error:
        if "truncated" not in str(error):
            raise
    if isinstance(image, JpegImageFile):
        patched: Image.Image = _reduced(JpegImageFile(BytesIO(path.read_bytes() + JPEG_END)))
        inverted = patched.mode == "CMYK"
        return patched, (_lacking(path, patched, 255 - UNKNOWN_GREY if inverted else UNKNOWN_GREY),)
    patched = _as_far_as_it_goes(path)
    return patched, (_lacking(path, patched, 0),)


def _decoded(image: Image.Image) -> Image.Image:
    if isinstance(image, JpegImageFile):
        return _reduced(image)
    image.load()
    return image


_LENIENT = Lock()


@contextmanager
def _lenient() -> Iterator[None]:
    """Let Pillow pass over what is damaged; it has no other way to be told than for the whole process."""
    with _LENIENT:
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False


def _as_far_as_it_goes(path: Path) -> Image.Image:
    """A picture whose end is missing, with zeros there."""
    with _opened(path) as image, _lenient():
        return _decoded(image).copy()


def _reduced(image: JpegImageFile) -> JpegImageFile:
    """Decoded at the largest of its eight scales that fits in memory: the whole, a half, a quarter, an eighth."""
    width, height = image.size
    halvings = next(n for n in range(4) if width * height <= MAX_PIXELS * 4**n)
    image.draft(None, (width >> halvings, height >> halvings))
    image.load()
    return image


def _lacking(path: Path, image: Image.Image, unknown: int | UInt8) -> str:
    """The warning, with how many rows cannot be seen: they are nothing but `unknown`."""
    share = float((np.asarray(image) == unknown).reshape(image.height, -1).all(1).mean())
    if share == 1:
        raise OSError("nothing is left of it")
    told = f", {max(share, 0.01):.0%} of the picture" if share > 0 else ""
    return f"{path} lacks its last bytes{told}; going on with what is there"


def _to_rgb(image: Image.Image) -> tuple[Picture, UInt8 | None]:
    """The picture on white, and how much of it covers that; None where all does."""
    deep = 65535 if image.mode.startswith("I;16") or image.format in ("PNG", "PPM") else 0
    profile = image.info.get("icc_profile") or nclx.profile_of(image.info.get("nclx_profile") or {})
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode == "F" or image.mode.startswith("I"):
        image = Image.fromarray(_grey_from_deep(np.array(image, np.float32), deep))
    alpha = _alpha(image)
    colours = to_srgb(image, profile)
    if alpha is not None:
        shown = Image.new("RGB", image.size, "white")
        shown.paste(colours, mask=alpha)
        colours = shown
    cover = None if alpha is None else np.array(alpha)
    return np.array(colours), None if cover is None or cover.min() == 255 else cover


def _alpha(image: Image.Image) -> Image.Image | None:
    """How much each pixel covers; None where all are opaque."""
    if image.mode in ("RGBA", "LA", "PA"):
        return image.getchannel("A")
    if image.mode in ("RGBa", "La") or "transparency" in image.info:
        return image.convert("RGBA").getchannel("A")
    return None


def _grey_from_deep(values: Float32, full_scale: float) -> Picture:
    """Scale grey of more than 8 bits, `(H, W)`, in place; full scale 0 takes the least usual one that holds it."""
    if not np.isfinite(values).all():
        raise ValueError("NaN or infinite pixels")
    top = float(values.max())
    values *= 255.0 / (full_scale or next((scale for scale in (1.0, 255.0, 65535.0) if top <= scale), top))
    values += 0.5
    return np.clip(values, 0.0, 255.0, out=values).astype(np.uint8)

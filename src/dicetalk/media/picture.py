"""Read any picture as 8-bit RGB; write PNG and JPEG."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from dicetalk.arrays import Float32, Picture
from dicetalk.errors import MediaError
from dicetalk.files import existing_file, output_kind, whole
from dicetalk.media.container import one_line

MAX_PIXELS = 50_000_000
MIN_SIDE = 32  # [px]
# Formats that Pillow decodes by itself. EPS and the like run a program and stay out.
READ = "AVIF BMP DIB GIF ICO JPEG JPEG2000 MPO PCX PNG PPM PSD QOI SGI TGA TIFF WEBP"
WRITTEN = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def read_picture(path: str | Path) -> Picture:
    """Read a picture as it is meant to be seen: uint8 `(H, W, 3)`, RGB.

    The camera's rotation is honoured, embedded colour profiles are brought to sRGB, deep grey is scaled to 8 bits, and
    transparency lies on white, as a browser shows it. Of an animation the first frame is taken.

    Raises:
        MediaError: no such file, not a picture, damaged, a side under 32 px, or more than 50 megapixels (told from the
            header, before anything is decoded).
    """
    path = existing_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs, which we refuse earlier, and of odd EXIF data
            with Image.open(path) as image:
                _check_header(path, image)
                return _to_rgb(image)
    except MediaError:
        raise
    except Image.DecompressionBombError as error:
        raise MediaError(f"{path} has more than 50 megapixels; scale it down") from error
    except UnidentifiedImageError as error:
        raise MediaError(f"{path} is not a picture that can be read; convert it to PNG or JPEG") from error
    except Exception as error:  # Pillow's decoders raise nearly every built-in class on damaged files
        raise MediaError(f"{path} is a damaged picture ({one_line(error)}); export it again as PNG or JPEG") from error


def write_picture(path: str | Path, rgb: Picture) -> None:
    """Write uint8 `(H, W, 3)` as .png, .jpg or .jpeg, whole or not at all.

    Raises:
        MediaError: another suffix, or the file cannot be written.
    """
    path = Path(path)
    kind = output_kind(path, WRITTEN)
    with whole(path) as temporary:
        Image.fromarray(rgb).save(temporary, format=kind, quality=92)


def _check_header(path: Path, image: Image.Image) -> None:
    width, height = image.size
    if image.format not in READ.split():
        raise MediaError(f"{path} is {image.format}, which is not read; convert it to PNG or JPEG")
    if width * height > MAX_PIXELS:
        raise MediaError(f"{path} is {width} x {height}, more than 50 megapixels; scale it down")
    if min(width, height) < MIN_SIDE:
        raise MediaError(f"{path} is {width} x {height}; a picture needs at least {MIN_SIDE} pixels a side")


def _to_rgb(image: Image.Image) -> Picture:
    deep = 65535 if image.mode.startswith("I;16") or image.format in ("PNG", "PPM") else 0
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode == "F" or image.mode.startswith("I"):
        return np.repeat(_grey_from_deep(np.asarray(image, np.float32), deep)[..., None], 3, axis=2)
    profile = image.info.get("icc_profile")
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return np.array(_to_srgb(image, profile) if profile else image.convert("RGB"))


def _grey_from_deep(values: Float32, full_scale: float) -> Picture:
    """Scale grey of more than 8 bits, `(H, W)`; without a known full scale, the smallest usual one that holds it."""
    if not np.isfinite(values).all():
        raise ValueError("NaN or infinite pixels")
    top = float(values.max())
    full = full_scale or next((scale for scale in (1.0, 255.0, 65535.0) if top <= scale), top)
    return np.asarray(np.clip(values / full, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    if image.mode not in ("RGB", "CMYK"):
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):  # nothing to do, and no rounding on the way
            return image.convert("RGB")
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB") or image.convert("RGB")
    except (ImageCms.PyCMSError, OSError):  # a broken profile: every viewer shows such a picture without it
        return image.convert("RGB")

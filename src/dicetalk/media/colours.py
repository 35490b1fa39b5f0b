"""Colours of a picture as its embedded profile means them, brought to sRGB."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageCms

MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""Pillow's mode for the colours that a profile is about."""


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A picture of any mode as RGB in sRGB, without its transparency.

    A profile that is broken, or about other colours than the picture has, is left aside, as in every viewer.
    """
    plain = _plain(image)
    if plain.mode == "LAB":
        return _converted(plain, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    if not profile:
        return plain.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        foreign = MODES.get(source.profile.xcolor_space.strip()) != plain.mode
        if foreign or "sRGB" in ImageCms.getProfileDescription(source):  # no rounding on the way
            return plain.convert("RGB")
        return _converted(plain, source)
    except (ImageCms.PyCMSError, OSError):
        return plain.convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    """Without transparency, palette or odd modes: L, RGB, CMYK or LAB."""
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    return image.convert("L" if image.mode in ("1", "LA", "La") else "RGB")


def _converted(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    target = ImageCms.createProfile("sRGB")
    if image.mode != "RGB":
        made = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        assert made is not None
        return made
    ImageCms.profileToProfile(image, source, target, inPlace=True)
    return image

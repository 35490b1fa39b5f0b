"""Portraits of all kinds: good ones in every format, damaged ones, lying ones, bombs, and what is no picture."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import av
import cv2
import numpy as np
from hostile.cases import Case, Door
from hostile.made import encoded, portrait, put, wav, written
from PIL import Image, ImageOps, PngImagePlugin

NOT_ONE, NEITHER = "not a picture that can be read", "neither a picture nor a recording that can be read"
DAMAGED = "is a damaged picture"
NO_FACE = "no face found"


def picture(name: str, content: Callable[[], bytes], says: str = "", *, sent: str = "", **more: Any) -> Case:
    """A case about the portrait; `sent` is what the server says that looks at it when it comes."""
    at: Mapping[Door, str] = {"REST": sent or says.replace(NOT_ONE, NEITHER)}
    fields: Mapping[str, Any] = more.pop("fields", {})
    return Case(make=lambda folder: {"portrait": put(folder, name, content()), **fields}, says=says, at=at, **more)


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


MAGIC = b"\x89PNG\r\n\x1a\n"


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2, body: bytes | None = None) -> bytes:
    """A PNG that claims a size; `body` is what its data unpack to, None is a small part of what is claimed."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width & 0xFFFFFFFF, height & 0xFFFFFFFF, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(1000) if body is None else body))
    return MAGIC + head + b"".join(chunks) + data + chunk(b"IEND", b"")


def with_chunks(*chunks: bytes, before: bytes = b"IDAT") -> bytes:
    """The portrait with more chunks."""
    whole = encoded("PNG")
    place = whole.index(before) - 4
    return whole[:place] + b"".join(chunks) + whole[place:]


def bomb(megabytes: int) -> bytes:
    """What unpacks to so much of nothing."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(10**6)) for _ in range(megabytes)) + packer.flush()


def cut(content: bytes, share: float) -> bytes:
    return content[: int(len(content) * share)]


def flipped(content: bytes, seed: int, count: int, first: float = 0.3) -> bytes:
    """Some bytes changed behind the head."""
    random, changed = np.random.default_rng(seed), bytearray(content)
    for place in random.integers(int(len(content) * first), len(content), count):
        changed[place] ^= int(random.integers(1, 256))
    return bytes(changed)


def patched(content: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """Some bytes replaced behind a mark."""
    place = content.index(mark) + offset
    return content[:place] + value + content[place + len(value) :]


def frames(format: str, **options: object) -> bytes:
    """Three frames: the portrait, a brighter and a darker one."""
    others = [portrait().point(lambda value, by=by: min(int(value * by), 255)) for by in (1.3, 0.6)]
    return written(portrait(), format, save_all=True, append_images=others, **options)


def with_exif(value: int | bytes, format: str = "JPEG") -> bytes:
    if isinstance(value, bytes):
        return encoded(format, exif=value)
    exif = Image.Exif()
    exif[0x0112] = value
    return encoded(format, exif=exif.tobytes())


def turned(orientation: int, format: str = "JPEG") -> bytes:
    """Stored as a camera that was turned does it; upright when its note is honoured."""
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    exif = Image.Exif()
    exif[0x0112] = orientation
    return written(portrait().transpose(back[orientation]), format, exif=exif.tobytes())


def segments(count: int) -> bytes:
    """A JPEG with so many full segments of notes."""
    whole = encoded("JPEG")
    return whole[:2] + (b"\xff\xe1\xff\xff" + b"x" * 65533) * count + whole[2:]


def deep(dtype: type, top: float, format: str) -> bytes:
    grey = np.asarray(portrait().convert("L"), np.float64) / 255
    return written(Image.fromarray((grey * top).astype(dtype)), format)


def png_of_16_bits() -> bytes:
    done, content = cv2.imencode(".png", np.asarray(portrait()).astype(np.uint16)[..., ::-1] * 257)
    assert done
    return content.tobytes()


def psd() -> bytes:
    """Photoshop's format, without layers."""
    width, height = portrait().size
    head = b"8BPS" + struct.pack(">HxxxxxxHIIHH", 1, 3, height, width, 8, 3) + bytes(12) + b"\0\0"
    return head + np.asarray(portrait()).transpose(2, 0, 1).tobytes()


def tiff(width: int, height: int, offset: int = 8 + 2 + 12 * 9 + 4, following: int = 0) -> bytes:
    """A grey TIFF of one strip that claims a size and a place, and where its next page is."""
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: offset, 277: 1, 278: height, 279: width * height}
    told = b"".join(struct.pack("<HHII", tag, 4, 1, value & 0xFFFFFFFF) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + told + struct.pack("<I", following) + bytes(500)


def bmp(width: int, height: int) -> bytes:
    return (
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 1000, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(900)
    )


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("face.png", encoded("PNG"))
    return content.getvalue()


def film() -> bytes:
    """A video of the portrait, without sound."""
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = portrait().size
        for _ in range(30):
            container.mux(stream.encode(av.VideoFrame.from_image(portrait())))
        container.mux(stream.encode(None))
    return content.getvalue()


def smooth(width: int = 240, height: int = 200) -> Image.Image:
    down, across = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([down % 256, across % 256, (down + across) % 256], 2).astype(np.uint8))


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8))


def two() -> Image.Image:
    """Two portraits beside each other."""
    both = Image.new("RGB", (400, 234))
    both.paste(portrait(), (0, 0))
    both.paste(ImageOps.mirror(portrait()), (200, 0))
    return both


def noted(**notes: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for name, text in notes.items():
        info.add_text(name, text)
    return encoded("PNG", pnginfo=info)


GOOD: dict[str, Case] = {
    "a JPEG": picture("face.jpg", lambda: encoded("JPEG")),
    "a progressive JPEG": picture("face.jpg", lambda: encoded("JPEG", progressive=True)),
    "a JPEG in CMYK": picture("face.jpg", lambda: encoded("JPEG", "CMYK")),
    "a grey JPEG": picture("face.jpg", lambda: encoded("JPEG", "L")),
    "a JPEG of two pictures": picture("face.mpo", lambda: frames("MPO")),
    "a PNG": picture("face.png", lambda: encoded("PNG")),
    "a PNG with a palette": picture("face.png", lambda: encoded("PNG", "P")),
    "a PNG with alpha": picture("face.png", lambda: encoded("PNG", "RGBA")),
    "a grey PNG with alpha": picture("face.png", lambda: encoded("PNG", "LA")),
    "a palette with a transparent colour": picture("face.png", lambda: encoded("PNG", "P", transparency=3)),
    "a PNG of 16 bits grey": picture("face.png", lambda: deep(np.uint16, 65535, "PNG")),
    "a PNG of 16 bits a colour": picture("face.png", png_of_16_bits),
    "an animated PNG": picture("face.png", lambda: frames("PNG")),
    "a GIF": picture("face.gif", lambda: encoded("GIF")),
    "an animated GIF": picture("face.gif", lambda: frames("GIF", loop=0)),
    "a WebP": picture("face.webp", lambda: encoded("WEBP")),
    "a WebP without loss": picture("face.webp", lambda: encoded("WEBP", lossless=True)),
    "an animated WebP": picture("face.webp", lambda: frames("WEBP")),
    "a HEIC": picture("face.heic", lambda: encoded("HEIF")),
    "an AVIF": picture("face.avif", lambda: encoded("AVIF")),
    "an animated AVIF": picture("face.avif", lambda: frames("AVIF")),
    "a JPEG 2000": picture("face.jp2", lambda: encoded("JPEG2000")),
    "a TIFF": picture("face.tif", lambda: encoded("TIFF")),
    "a TIFF in CMYK": picture("face.tif", lambda: encoded("TIFF", "CMYK")),
    "a TIFF of pages": picture("face.tif", lambda: frames("TIFF")),
    "a TIFF of real numbers": picture("face.tif", lambda: deep(np.float32, 1.0, "TIFF")),
    "a TIFF of 32 bits": picture("face.tif", lambda: deep(np.int32, 2e9, "TIFF")),
    "a BMP": picture("face.bmp", lambda: encoded("BMP")),
    "a PPM": picture("face.ppm", lambda: encoded("PPM")),
    "a TGA": picture("face.tga", lambda: encoded("TGA")),
    "a PCX": picture("face.pcx", lambda: encoded("PCX")),
    "an SGI": picture("face.sgi", lambda: encoded("SGI")),
    "a PSD": picture("face.psd", psd),
    "turned by the camera": picture("face.jpg", lambda: turned(6)),
    "turned the other way": picture("face.png", lambda: turned(8, "PNG")),
    "upside down by the camera": picture("face.webp", lambda: turned(3, "WEBP")),
    "a turn that is none": picture("face.jpg", lambda: with_exif(99)),
    "EXIF of rubbish": picture("face.jpg", lambda: with_exif(b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xee" * 200)),
    "EXIF that ends": picture("face.jpg", lambda: with_exif(b"Exif\0\0II*\0\x08\0\0\0\xff\x7f")),
    "EXIF in a ring": picture(
        "face.jpg", lambda: with_exif(b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0")
    ),
    "a colour profile of rubbish": picture("face.png", lambda: encoded("PNG", icc_profile=b"\xff" * 5000)),
    "notes of megabytes": picture("face.jpg", lambda: segments(40)),
    "notes of the page's kind": picture("face.png", lambda: noted(Title="<script>alert(1)</script>", Author="'; --")),
    "bytes behind the end": picture("face.jpg", lambda: encoded("JPEG") + b"\0" * 100_000),
    "a picture that is an archive too": picture("face.jpg", lambda: encoded("JPEG") + zipped()),
    "a picture that is a page too": picture("face.png", lambda: encoded("PNG") + b"<html><script>x()</script></html>"),
    "a picture that is a sound too": picture("face.png", lambda: encoded("PNG") + wav()),
    "a JPEG that is called a sound": picture("face.wav", lambda: encoded("JPEG")),
    "a PNG that is called a JPEG": picture("face.jpg", lambda: encoded("PNG")),
    "a WebP that is called a program": picture("face.exe", lambda: encoded("WEBP")),
    "a GIF that is called a timeline": picture("face.json", lambda: encoded("GIF")),
    "a picture without a suffix": picture("face", lambda: encoded("JPEG")),
    "a suffix in capitals": picture("FACE.JPEG", lambda: encoded("JPEG")),
    "an unknown chunk": picture("face.png", lambda: with_chunks(chunk(b"abCd", bytes(3000)))),
    "an animation of four thousand million frames": picture(
        "face.png", lambda: with_chunks(chunk(b"acTL", struct.pack(">II", 0xFFFFFFFF, 0)))
    ),
    "two faces, the second": picture("two.png", lambda: written(two(), "PNG"), fields={"face": 2}),
}

SHORT: dict[str, Case] = {
    "a JPEG without its last bytes": picture("face.jpg", lambda: encoded("JPEG")[:-40], warns="lacks its last bytes"),
    "nine tenths of a JPEG": picture("face.jpg", lambda: cut(encoded("JPEG"), 0.9), warns="lacks its last bytes"),
    "nine tenths of a PNG": picture("face.png", lambda: cut(encoded("PNG"), 0.9), warns="lacks its last bytes"),
    "nine tenths of a GIF": picture("face.gif", lambda: cut(encoded("GIF"), 0.9), warns="lacks its last bytes"),
    "nine tenths of a BMP": picture("face.bmp", lambda: cut(encoded("BMP"), 0.9), warns="lacks its last bytes"),
    "nine tenths of a TIFF": picture("face.tif", lambda: cut(encoded("TIFF"), 0.9), warns="lacks its last bytes"),
    "nine tenths of a WebP": picture("face.webp", lambda: cut(encoded("WEBP"), 0.9), warns="lacks its last bytes"),
    "a fifth of a JPEG": picture("face.jpg", lambda: cut(encoded("JPEG"), 0.2), NO_FACE + "|lacks|damaged"),
    "half of a HEIC": picture("face.heic", lambda: cut(encoded("HEIF"), 0.5), DAMAGED),
    "half of an AVIF": picture("face.avif", lambda: cut(encoded("AVIF"), 0.5), DAMAGED),
    "half of a JPEG 2000": picture("face.jp2", lambda: cut(encoded("JPEG2000"), 0.5), DAMAGED),
    "the head of a JPEG": picture("face.jpg", lambda: encoded("JPEG")[:100], DAMAGED),
    "the first bytes of a PNG": picture("face.png", lambda: MAGIC, DAMAGED),
    "a PNG without data": picture("face.png", lambda: MAGIC + encoded("PNG")[8:33] + chunk(b"IEND", b""), DAMAGED),
    "a PNG without its end": picture("face.png", lambda: encoded("PNG")[:-12]),
}

DAMAGED_ONES: dict[str, Case] = {
    "a PNG with a wrong sum": picture("face.png", lambda: patched(encoded("PNG"), b"IHDR", 17, b"\0\0\0\0"), DAMAGED),
    "a PNG with torn data": picture("face.png", lambda: flipped(encoded("PNG"), 1, 30), DAMAGED),
    "a HEIC with torn data": picture(
        "face.heic", lambda: flipped(encoded("HEIF"), 1, 4000, 0.5), f"{DAMAGED}|{NO_FACE}|cannot be seen"
    ),
    "a WebP with torn data": picture("face.webp", lambda: patched(encoded("WEBP"), b"VP8 ", 11, b"\0\0\0"), DAMAGED),
    "a JPEG with torn tables": picture("face.jpg", lambda: patched(encoded("JPEG"), b"\xff\xdb", 2, b"\0\0"), DAMAGED),
    "a GIF that leaves its size to its frame": picture(
        "face.gif", lambda: patched(encoded("GIF"), b"GIF8", 6, bytes(4))
    ),
}

NONE: dict[str, Case] = {
    "nothing at all": picture("face.png", lambda: b"", r"is empty \(0 bytes\)"),
    "one byte": picture("face.png", lambda: b"\x89", NOT_ONE),
    "a megabyte of zeros": picture("face.png", lambda: bytes(10**6), NOT_ONE),
    "random bytes": picture("face.png", lambda: np.random.default_rng(0).bytes(5000), NOT_ONE),
    "a text": picture("face.png", lambda: b"I am a picture, believe me\n" * 9, NOT_ONE),
    "SVG that is called PNG": picture("face.png", lambda: b'<?xml version="1.0"?><svg xmlns="x" width="9"/>', "is SVG"),
    "a bare SVG": picture("face.svg", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is SVG"),
    "PDF that is called PNG": picture("face.png", lambda: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", "is PDF"),
    "EPS that is called JPEG": picture(
        "face.jpg",
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n",
        "is EPS",
        sent=NEITHER,
    ),
    "a page of the web": picture("face.jpg", lambda: b"<!DOCTYPE html><html><img src=x></html>", "is a web page"),
    "an archive": picture("face.png", zipped, "is an archive"),
    "a script": picture("face.png", lambda: b"#!/bin/sh\nrm -rf /\n", NOT_ONE),
    "a program": picture("face.png", lambda: b"\x7fELF\x02\x01\x01" + bytes(5000), NOT_ONE),
    "a sound": picture("face.wav", wav, "is a sound, not a picture", sent="is a sound; send a picture"),
    "a film": picture("face.mp4", film, "is a video or a sound, not a picture", sent="is a video; send a picture"),
    "a timeline as portrait": picture("face.png", lambda: b'{"keys": []}', NOT_ONE, sent="is a timeline"),
    "deep JSON as portrait": picture("face.png", lambda: b"[" * 100_000, NOT_ONE, sent="begins as JSON and is none"),
    "a list of files to play": picture("face.png", lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", NOT_ONE),
}

LYING: dict[str, Case] = {
    "sixty thousand pixels a side": picture("face.png", lambda: png(60_000, 60_000), "megapixels"),
    "two thousand million pixels a side": picture("face.png", lambda: png(2**31 - 1, 2**31 - 1), "megapixels"),
    "no pixels": picture("face.png", lambda: png(0, 0), DAMAGED),
    "100 megapixels of one bit": picture("face.png", lambda: png(10_000, 10_000, depth=1, colour=0), "megapixels"),
    "one pixel": picture("face.png", lambda: written(Image.new("RGB", (1, 1)), "PNG"), "1 x 1; a picture needs"),
    "one pixel high": picture("face.png", lambda: written(Image.new("RGB", (9999, 1)), "PNG"), "9999 x 1; a picture"),
    "31 pixels": picture("face.png", lambda: written(portrait().resize((31, 31)), "PNG"), "31 x 31; a picture needs"),
    "32 pixels": picture("face.png", lambda: written(portrait().resize((32, 32)), "PNG"), f"{NO_FACE}|too small"),
    "a ribbon": picture("face.png", lambda: written(smooth(12_000, 33), "PNG"), NO_FACE),
    "a JPEG of four thousand megapixels": picture(
        "face.jpg", lambda: patched(encoded("JPEG"), b"\xff\xc0", 5, b"\xff\xff\xff\xff"), "megapixels"
    ),
    "a GIF of four thousand megapixels": picture(
        "face.gif", lambda: patched(encoded("GIF"), b"GIF8", 6, b"\xff\xff\xff\xff"), "megapixels"
    ),
    "a WebP of a canvas beyond measure": picture(
        "face.webp", lambda: patched(frames("WEBP"), b"VP8X", 12, b"\xff" * 6), "megapixels|damaged"
    ),
    "a BMP of two thousand million pixels": picture("face.bmp", lambda: bmp(2**31 - 1, 1), f"megapixels|x 1|{DAMAGED}"),
    "a BMP of less than no width": picture("face.bmp", lambda: bmp(-100, 100), f"{DAMAGED}|x|{NOT_ONE}"),
    "a TIFF beyond measure": picture("face.tif", lambda: tiff(2**31 - 1, 2**31 - 1), "megapixels"),
    "a TIFF whose strip is elsewhere": picture("face.tif", lambda: tiff(100, 100, 2**31 - 1), DAMAGED),
    "a TIFF whose pages are a ring": picture("face.tif", lambda: tiff(100, 100, following=8), f"{NO_FACE}|{DAMAGED}"),
    "an AVIF beyond measure": picture(
        "face.avif", lambda: patched(encoded("AVIF"), b"ispe", 8, b"\x7f\xff\xff\xff" * 2), f"megapixels|{DAMAGED}"
    ),
    "a HEIC beyond measure": picture(
        "face.heic", lambda: patched(encoded("HEIF"), b"ispe", 8, b"\0\0\xff\xff" * 2), f"megapixels|{DAMAGED}"
    ),
    "a JPEG 2000 beyond measure": picture(
        "face.jp2", lambda: patched(encoded("JPEG2000"), b"ihdr", 4, b"\x7f\xff\xff\xff" * 2), f"megapixels|{DAMAGED}"
    ),
    "a PSD beyond measure": picture(
        "face.psd", lambda: patched(psd(), b"8BPS", 14, b"\0\x7f\xff\xff" * 2), f"megapixels|{DAMAGED}"
    ),
    "an animation that lies": picture(
        "face.gif", lambda: patched(frames("GIF", loop=0), b"NETSCAPE2.0", 13, b"\xff\xff")
    ),
}

BOMBS: dict[str, Case] = {
    "notes that unpack to 300 MB": picture("face.png", lambda: with_chunks(chunk(b"zTXt", b"Note\0\0" + bomb(300)))),
    "many notes that unpack": picture("face.png", lambda: with_chunks(*[chunk(b"zTXt", b"Note\0\0" + bomb(8))] * 20)),
    "international notes that unpack": picture(
        "face.png", lambda: with_chunks(chunk(b"iTXt", b"Note\0\1\0\0\0" + bomb(300)))
    ),
    "a colour profile that unpacks to 300 MB": picture(
        "face.png", lambda: with_chunks(chunk(b"iCCP", b"sRGB\0\0" + bomb(300)))
    ),
    "data that unpack to more than the picture": picture(
        "face.png", lambda: png(200, 200, body=bytes(100_000_000)), NO_FACE
    ),
    "54 megapixels of nothing": picture(
        "face.png", lambda: written(Image.new("1", (7340, 7340), 1), "PNG", compress_level=9), NO_FACE
    ),
    "54 megapixels of an animation": picture("face.gif", lambda: written(Image.new("L", (7340, 7340)), "GIF"), NO_FACE),
}

FACELESS: dict[str, Case] = {
    "no face": picture("face.png", lambda: written(smooth(), "PNG"), NO_FACE),
    "noise": picture("face.png", lambda: written(noise(), "PNG"), NO_FACE),
    "black": picture("face.png", lambda: written(Image.new("RGB", (200, 200)), "PNG"), NO_FACE),
    "wholly transparent": picture("face.png", lambda: written(Image.new("RGBA", (200, 200)), "PNG"), NO_FACE),
    "a third face of one": picture("face.png", lambda: encoded("PNG"), "face 3|1 face|one face", fields={"face": 3}),
    "a face of a few pixels": picture(
        "face.png",
        lambda: written(ImageOps.expand(portrait().resize((24, 28)), 300, "grey"), "PNG"),
        f"{NO_FACE}|small",
    ),
}

PICTURES = GOOD | SHORT | DAMAGED_ONES | NONE | LYING | BOMBS | FACELESS

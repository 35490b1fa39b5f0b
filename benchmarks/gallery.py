"""Make the pictures of README and docs: what DiceTalk makes of portraits that may be shown.

    python benchmarks/gallery.py [PORTRAIT...] [--out docs/pictures]

Without portraits those of `docs/pictures/portraits/` are used.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import bank_relations
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

import dicetalk
from dicetalk import assets
from dicetalk.acting.visemes import VISEMES
from dicetalk.backbone import Moves
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.face import choose_face, face_crop, find_faces
from dicetalk.media import read_picture
from dicetalk.motion.space import Motion, concatenate
from dicetalk.portrait.renderer import Renderer
from dicetalk.video import Video

Picture = npt.NDArray[np.uint8]

TILE = 176
"""Side of one picture of a sheet [px]."""

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"

OPEN_JAW = 0.22
"""Sheets show the first moment of the demo's speech with the jaw this far open and the eyes open."""

PHONES = ("SIL", "M", "F", "A", "I", "U", "O", "S", "SH", "TH", "L", "EH")
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


def square(path: Path, size: int = 512) -> tuple[Picture, Renderer]:
    """The square around a portrait's face and a renderer for it."""
    picture = read_picture(path)
    (left, top, right, bottom), face = face_crop(picture, choose_face(find_faces(picture)), 1.75)
    scale = size / (right - left)
    crop = picture[top:bottom, left:right]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    crop = np.ascontiguousarray(cv2.resize(crop, (size, size), interpolation=way), dtype=np.uint8)
    return crop, Renderer(crop, face.scaled(scale))


def spoken_frame(talk: dicetalk.DiceTalk, picture: Picture, emotion: str) -> Picture:
    """One frame of the demo's speech in an emotion, the same moment for all."""
    moment = _moment(talk(picture, assets.speech()))
    renderer, motion = _act(talk(picture, assets.speech(), emotion=emotion))
    return next(renderer.render(motion[moment : moment + 1]))


def _moment(neutral: Video) -> int:
    _, motion = _act(neutral)
    speaking = (motion.column("jawOpen") > OPEN_JAW) & (motion.column("eyeBlinkLeft") < 0.02)
    return int(np.flatnonzero(speaking)[0])


def _act(video: Video) -> tuple[Renderer, Motion]:
    backbone = video.backbone
    assert isinstance(backbone, Moves)
    motion = concatenate(list(backbone.act(video.conditions)))
    return Renderer(video.conditions.portrait, video.conditions.face), motion


def posed(**weights: float) -> Motion:
    motion = Motion.still(1)
    for name, weight in weights.items():
        motion.column(name)[:] = weight
    return motion


def sheet(rows: list[list[Picture]], titles: list[str]) -> Image.Image:
    """Pictures in rows under a line of titles."""
    head = 24
    page = Image.new("RGB", (TILE * len(titles), head + TILE * len(rows)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for column, title in enumerate(titles):
        draw.text((TILE * (column + 0.5), head / 2), title, "black", font, anchor="mm")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            page.paste(
                Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.LANCZOS), (TILE * x, head + TILE * y)
            )
    return page


def emotions_sheet(talk: dicetalk.DiceTalk, crops: list[Picture]) -> Image.Image:
    return sheet([[spoken_frame(talk, crop, name) for name in NAMES] for crop in crops], list(NAMES))


def strength_sheet(talk: dicetalk.DiceTalk, crops: list[Picture]) -> Image.Image:
    moods = ("happy", "angry", "surprised")
    chosen = [crops[i % len(crops)] for i in range(len(moods))]
    rows = [
        [spoken_frame(talk, crop, f"{mood}:{strength}") for strength in STRENGTHS]
        for crop, mood in zip(chosen, moods, strict=True)
    ]
    return sheet(rows, [f"{strength:g}" for strength in STRENGTHS])


def mouths_sheet(renderers: list[Renderer]) -> Image.Image:
    rows = []
    for renderer in renderers:
        frames = [next(renderer.render(_viseme(phone))) for phone in PHONES]
        rows.append([_lower_face(frame, renderer) for frame in frames])
    return sheet(rows, ["pause" if phone == "SIL" else phone for phone in PHONES])


def _viseme(phone: str) -> Motion:
    weights = dict(VISEMES[phone].weights)
    if phone in ("P", "M"):
        weights["mouthClose"] = weights["jawOpen"]
    return posed(**weights)


def _lower_face(frame: Picture, renderer: Renderer) -> Picture:
    x, y = renderer.rig.points[[13, 14], :2].mean(0).astype(int)
    half = int(0.8 * renderer.rig.unit)
    top, left = max(y - half, 0), max(x - half, 0)
    return frame[top : top + 2 * half, left : left + 2 * half]


def save(page: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, quality=85, optimize=True)
    print(f"wrote {path}: {page.width} x {page.height}, {path.stat().st_size // 1000} KB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=PICTURES)
    options = parser.parse_args()
    portraits = options.portraits or sorted((PICTURES / "portraits").glob("*.jpg"))
    talk = dicetalk.load()
    crops, renderers = zip(*(square(path) for path in portraits), strict=True)
    save(emotions_sheet(talk, list(crops)), options.out / "emotions.jpg")
    save(strength_sheet(talk, list(crops)), options.out / "strength.jpg")
    save(mouths_sheet(list(renderers)[:3]), options.out / "mouths.jpg")
    bank_relations.main(options.out / "bank-relations.png")


if __name__ == "__main__":
    main()

"""A blind test of captions: forty sentences, and five clips beside each, one of which the sentence was written of.

    python benchmarks/captions_blind.py sheets OUT KEY.json
    python benchmarks/captions_blind.py score KEY.json ANSWERS.json

OUT gets a folder a set: `sentence.txt` and the clips `a.png` to `e.png`, contact sheets of one frame a second in the
order of reading, without a word on them; and a page that tells the reader what to do. Which clip is right stands in
KEY.json alone. The clips of a set show one virtual actor on one portrait, who says the same; whose feelings differ. The
sentence is `reading.caption` of what was read off the track of the right clip by the embedder that ships. ANSWERS.json
holds a letter for each set: {"01": "c", ...}.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from caption_readers import embedded
from scene import wilson

from dicetalk.arrays import Picture
from dicetalk.face import choose_face, face_crop, find_faces
from dicetalk.media import read_picture, write_picture
from dicetalk.motion.space import SHAPES, Motion
from dicetalk.portrait.renderer import Renderer
from dicetalk.rates import FPS
from dicetalk.reading.caption import caption
from dicetalk.speech import Speech
from dicetalk.training.caption import felt_in
from dicetalk.training.caption_clips import STRANGERS, CaptionClip, draw_clips, known_speech, read_off

SETS, LETTERS = 40, "abcde"
SEED = 40_000
SIDE, COLUMNS, GAP = 224, 5, 6
"""Of a frame, frames in a row, and between two [px]."""
PORTRAITS = sorted((Path(__file__).parents[1] / "docs" / "pictures" / "portraits").glob("*.jpg"))

PAGE = """# Which clip is it?

Each folder has a sentence (`sentence.txt`) and five clips (`a.png` to `e.png`). A clip is shown as one frame a second,
in the order of reading: the first frame is from the middle of second 0, the second one from the middle of second 1. Say
for each folder which clip the sentence was written of, as JSON: {"01": "c", "02": "a", ...}. Guess where you do not
know.
"""


def sets(said: Sequence[Speech]) -> Iterator[list[CaptionClip]]:
    """Five clips of one stranger each, no two of which have the same feelings in the same order."""
    for number in range(SETS):
        actor = STRANGERS + SEED + number
        chosen: list[CaptionClip] = []
        for clip in draw_clips(100, SEED + number, said[:1], range(actor, actor + 1)):
            if all(felt_in(clip) != felt_in(other) for other in chosen):
                chosen.append(clip)
            if len(chosen) == len(LETTERS):
                break
        yield chosen


def face_of(path: Path) -> Renderer:
    picture = read_picture(path)
    (left, top, right, bottom), face = face_crop(picture, choose_face(find_faces(picture)), 1.75)
    scale = SIDE / (right - left)
    crop = cv2.resize(picture[top:bottom, left:right], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return Renderer(np.ascontiguousarray(crop, np.uint8), face.scaled(scale))


def contact_sheet(renderer: Renderer, clip: CaptionClip) -> Picture:
    """A frame from the middle of each second, in rows."""
    rows = clip.motion[FPS // 2 :: FPS]
    frames = list(renderer.render(Motion(rows[:, : len(SHAPES)], rows[:, len(SHAPES) :])))
    high = -(-len(frames) // COLUMNS)
    sheet = np.full((high * (SIDE + GAP) + GAP, COLUMNS * (SIDE + GAP) + GAP, 3), 255, np.uint8)
    for number, frame in enumerate(frames):
        top, left = (GAP + place * (SIDE + GAP) for place in divmod(number, COLUMNS))
        sheet[top : top + SIDE, left : left + SIDE] = frame
    return sheet


def write_sheets(out: Path, key: Path) -> None:
    random, right = np.random.default_rng(SEED), {}
    out.mkdir(parents=True)
    (out / "README.md").write_text(PAGE, encoding="utf-8")
    renderers = [face_of(path) for path in PORTRAITS]
    for number, clips in enumerate(sets(known_speech()), start=1):
        folder, answer = out / f"{number:02d}", int(random.integers(len(clips)))
        folder.mkdir()
        for letter, clip in zip(LETTERS, clips, strict=True):
            write_picture(folder / f"{letter}.png", contact_sheet(renderers[number % len(renderers)], clip))
        sentence = caption(embedded(read_off([clips[answer]], number)[0]))
        (folder / "sentence.txt").write_text(f"{sentence}\n", encoding="utf-8")
        right[folder.name] = LETTERS[answer]
        print(folder.name, flush=True)
    key.write_text(json.dumps(right) + "\n", encoding="utf-8")


def score(key: Path, answers: Path) -> str:
    right, told = json.loads(key.read_text()), json.loads(answers.read_text())
    hits = sum(told.get(number) == letter for number, letter in right.items())
    low, high = wilson(hits, len(right))
    wrong = ", ".join(number for number, letter in right.items() if told.get(number) != letter)
    return f"{hits} of {len(right)}: {hits / len(right):.2f} ({low:.2f} to {high:.2f}); wrong: {wrong or 'none'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, others in (("sheets", ("out", "key")), ("score", ("key", "answers"))):
        command = commands.add_parser(name)
        for other in others:
            command.add_argument(other, type=Path)
    args = parser.parse_args()
    if args.command == "sheets":
        write_sheets(args.out, args.key)
    else:
        print(score(args.key, args.answers))


if __name__ == "__main__":
    main()

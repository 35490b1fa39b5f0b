"""How well expressions are read from our stills: in words and between them, at every strength.

    python benchmarks/expression.py PORTRAIT... --stills stills.npz [--speech FILE] [--reader MODEL.hdf5]
    python benchmarks/expression.py --stills stills.npz --read PROBABILITIES.npy...

The first draws the stills (and has one Keras network read them, as `quality.py --judge` does); the second scores what
other networks said of them: (N, 7) probabilities over `quality.JUDGED`, rows as the stills'.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from quality import FER_CLASSES, JUDGED, SECONDS, SIZE, STRENGTHS, Array, beginning, judge_faces, table
from readback import Picture

import dicetalk
from dicetalk import assets
from dicetalk.acting.take import rehearse
from dicetalk.arrays import Float32, Float64, Int64
from dicetalk.backbone import DEFAULT, Backbone, Conditions, Moves
from dicetalk.emotion.road import EmotionTrack
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.motion.space import Motion, concatenate
from dicetalk.portrait.renderer import Renderer
from dicetalk.speech import Speech

SPEAKING, PAUSED = 5, 3
"""Stills of each portrait, emotion and strength: in words and between them."""

READ_AT = 0.8
"""The strength at which emotions are told apart; `STRENGTHS` are asked for growth."""

GROWN = 0.02
"""A step of strength may lose so much of what is read."""

FACE = 224
"""Side of a still [px]: the square around the face, 1.25 times its box."""


def draw_stills(portraits: list[Path], speech_file: Path, backbone: str) -> dict[str, Array]:
    """The stills, `faces` (N, FACE, FACE, 3), and of each its portrait, emotion, strength and whether it speaks."""
    talk, sound = dicetalk.load(backbone), beginning(speech_file)
    rows: list[tuple[Picture, str, str, float, bool]] = []
    for portrait in portraits:
        conditions = talk(portrait, sound, size=SIZE, crop=True).conditions
        renderer, speech = Renderer(conditions.portrait, conditions.face), conditions.speech.whole()
        for emotion in JUDGED:
            for strength in sorted({*STRENGTHS, READ_AT}):
                words, pauses = moments(speech)
                felt = replace(conditions, emotion=EmotionTrack(weights_of(speech.frames, emotion, strength)))
                chosen = acted(talk.backbone, felt, np.concatenate([words, pauses]))
                for number, frame in enumerate(renderer.render(chosen)):
                    face = around(frame, conditions.face.box)
                    rows.append((face, portrait.stem, emotion, strength, number < len(words)))
        print(portrait.stem, flush=True)
    names = ("faces", "portraits", "emotions", "strengths", "speaking")
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def moments(speech: Speech) -> tuple[Int64, Int64]:
    """Frames in words and frames inside pauses, where no lid blinks."""
    open_eyes = rehearse(speech.frames, 0).blink < 0.05
    inside = np.arange(speech.frames)
    away = (inside > 2) & (inside < speech.frames - 3)
    deep = np.all([np.roll(speech.silence, shift) for shift in (-2, -1, 0, 1, 2)], axis=0)
    return spread(open_eyes & away & ~speech.silence, SPEAKING), spread(open_eyes & away & deep, PAUSED)


def spread(allowed: np.ndarray, count: int) -> Int64:
    """At most `count` of the allowed frames, evenly spread."""
    frames = np.flatnonzero(allowed)
    return frames[np.linspace(0, len(frames) - 1, count + 2).astype(int)[1:-1]] if len(frames) else frames


def weights_of(frames: int, emotion: str, strength: float) -> Float32:
    """(T, 8) one feeling throughout."""
    weights = np.zeros((frames, len(NAMES)), np.float32)
    weights[:, 0] = 1 - strength
    weights[:, NAMES.index(emotion)] += strength
    return weights


def acted(backbone: Backbone, conditions: Conditions, frames: Int64) -> Motion:
    """Some frames of a clip."""
    assert isinstance(backbone, Moves)
    motion = concatenate(list(backbone.act(conditions)))
    return replace(motion, shapes=motion.shapes[frames], pose=motion.pose[frames])


def around(frame: Picture, box: tuple[int, int, int, int]) -> Picture:
    """The square around a face, its border continued where the frame ends."""
    left, top, right, bottom = box
    half = int(max(right - left, bottom - top) * 0.625)
    wide = cv2.copyMakeBorder(frame, half, half, half, half, cv2.BORDER_REPLICATE)
    x, y = (left + right) // 2 + half, (top + bottom) // 2 + half
    face = wide[y - half : y + half, x - half : x + half]
    return np.asarray(cv2.resize(face, (FACE, FACE), interpolation=cv2.INTER_AREA), np.uint8)


def read_with(model: Path, stills: dict[str, Array]) -> Float64:
    """What a Keras classifier of grey 64 x 64 faces says, (N, 7) over `JUDGED`."""
    edge = round(FACE * (1 - 1.1 / 1.25) / 2)
    inner = stills["faces"][:, edge : FACE - edge, edge : FACE - edge]
    grey = [cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) for face in inner]
    small = np.array([cv2.resize(face, (64, 64), interpolation=cv2.INTER_AREA) for face in grey])
    return judge_faces(model, small)[:, [FER_CLASSES.index(name) for name in JUDGED]]


def score(stills: dict[str, Array], said: dict[str, Float64]) -> list[str]:
    """Tables of what each network said: right of each emotion's clips, of single stills, growing rows."""
    rows = []
    for name, told in said.items():
        clips = [right_clips(stills, told, emotion) for emotion in JUDGED]
        single = [right_stills(stills, told, speaking) for speaking in (True, False)]
        rows.append([name, *(f"{share:.2f}" for share in (np.mean(clips), *clips, *single, growing(stills, told)))])
        print(*rows[-1], flush=True)
    return table(["reader", "of seven", *JUDGED, "single, speaking", "single, in pauses", "grows"], rows)


def right_clips(stills: dict[str, Array], told: Float64, emotion: str) -> float:
    """The share of portraits whose mean answer over an emotion's stills is that emotion."""
    asked = (stills["emotions"] == emotion) & (stills["strengths"] == READ_AT)
    means = [told[asked & (stills["portraits"] == who)].mean(0) for who in np.unique(stills["portraits"])]
    return float(np.mean([mean.argmax() == JUDGED.index(emotion) for mean in means]))


def right_stills(stills: dict[str, Array], told: Float64, speaking: bool) -> float:
    """The share of single stills that are read as they were meant."""
    asked = (stills["speaking"] == speaking) & (stills["strengths"] == READ_AT)
    meant = np.array([JUDGED.index(name) for name in stills["emotions"][asked]])
    return float(np.mean(told[asked].argmax(1) == meant))


def growing(stills: dict[str, Array], told: Float64) -> float:
    """The share of portraits and emotions which no step of strength makes less like what is meant."""
    rows = []
    for who in np.unique(stills["portraits"]):
        for emotion in JUDGED[1:]:
            own = (stills["portraits"] == who) & (stills["emotions"] == emotion)
            means = [told[own & (stills["strengths"] == s), JUDGED.index(emotion)].mean() for s in STRENGTHS]
            rows.append(bool(np.all(np.diff(means) > -GROWN)))
    return float(np.mean(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", nargs="*", type=Path)
    parser.add_argument("--stills", type=Path, required=True)
    parser.add_argument("--speech", type=Path, default=assets.speech(), help=f"its first {SECONDS} s are spoken")
    parser.add_argument("--backbone", default=DEFAULT, help="a name, or the folder of a checkpoint")
    parser.add_argument("--reader", type=Path)
    parser.add_argument("--read", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    if options.portraits:
        np.savez(options.stills, **draw_stills(options.portraits, options.speech, options.backbone))
    stills = dict(np.load(options.stills))
    said = {path.stem: np.load(path) for path in options.read}
    if options.reader:
        said[options.reader.stem] = read_with(options.reader, stills)
    if len(said) > 1:
        said["mean of them"] = np.mean(list(said.values()), axis=0)
    print("\n".join(score(stills, said)))


if __name__ == "__main__":
    main()

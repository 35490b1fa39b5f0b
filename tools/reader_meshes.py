"""Faces to learn reading from that are never drawn: meshes between portraits, moved by virtual actors.

    python tools/plain_voices.py plain/
    python tools/reader_meshes.py plain/synthesised meshes.npz PORTRAIT... [--actors 140] [--seed 0]

`rows` (N, C) is what windows tell, as `reading.expression.functionals`, `felt` (N, 8) what was acted in them. The
tracker looks at each mesh as at any other: what it takes for the way a face is made is in its readings. What the mesh's
network misreads is drawn by chance (`data.augment.Misreading`); what it misreads of skin is only in `reader_faces.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from reader_faces import acted, some

from dicetalk.arrays import Float64
from dicetalk.data.augment import Misreading, misread_motion
from dicetalk.data.procedural import virtual_actor
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import NoFaceError
from dicetalk.media import read_photo, read_sound
from dicetalk.motion.resting import unusual
from dicetalk.motion.space import SHAPES, rotations
from dicetalk.portrait.framing import face_of
from dicetalk.portrait.rig import usual_rest
from dicetalk.rates import SPEECH_RATE
from dicetalk.reading.expression import against_usual, functionals
from dicetalk.speech import Speech, listen
from dicetalk.tracking.fitting import EYES, face_shapes_of, find_heads, read_landmarks

MADE_SO = 0.3
"""So many spreads from the usual face still count as the way a portrait's face is made."""
BEYOND = (0.8, 1.25)
"""How far faces go from the mean one, against the portraits that they lie between."""
LONGER = 0.02
"""How much longer, wider, deeper a face is, standard deviation."""
LOOKING, OWN = 0.2, 0.12
"""Share of the shapes that are not at rest in a resting face, and the most of them."""
UNEVEN, NOISE = 0.004, 0.003
"""Errors of the mesh that stay, at most, and of each frame, standard deviation [inter-ocular distances]."""
MISREAD = Misreading(faint=0, build=0, rest=0)
"""What the tracker itself does wrong needs no drawing."""
EVERY, STEADY, CHANGING = 4, 60, 150
"""Frames of which one is looked at; of a clip of one feeling, and of one that changes."""
FRAMES, STEP = 13, 6
"""Of a window, and between two windows [frames looked at]."""
SPOKEN_S = 6
IRIS = 5
"""Landmarks of each iris."""


def main() -> None:
    """Act with all actors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("portraits", nargs="+", type=Path)
    parser.add_argument("--actors", type=int, default=140)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    built = np.array(list(resting(options.portraits)))
    said = [read_sound(path).waveform[: SPOKEN_S * SPEECH_RATE] for path in sorted(options.voices.glob("*.wav"))]
    voices = [listen(waveform) for waveform in said]
    rng = np.random.default_rng([options.seed, 5])
    windows = [window for actor in range(options.actors) for window in played(actor, built, voices, rng)]
    rows, felt = (np.array(column, np.float32) for column in zip(*windows, strict=True))
    np.savez_compressed(options.output, rows=rows, felt=felt)
    print(f"{len(rows)} windows of {options.actors} actors on faces between {len(built)} portraits")


def resting(portraits: list[Path]) -> Iterator[Float64]:
    """The faces (468, 3) of portraits, as far as they show one, without the expression that is in them."""
    for path in portraits:
        try:
            face = face_of(read_photo(path).picture, None)
        except NoFaceError:
            continue
        usual = find_heads(face.landmarks[None].astype(np.float64)).usual
        yield usual - np.tensordot(unusual(usual, *usual_rest(), MADE_SO), face_shapes_of(usual), axes=1)


def played(
    number: int, built: Float64, voices: list[Speech], rng: np.random.Generator
) -> Iterator[tuple[Float64, Float64]]:
    """What the windows of an actor's clips tell, and what is felt in them."""
    actor, speech = virtual_actor(51_000 + number), voices[rng.integers(len(voices))]
    base = somebody(built, rng)
    shapes = face_shapes_of(base)
    for feelings in [*([some(name, rng)] for name in NAMES), [some(name, rng) for name in rng.permutation(NAMES)[:3]]]:
        motion, felt = acted(actor, speech, feelings, rng)
        rows = torch.from_numpy(np.column_stack([motion.shapes, motion.pose])[None]).float()
        chance = torch.Generator().manual_seed(int(rng.integers(1 << 30)))
        looked = slice(EVERY // 2, STEADY if len(feelings) == 1 else CHANGING, EVERY)
        read = misread_motion(rows, MISREAD, chance).numpy()[0][looked]
        points = landmarks(base + np.tensordot(read[:, : len(SHAPES)], shapes, axes=1), read[:, len(SHAPES) :], rng)
        found, against = read_landmarks(points).shapes, against_usual(points)
        for start in range(0, max(1, len(found) - FRAMES + 1), STEP):
            inside = slice(start, start + FRAMES)
            yield functionals(found[inside], against[inside]), felt[looked][inside].mean(0)


def somebody(built: Float64, rng: np.random.Generator) -> Float64:
    """A face (468, 3) between two portraits, or beyond, with a look of its own."""
    one, other = built[rng.choice(len(built), 2, replace=False)]
    share, mean = rng.uniform(), built.mean(0)
    face = mean + rng.uniform(*BEYOND) * (share * one + (1 - share) * other - mean)
    face = face * (1 + rng.normal(0, LONGER, 3))
    look = np.where(rng.uniform(size=len(SHAPES)) < LOOKING, rng.uniform(0, OWN, len(SHAPES)), 0.0)
    return np.asarray(face + np.tensordot(look, face_shapes_of(face), axes=1))


def landmarks(faces: Float64, pose: Float64, rng: np.random.Generator) -> Float64:
    """Landmarks (T, 478, 3) [px] of faces (T, 468, 3) that are turned (T, 6), as a mesh's network would err."""
    faces = faces + rng.uniform() * rng.normal(0, UNEVEN, faces.shape[1:]) + rng.normal(0, NOISE, faces.shape)
    irises = np.stack([faces[:, list(corners)].mean(1) for corners, _ in EYES for _ in range(IRIS)], axis=1)
    whole = np.concatenate([faces, irises], axis=1)
    turned = np.einsum("tij,tpj->tpi", rotations(pose.astype(np.float32)), whole)
    return np.asarray(300 + 100 * turned)


if __name__ == "__main__":
    main()

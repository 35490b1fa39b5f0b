"""What is usual in faces, for reading motion off video -> src/dicetalk/weights/reading.safetensors.

    python tools/measure_reading.py PORTRAITS

Portraits tell how faces look at rest; virtual actors, who act out the demo's speech, tell which shapes move together.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from dicetalk import assets
from dicetalk.data.procedural import perform_as, virtual_actor
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.face import choose_face, find_faces
from dicetalk.media import read_picture, read_sound
from dicetalk.motion.basis import face_shapes
from dicetalk.motion.resting import built
from dicetalk.motion.space import MIRROR, SHAPES
from dicetalk.speech import listen
from dicetalk.tracking import fitting

OUT = Path(__file__).resolve().parents[1] / "src" / "dicetalk" / "weights" / "reading.safetensors"
ACTORS, STRENGTHS = 12, (0.3, 0.6, 1.0)
LEAST_SPREAD = 0.08
TOLD = (
    *("browInnerUp", "browOuterUp", "browDown", "cheekSquint", "eyeSquint", "eyeWide", "mouthDimple", "mouthFrown"),
    *("mouthLowerDown", "mouthPress", "mouthShrugLower", "mouthSmile", "mouthStretch", "mouthUpperUp", "noseSneer"),
)
"""Shapes of feeling; what the others show at rest is how a face is built."""


def main() -> None:
    """Measure both and write the file."""
    usual, spread = resting_faces(Path(sys.argv[1]))
    together = moving_together()
    tensors = {"usual": usual, "spread": spread, "together": together}
    save_file({name: value.astype(np.float32) for name, value in tensors.items()}, OUT)
    for name, one, other in zip(SHAPES, usual, spread, strict=True):
        print(f"{name:20} {one:5.2f} {other:5.2f}")


def resting_faces(portraits: Path) -> tuple[np.ndarray, np.ndarray]:
    """Usual weights (52,) of resting faces on the mean face of the basis, and how far people differ (52,)."""
    weights = np.array([resting_weights(path) for path in sorted(portraits.glob("*.jpg"))])
    weights = np.concatenate([weights, weights[:, list(MIRROR)]])
    usual = np.median(weights, axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(weights - usual), axis=0), LEAST_SPREAD)
    told = np.array([name.startswith(TOLD) for name in SHAPES])
    return np.where(told, usual, 0), np.where(told, spread, 0)


def resting_weights(path: Path) -> np.ndarray:
    """(52,) how a portrait differs from the mean face, in weights of any sign."""
    landmarks = choose_face(find_faces(read_picture(path))).landmarks
    face = fitting.find_heads(landmarks[None].astype(np.float64)).usual
    mean = face_shapes()["neutral"]
    return np.linalg.solve(*built(face, mean, fitting.face_shapes_of(mean)))[: len(SHAPES)]


def moving_together() -> np.ndarray:
    """(52, 52) mean products of the shapes' weights, the same for both sides of the face."""
    speech = listen(read_sound(assets.speech()).waveform)
    total = np.zeros((len(SHAPES), len(SHAPES)))
    takes = list(product(range(ACTORS), NAMES, STRENGTHS))
    for number, (actor, emotion, strength) in enumerate(takes):
        shapes = perform_as(virtual_actor(actor), speech, emotion, strength, number).shapes.astype(np.float64)
        total += shapes.T @ shapes / len(shapes)
    sides = list(MIRROR)
    return (total + total[np.ix_(sides, sides)]) / (2 * len(takes))


if __name__ == "__main__":
    main()

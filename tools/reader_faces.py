"""Faces to learn reading from: portraits that are acted out, drawn, and read off the drawing again.

    python tools/plain_voices.py plain/
    python tools/reader_faces.py plain/synthesised faces/ PORTRAIT... [--by actors|backbone] [--seed 0]

Virtual actors play clips of one feeling and clips that change, the default backbone clips of one feeling. A file a
portrait: `landmarks` (N, 478, 3) of frames that were drawn, `felt` (N, 8) what was acted in them, `clip` (N,). Actors,
takes and strengths are drawn by chance; what is read has the errors of the mesh's own network.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import dicetalk
from dicetalk.arrays import Float64
from dicetalk.backbone import Moves
from dicetalk.data.procedural import VirtualActor, feeling_of, perform_as, virtual_actor
from dicetalk.easing import smoothstep
from dicetalk.emotion.road import EmotionTrack
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.face import follow_face
from dicetalk.media import read_photo, read_sound
from dicetalk.motion.space import Motion, concatenate
from dicetalk.portrait.look import look_of
from dicetalk.portrait.renderer import Renderer
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.speech import Speech, listen
from dicetalk.tracking.tracker import LEAST_SEEN

SIZE = 288
"""Of the drawing [px]."""
EVERY = 10
"""Frames of which one is drawn and read: those between are alike."""
STEADY, STEADY_S = 2, 2.0
"""Clips of each feeling, and their length [s]."""
CHANGES, CHANGING_S, FADE_S = 2, 5.0, 0.6
"""Clips in which the feeling changes, their length, and that of a change [s]."""
PLAYED = 2
"""Clips of each feeling by the backbone."""
WEAKEST = 0.45
"""Strength of a feeling that is shown at all."""


def main() -> None:
    """Draw all portraits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("portraits", nargs="+", type=Path)
    parser.add_argument("--by", choices=("actors", "backbone"), default="actors")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.output.mkdir(exist_ok=True)
    voices = sorted(options.voices.glob("*.wav"))
    play = {"actors": by_actors, "backbone": by_backbone}[options.by]
    for portrait in options.portraits:
        rng = np.random.default_rng([options.seed, *portrait.stem.encode()])
        clips = list(read_again(portrait, play(portrait, voices, rng)))
        names = ("landmarks", "felt", "clip")
        columns = {name: np.concatenate(part) for name, part in zip(names, zip(*clips, strict=True), strict=True)}
        np.savez_compressed(options.output / f"{portrait.stem}-{options.by}-{options.seed}.npz", **columns)
        print(portrait.stem, len(clips), flush=True)


def read_again(portrait: Path, played: Iterator[tuple[Motion, Float64]]) -> Iterator[tuple[np.ndarray, ...]]:
    """What is read of each clip on a portrait, and what was felt in it."""
    look = look_of(read_photo(portrait), None, True, SIZE, True)
    renderer, looked = Renderer(look.portrait, look.face), slice(EVERY // 2, None, EVERY)
    for number, (motion, felt) in enumerate(played):
        seen = Motion(motion.shapes[looked], motion.pose[looked], FPS / EVERY)
        faces = list(follow_face(renderer.render(seen)))
        there = np.array([face is not None for face in faces])
        if there.mean() < LEAST_SEEN:
            continue
        landmarks = np.array([face.landmarks for face in faces if face is not None], np.float32)
        yield landmarks, felt[looked][: len(there)][there].astype(np.float32), np.full(len(landmarks), number)


def by_actors(portrait: Path, voices: list[Path], rng: np.random.Generator) -> Iterator[tuple[Motion, Float64]]:
    """Clips of virtual actors, and what is felt in each frame (T, 8)."""
    for feelings in clips(rng):
        seconds = STEADY_S if len(feelings) == 1 else CHANGING_S
        speech = listen(read_sound(voices[rng.integers(len(voices))]).waveform[: round(seconds * SPEECH_RATE)])
        actor = virtual_actor(int(rng.integers(1 << 30)))
        yield acted(actor, speech, feelings, rng)


def by_backbone(portrait: Path, voices: list[Path], rng: np.random.Generator) -> Iterator[tuple[Motion, Float64]]:
    """Clips of one feeling each as the default backbone acts them, and what is felt in each frame (T, 8)."""
    talk = dicetalk.load()
    assert isinstance(talk.backbone, Moves)
    for name in NAMES * PLAYED:
        sound = read_sound(voices[rng.integers(len(voices))])
        sound = replace(sound, waveform=sound.waveform[: round(STEADY_S * SPEECH_RATE)])
        conditions = talk(portrait, sound, size=SIZE, crop=True, seed=int(rng.integers(1 << 30))).conditions
        felt = np.tile(some(name, rng), (conditions.frames, 1))
        conditions = replace(conditions, emotion=EmotionTrack(felt.astype(np.float32)))
        yield concatenate(list(talk.backbone.act(conditions))), felt


def clips(rng: np.random.Generator) -> Iterator[list[Float64]]:
    """What is felt in each clip: one feeling, or several after one another."""
    for _ in range(STEADY):
        for name in NAMES:
            yield [some(name, rng)]
    for _ in range(CHANGES):
        yield [some(name, rng) for name in rng.permutation(NAMES)[:3]]


def some(name: str, rng: np.random.Generator) -> Float64:
    """(8,) a feeling of any strength that shows."""
    return feeling_of(name, float(rng.uniform(WEAKEST, 1)) if name != NAMES[0] else 1.0)


def acted(
    actor: VirtualActor, speech: Speech, feelings: list[Float64], rng: np.random.Generator
) -> tuple[Motion, Float64]:
    """A clip of feelings of one length each, and what is felt in each frame (T, 8)."""
    seed = int(rng.integers(1 << 30))
    parts = [perform_as(actor, speech, feeling, seed) for feeling in feelings]
    turns = np.arange(1, len(feelings)) * speech.frames / len(feelings)
    shapes, pose = parts[0].shapes, parts[0].pose
    felt = np.tile(feelings[0], (speech.frames, 1))
    for turn, part, feeling in zip(turns, parts[1:], feelings[1:], strict=True):
        share = smoothstep(np.clip((np.arange(speech.frames) - turn) / (FADE_S * FPS) + 1, 0, 1))[:, None]
        shapes, pose = shapes + share * (part.shapes - shapes), pose + share * (part.pose - pose)
        felt = felt + share * (feeling - felt)
    return Motion(shapes, pose), felt


if __name__ == "__main__":
    main()

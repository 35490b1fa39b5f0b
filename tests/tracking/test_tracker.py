"""Motion read off video: what is rendered comes back, what is not seen is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from places import PORTRAITS
from scipy.io import wavfile

import dicetalk
from dicetalk.backbone import Moves
from dicetalk.errors import MediaError, NoFaceError
from dicetalk.media import Picture, VideoWriter, Waveform, read_video
from dicetalk.motion.basis import face_shapes
from dicetalk.motion.resting import reading_statistics
from dicetalk.motion.space import SHAPES, Motion, angles, concatenate, index, rotations
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.tracking import fitting
from dicetalk.tracking.tracker import watch, watch_frames

BOTH_SIDES = ("mouthSmile", "mouthUpperUp", "mouthDimple", "browOuterUp", "noseSneer", "eyeSquint")
MAIN = ("jawOpen", "browInnerUp", *(name + side for name in BOTH_SIDES for side in ("Left", "Right")))
WELL = (
    "mouthShrugLower",
    *(name + side for name in ("cheekSquint", "browDown", "eyeWide") for side in ("Left", "Right")),
)
"""Shapes that are read a little less well: at least .8."""

WOMAN = PORTRAITS / "woman.jpg"


@pytest.fixture(scope="module")
def moods() -> dicetalk.Timeline:
    names = ("neutral", "happy", "angry", "surprised", "sad", "disgusted", "neutral")
    keys = [(1.3 * n + d, name) for n, name in enumerate(names) for d in (0.0, 0.9)]
    return dicetalk.Timeline(keys)


@pytest.fixture(scope="module")
def acted(voice: Waveform, moods: dicetalk.Timeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait saying the demo's speech in six moods, beside its motion."""
    folder = tmp_path_factory.mktemp("acted")
    wavfile.write(folder / "speech.wav", SPEECH_RATE, voice)
    video = dicetalk.load("rules")(WOMAN, folder / "speech.wav", emotion=moods, size=400, crop=True, seed=1)
    video.save(folder / "clip.mp4")
    assert isinstance(video.backbone, Moves)
    motion = concatenate(list(video.backbone.act(video.conditions)))
    np.save(folder / "motion.npy", np.column_stack([motion.shapes, motion.pose]))
    return folder


def test_what_is_rendered_is_read_again(acted: Path) -> None:
    told = np.load(acted / "motion.npy")
    sight = watch(acted / "clip.mp4")
    read = np.column_stack([sight.motion.shapes, sight.motion.pose])
    assert read.shape == told.shape
    assert sight.seen.all()
    found = {name: np.corrcoef(told[:, index(name)], read[:, index(name)])[0, 1] for name in (*MAIN, *WELL)}
    assert np.mean([found[name] for name in MAIN]) >= 0.9, found
    assert min(found[name] for name in MAIN) >= 0.85, found  # smile and dimple of one side look alike
    # Brows are drawn a fifth less far than they were until 2026-11-26, for likeness, and read as much less surely.
    assert min(found[name] for name in WELL) >= 0.78, found
    turns = [np.corrcoef(told[:, 52 + k], read[:, 52 + k])[0, 1] for k in (0, 2)]
    assert min(turns) >= 0.9, turns


@pytest.mark.slow
def test_a_blink_is_seen(acted: Path) -> None:
    told = np.load(acted / "motion.npy")[:, index("eyeBlinkLeft")]
    read = watch(acted / "clip.mp4").motion.column("eyeBlinkLeft")
    steady = slice(0, 75)  # neutral and happy, whose lids are open
    shut = np.flatnonzero((told > 0.8) & (np.roll(told, 1) <= 0.8))
    shut = shut[shut < steady.stop]
    assert len(shut) >= 1
    assert all(read[max(s - 3, 0) : s + 6].max() > 0.4 for s in shut)


@pytest.mark.slow
def test_nothing_comes_late(acted: Path) -> None:
    told = np.load(acted / "motion.npy")[:, index("jawOpen")]
    read = watch(acted / "clip.mp4").motion.column("jawOpen")
    lags = range(-4, 5)
    likeness = [np.corrcoef(told[8:-8], np.roll(read, -lag)[8:-8])[0, 1] for lag in lags]
    assert abs(lags[int(np.argmax(likeness))]) <= 1


def test_angles_undo_rotations() -> None:
    pose = np.random.default_rng(0).uniform(-0.6, 0.6, (20, 6)).astype(np.float32)
    assert np.allclose(angles(rotations(pose).astype(np.float64)), pose[:, :3], atol=1e-5)


def landmarks_of(shapes: NDArray[Any], turn: NDArray[Any] | None = None) -> NDArray[Any]:
    """(T, 478, 3) what a camera sees of the mean face with shapes (T, 52)."""
    usual = reading_statistics()["usual"]
    delta = fitting.face_shapes_of(face_shapes()["neutral"])
    mesh = face_shapes()["neutral"] + np.tensordot(usual + shapes, delta, axes=1)
    irises = np.zeros((len(mesh), 10, 3))
    for k, corners in enumerate(((33, 133), (263, 362))):
        irises[:, 5 * k : 5 * k + 5] = mesh[:, list(corners)].mean(1)[:, None]
    points = np.concatenate([mesh, irises], axis=1)
    if turn is not None:
        points = points @ turn.T
    return 80 * points + np.array([300.0, 250.0, 0.0])


def test_size_place_and_hold_of_the_head_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    shapes = np.zeros((40, len(SHAPES)))
    shapes[:, index("jawOpen")] = rng.uniform(0, 0.6, 40).cumsum() % 0.6
    shapes[:, [index("mouthSmileLeft"), index("mouthSmileRight")]] = np.linspace(0, 0.8, 40)[:, None]
    straight = fitting.read_landmarks(landmarks_of(shapes))
    turn = rotations(np.array([[0.3, -0.1, 0.2, 0, 0, 0]], np.float32))[0].astype(np.float64)
    turned = fitting.read_landmarks(1.7 * landmarks_of(shapes, turn) - 55)
    assert np.abs(straight.shapes - turned.shapes).max() < 0.02
    assert np.abs(turned.pose[:, :3]).max() < 0.02  # relative to how it is held


def test_lasting_expression_is_not_taken_for_the_resting_face() -> None:
    shapes = np.zeros((40, len(SHAPES)))
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "eyeWideLeft", "eyeWideRight"):
        shapes[:, index(name)] = 0.8
    read = fitting.read_landmarks(landmarks_of(shapes))
    assert read.column("browInnerUp").mean() > 0.34
    still = fitting.read_landmarks(landmarks_of(np.zeros((40, len(SHAPES)))))
    assert still.shapes.max() < 0.05


@pytest.mark.parametrize("frames", [1, 2, 5, 6])
def test_short_clips(frames: int) -> None:
    read = fitting.read_landmarks(landmarks_of(np.zeros((frames, 52))))
    assert len(read) == frames and np.isfinite(read.shapes).all() and np.isfinite(read.pose).all()


def test_a_face_that_hides_for_a_moment(acted: Path, no_face: Picture) -> None:
    frames = list(read_video(acted / "clip.mp4"))[:60]
    nobody = np.zeros_like(frames[0])
    sight = watch_frames([*frames[:20], *[nobody] * 8, *frames[28:]])
    assert sight is not None
    assert len(sight.motion) == 60
    assert not sight.seen[20:28].any()
    assert sight.seen[:20].all()
    assert np.isfinite(sight.motion.shapes).all()


def test_a_video_without_a_face_is_refused(tmp_path: Path, no_face: Picture) -> None:
    path = tmp_path / "empty.mp4"
    with VideoWriter(path, width=320, height=240) as video:
        video.write(np.stack([no_face] * 5))
    with pytest.raises(NoFaceError, match=r"shows no face in most of its frames"):
        watch(path)


def test_sound_alone_is_refused(speech: Path) -> None:
    with pytest.raises(MediaError, match="no pictures"):
        watch(speech)


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_any_rate_becomes_25(tmp_path: Path, fps: int) -> None:
    """Two seconds whose brightness says what time it is."""
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, width=32, height=32, fps=fps, quality=100) as video:
        for n in range(2 * fps):
            video.write(np.full((32, 32, 3), round(20 + 200 * n / (2 * fps)), np.uint8))
    levels = [float(frame.mean()) for frame in read_video(path, fps=FPS)]
    assert len(levels) == 2 * FPS
    times = (np.array(levels) - 20) / 100
    shown = np.floor((np.arange(2 * FPS) + 0.5) / FPS * fps) / fps
    assert np.abs(times - shown).max() < 1.2 / FPS  # H.264 in limited range keeps levels to about 3 of 255
    assert len(list(read_video(path))) == 2 * fps


def test_motion_is_what_the_renderer_takes(acted: Path) -> None:
    sight = watch(acted / "clip.mp4", every=2)
    assert isinstance(sight.motion, Motion)
    whole = watch(acted / "clip.mp4").motion
    assert len(sight.motion) - len(whole) in (0, 1)
    jaws = [motion.column("jawOpen")[: len(whole)] for motion in (sight.motion, whole)]
    assert np.corrcoef(jaws[0], jaws[1])[0, 1] > 0.9  # every second frame tells nearly the same

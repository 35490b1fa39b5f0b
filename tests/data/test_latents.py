"""Files of latents: windows out of them, motion buckets, and what is no such file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("diffusers")
from latents_made import made_latents
from safetensors.numpy import load_file

from dicetalk.data.latents import motion_buckets, read_clips, read_portrait, read_window, write_latents
from dicetalk.errors import InputError
from dicetalk.svd.preprocess import speech_length, speech_windows


def test_windows_are_what_the_file_holds(tmp_path: Path) -> None:
    clip = read_clips([made_latents(tmp_path)])[0]
    whole = load_file(clip.path)
    window = read_window(clip, 3, 5)
    np.testing.assert_array_equal(window.images, whole["images"][3:8])
    image, face = read_portrait(clip, 9)
    np.testing.assert_array_equal(image, whole["images"][9])
    np.testing.assert_array_equal(face, whole["faces"][9])
    assert window.region.shape == (1, 64, 64) and window.region.max() == 1 and window.prior is None


def test_speech_is_cut_as_in_use(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    clip = read_clips([made_latents(tmp_path)])[0]
    rows = torch.from_numpy(load_file(clip.path)["rows"]).float()
    expected = speech_windows(rows, speech_length(clip.frames * 2 * 640))
    for first, count in ((0, 12), (0, 4), (5, 7)):
        np.testing.assert_array_equal(read_window(clip, first, count).speech, expected[first : first + count])


def test_tensors_are_written_however_they_lie_in_memory(tmp_path: Path) -> None:
    clip = read_clips([made_latents(tmp_path)])[0]
    whole = load_file(clip.path)
    write_latents(clip, {name: np.asfortranarray(tensor) for name, tensor in whole.items()})
    for name, tensor in load_file(clip.path).items():
        np.testing.assert_array_equal(tensor, whole[name])


def test_a_window_longer_than_the_clip_ends_in_its_last_frame_and_silence(tmp_path: Path) -> None:
    clip = read_clips([made_latents(tmp_path)])[0]
    window = read_window(clip, 0, 16)
    assert len(window.images) == len(window.speech) == 16
    np.testing.assert_array_equal(window.images[12:], np.repeat(window.images[11:12], 4, 0))
    assert (window.speech[14:] == 0).all()


def test_buckets_grow_with_motion_and_know_head_from_face() -> None:
    rng = np.random.default_rng(0)
    resting = np.tile(rng.uniform(0, 100, (1, 9, 2)), (25, 1, 1)).astype(np.float32)
    assert motion_buckets(resting) == pytest.approx((0, 0), abs=1e-3)
    moved = resting + rng.standard_normal((25, 1, 2)).astype(np.float32)
    head, face = motion_buckets(moved)
    assert head > 0 and face == pytest.approx(0, abs=1e-3)
    talking = resting.copy()
    talking[:, 1:] += rng.standard_normal((25, 8, 2)).astype(np.float32)
    head, face = motion_buckets(talking)
    assert head == pytest.approx(0, abs=1e-3) and face > 1
    assert motion_buckets(resting + 100 * (moved - resting))[0] == 128


def test_what_cannot_be_learned_from_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no latents"):
        read_clips([tmp_path])
    clips = read_clips([made_latents(tmp_path / "one")])
    with pytest.raises(InputError, match="2 checkpoints"):
        read_clips([tmp_path / "one", made_latents(tmp_path / "two", encoder="other")])
    write_latents(replace(clips[1], emotion="merry"), load_file(clips[1].path))
    with pytest.raises(InputError, match="merry"):
        read_clips([tmp_path / "one"])
    clips[0].path.write_bytes(clips[0].path.read_bytes()[:5000])
    with pytest.raises(InputError, match="damaged"):
        read_clips([tmp_path / "one"])
    with pytest.raises(InputError, match="damaged"):
        read_window(clips[0], 0, 4)

"""Preprocessing against the published numbers; where the published behaviour is wrong, ours differs and says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from golden_data import PUBLIC, facts, needs_golden, tensors
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dicetalk.svd.preprocess import (
    output_size,
    picture_inputs,
    published_crop,
    published_length,
    speech_length,
    speech_windows,
)


@needs_golden
def test_sizes_are_the_published_ones() -> None:
    for told in facts("preprocess")["output_size_rule_512"]:
        assert output_size(told["width"], told["height"]) == (told["out_w"], told["out_h"])


@needs_golden
def test_crops_are_the_published_ones() -> None:
    for told in facts("preprocess")["process_bbox"]:
        found = published_crop(tuple(told["bbox"]), told["width"], told["height"], told["expand_ratio"])
        assert list(found) == told["out"], told


def golden_picture(name: str) -> tuple[dict[str, Any], Any]:
    told = facts("preprocess")["image"][name]
    left, top, width, height = told["detector_xywh"]
    picture = np.array(Image.open(PUBLIC / told["file"]).convert("RGB"))
    box = (left, top, left + width, top + height)
    return told, picture_inputs(picture, box, told["image_size"], told["area"])


@needs_golden
@pytest.mark.parametrize("name", ["img_a", "img_b", "img_c", "img_d"])
def test_pictures_and_masks_are_the_published_ones(name: str) -> None:
    told, found = golden_picture(name)
    stored = tensors("preprocess")
    assert list(found.picture.shape[1:]) == told["out_hw"]
    picture = ((found.picture + 1) / 2 * 255).round().byte()
    # Exact with the Pillow that made the set; one grey level is allowed elsewhere.
    assert (picture.int() - stored[f"{name}.ref_img_u8"].int()).abs().max() <= 1
    assert ((found.mask[0] * 255).round().int() - stored[f"{name}.face_mask_u8"].int()).abs().max() <= 1


@needs_golden
@pytest.mark.parametrize("name", ["img_a", "img_b", "img_c", "img_d"])
def test_clip_pictures_are_the_published_ones(name: str) -> None:
    told, found = golden_picture(name)
    np.testing.assert_allclose(found.clip.mean((1, 2)), told["clip_mean"], atol=1e-6)
    np.testing.assert_allclose(found.clip.std((1, 2), correction=0), told["clip_std"], atol=1e-4)
    stride = {"img_a": 2, "img_b": 16}.get(name)
    if stride:
        expected = tensors("preprocess")[f"{name}.clip_images"]
        torch.testing.assert_close(found.clip[:, ::stride, ::stride], expected, rtol=1e-5, atol=1e-5)


@needs_golden
def test_lengths_are_the_published_ones() -> None:
    for told in facts("preprocess")["audio_length"]:
        if "error" not in told:
            found = published_length(told["samples_16k"])
            assert (found.latent_frames, found.frames) == (told["video_frames_12p5"], told["frames_after_rife"])
            assert found.rows == 2 * told["audio_len_25fps"]


@needs_golden
@pytest.mark.parametrize("units", ["2", "3", "7", "50", "760"])
def test_windows_hold_the_published_rows(units: str) -> None:
    told = facts("preprocess")["audio_windows"][units]
    length = published_length(int(units) * 640)
    assert length.latent_frames == told["video_frames"]
    rows = torch.arange(1, length.rows + 1).float()[:, None, None]  # row r holds r + 1, padding holds 0
    found = speech_windows(rows, length)[:, :, 0, 0].int() - 1
    if "token_index_all" in told:
        assert found.tolist() == told["token_index_all"]
    else:
        assert found[372:379].tolist() == told["token_index_frames_372_to_378"]
    assert found[:3].tolist() == told["token_index_first3"]
    assert found[-3:].tolist() == told["token_index_last3"]


@given(st.integers(1, 2_000_000))
def test_our_length_covers_all_of_the_sound(samples: int) -> None:
    length = speech_length(samples)
    assert 0 <= length.frames - samples / 640 < 1
    assert 0 <= length.frames - (2 * length.latent_frames - 1) <= 1
    if samples >= 1280:
        published = published_length(samples)
        assert published.frames <= length.frames <= published.frames + 3 and length.rows == published.rows


@given(st.integers(1280, 40_000))
def test_shared_frames_see_the_same_rows_as_published(samples: int) -> None:
    rows = torch.arange(1, 2 * (samples // 640) + 4).float()[:, None, None]
    published, ours = published_length(samples), speech_length(samples)
    theirs = speech_windows(rows, published)
    torch.testing.assert_close(speech_windows(rows, ours)[: len(theirs)], theirs)

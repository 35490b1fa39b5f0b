"""Speech projector and face-region encoder against the published computation."""

from __future__ import annotations

import pytest
import torch
from golden_data import facts, needs_golden, recipe, recipe_weights, relative, stored_weights, tensors
from torch import Tensor

from dicetalk.svd.projectors import FaceRegionEncoder, SpeechProjector

TOLERANCE = 1e-5  # float32, one call: the golden set's own tolerance for modules


@needs_golden
@torch.inference_mode()
def test_speech_tokens_small() -> None:
    config = facts("modules")["modules"]["audio_proj_small"]["config"]
    projector = SpeechProjector(
        config["seq_len"],
        config["blocks"],
        config["channels"],
        config["intermediate_dim"],
        config["context_tokens"],
        config["output_dim"],
    )
    projector.load_state_dict(stored_weights("audio_proj_small"))
    data = tensors("audio_proj_small")
    assert relative(projector(data["input"]), data["out"]) < TOLERANCE
    assert relative(projector(torch.zeros(1, 1, 4, 3, 20)), data["zeros.out"]) < TOLERANCE


@pytest.mark.slow
@needs_golden
@torch.inference_mode()
def test_speech_tokens_at_the_published_size() -> None:
    told = facts("modules")["modules"]["audio_proj_full"]
    with torch.device("meta"):
        projector = SpeechProjector()
    projector.load_state_dict(recipe_weights("audio_proj_full", told["weight_seed"], told["gain"]), assign=True)
    data = tensors("audio_proj_full")
    assert relative(projector(data["x.input"]), data["x.out"]) < TOLERANCE
    assert relative(projector(torch.zeros(1, 1, 10, 5, 384))[:, :, :4], data["zeros.out"]) < TOLERANCE
    clip = torch.from_numpy(recipe()["normalish"]("aud.clip", (1, 3, 10, 5, 384), facts("modules")["base_seed"], 2.0))
    assert relative(projector(clip)[:, :, :4], data["clip.out"]) < TOLERANCE


def encode(encoder: FaceRegionEncoder, masks: Tensor) -> Tensor:
    return encoder(masks[0].transpose(0, 1)).transpose(0, 1)[None]


@needs_golden
@torch.inference_mode()
def test_face_region_small() -> None:
    encoder = FaceRegionEncoder(32, (8, 12, 16, 24))
    encoder.load_state_dict(stored_weights("pose_guider_small"))
    data = tensors("pose_guider_small")
    assert relative(encode(encoder, data["input"]), data["out"]) < TOLERANCE


@needs_golden
@torch.inference_mode()
def test_face_region_at_the_published_size() -> None:
    told = facts("modules")["modules"]["pose_guider_full"]
    encoder = FaceRegionEncoder()
    encoder.load_state_dict(recipe_weights("pose_guider_full", told["weight_seed"], told["gain"]))
    data = tensors("pose_guider_full")
    assert relative(encode(encoder, data["input"]), data["out"]) < TOLERANCE


def test_a_fresh_face_region_encoder_changes_nothing() -> None:
    assert not FaceRegionEncoder(8, (2, 3, 4, 5))(torch.rand(1, 3, 16, 24)).any()

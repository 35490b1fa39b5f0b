"""The frozen networks: the installed libraries still compute the published numbers, and ours around them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLTemporalDecoder
from golden_data import PUBLIC, facts, needs_golden, recipe, relative, tensors
from golden_networks import tiny_vae
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import wavfile
from svd_tiny import VAE, random_state
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, WhisperConfig, WhisperModel

from dicetalk.svd.encoders import crossfade, decode_latents, encode_picture, encode_speech, log_mel

TINY_WHISPER = {"encoder_layers": 2, "decoder_layers": 1, "d_model": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}


def recipe_state(model: torch.nn.Module, seed: int, skip: str = "-") -> None:
    make = recipe()["weight"]
    state = {
        k: v if skip in k else torch.from_numpy(make(k, tuple(v.shape), seed)).to(v.dtype)
        for k, v in model.state_dict().items()
        if v.is_floating_point()
    }
    model.load_state_dict(state, strict=False)


@needs_golden
def test_the_spectrogram_is_the_published_one() -> None:
    rate, wave = wavfile.read(PUBLIC / "tone.wav")
    assert rate == 16000
    mel = log_mel(wave.astype(np.float32) / 32768)
    assert mel.shape == (1, 80, 3000)
    assert relative(mel[0, :, :96], tensors("preprocess")["tone.mel_first_96_frames"]) < 1e-5


@needs_golden
@torch.inference_mode()
def test_whisper_gives_the_published_states() -> None:
    told = facts("extras")
    encoder = WhisperModel(WhisperConfig(**told["whisper_config"])).encoder.eval()
    recipe_state(encoder, told["base_seed"] + 1, skip="embed_positions")
    mel = torch.from_numpy(recipe()["normalish"]("whisper.mel", (1, 80, 3000), told["base_seed"], 0.5))
    states = torch.stack(encoder(mel, output_hidden_states=True).hidden_states, 2)
    expected = tensors("extras")["whisper.hidden_states_tokens_0_1_2_749_1498_1499"]
    assert relative(states[:, [0, 1, 2, 749, 1498, 1499]], expected) < 1e-5


@needs_golden
@torch.inference_mode()
def test_clip_gives_the_published_embedding() -> None:
    told = facts("extras")
    clip = CLIPVisionModelWithProjection(CLIPVisionConfig(**told["clip_config"])).eval()
    recipe_state(clip, told["base_seed"] + 2)
    picture = torch.from_numpy(recipe()["normalish"]("clip.in", (2, 3, 224, 224), told["base_seed"]))
    assert relative(clip(picture).image_embeds, tensors("extras")["clip.image_embeds"]) < 1e-5


@needs_golden
@torch.inference_mode()
@pytest.mark.parametrize(("chunk", "name"), [(7, "vae.decode_7_frames"), (4, "vae.decode_4_then_3")])
def test_the_vae_decodes_as_published(chunk: int, name: str) -> None:
    vae = tiny_vae()
    z = torch.from_numpy(recipe()["normalish"]("vae.z", (7, 4, 8, 8), facts("extras")["base_seed"]))
    frames = torch.cat(list(decode_latents(vae, z * vae.config.scaling_factor, chunk)))
    assert relative(frames[..., ::2, ::2], tensors("extras")[name]) < 1e-5


@needs_golden
def test_the_vae_encodes_as_published() -> None:
    picture = torch.from_numpy(recipe()["uniform"]("vae.img", (1, 3, 64, 64), facts("extras")["base_seed"]))
    assert relative(encode_picture(tiny_vae(), picture[0]), tensors("extras")["vae.encode_mean"]) < 1e-5


def tiny_whisper() -> torch.nn.Module:
    torch.manual_seed(0)
    return WhisperModel(
        WhisperConfig(**TINY_WHISPER, encoder_attention_heads=2, decoder_attention_heads=2)
    ).encoder.eval()


def own_vae() -> AutoencoderKLTemporalDecoder:
    vae = AutoencoderKLTemporalDecoder.from_config(VAE).eval()
    vae.load_state_dict(random_state(vae, torch.Generator().manual_seed(0)))
    return vae


@pytest.mark.parametrize(("dtype", "off"), [(torch.float16, 1e-2), (torch.bfloat16, 8e-2)])
@torch.inference_mode()
def test_the_vae_in_half_precision_stays_near(dtype: torch.dtype, off: float) -> None:
    """Its encoder works in float32 whatever the weights are, and leaves them as they were."""
    vae, half = own_vae(), own_vae().to(dtype)
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(3, 16, 16, generator=generator) * 2 - 1
    assert relative(encode_picture(half, picture), encode_picture(vae, picture)) < off
    assert {p.dtype for p in half.parameters()} == {dtype}
    latents = torch.randn(3, 4, 2, 2, generator=generator)
    one, other = (torch.cat(list(decode_latents(net, latents, 2))) for net in (half, vae))
    assert one.dtype == dtype and 0 < relative(one.float(), other) < off


def test_long_speech_has_no_seam() -> None:
    rng = np.random.default_rng(0)
    wave = (rng.standard_normal(62 * 16000) * np.sin(np.arange(62 * 16000) / 3000)).astype(np.float32) * 0.1
    encoder = tiny_whisper()
    rows = encode_speech(encoder, wave)
    assert len(rows) >= 62 * 50
    step = (rows[1 : 62 * 50] - rows[: 62 * 50 - 1]).flatten(1).norm(dim=1)
    joins = torch.cat([step[25 * 50 : 30 * 50], step[50 * 50 : 55 * 50]])
    assert joins.max() <= 1.05 * step[5 * 50 : 25 * 50].max()


def test_short_speech_is_encoded_at_once() -> None:
    wave = np.random.default_rng(0).standard_normal(16000).astype(np.float32) * 0.1
    assert encode_speech(tiny_whisper(), wave).shape == (1500, 3, 16)


@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_a_crossfade_of_equal_parts_is_the_whole(before: int, after: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(max(0, before - after), before))
    whole = torch.randn(start + after if start + after > before else before, 2)
    joined = crossfade(whole[:before], whole[start : start + after], start)
    torch.testing.assert_close(joined, whole[: max(before, start + after)])

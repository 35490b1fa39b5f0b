"""The frozen networks around the denoiser: whisper for speech, CLIP and the VAE for the picture. All stock
libraries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLTemporalDecoder
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection, WhisperFeatureExtractor

from dicetalk.arrays import Float32
from dicetalk.rates import SAMPLES_PER_ROW, SPEECH_RATE

CHUNK = 30 * SPEECH_RATE
OVERLAP = 5 * SPEECH_RATE


def log_mel(waveform: Float32) -> Tensor:
    """Log-mel spectrogram of at most 30 s of sound at 16 kHz, padded with silence to 30 s, `(1, 80, 3000)`."""
    extractor = WhisperFeatureExtractor()
    features = extractor(waveform, sampling_rate=SPEECH_RATE, return_tensors="np")["input_features"]
    return torch.from_numpy(np.asarray(features, np.float32))


@torch.inference_mode()
def encode_chunk(encoder: nn.Module, waveform: Float32) -> Tensor:
    """All hidden states of whisper's encoder for at most 30 s of sound, 50 rows a second, `(1500, layers + 1,
    width)`."""
    like = next(encoder.parameters())
    states: Any = encoder(log_mel(waveform).to(like), output_hidden_states=True)
    return torch.stack(states.hidden_states, 2)[0]


def encode_speech(encoder: nn.Module, waveform: Float32) -> Tensor:
    """Speech features of sound of any length, 50 rows a second.

    Up to 30 s go through the encoder at once, as published. Longer sound is cut into pieces of 30 s that share
    5 s with the next,
    and fades from one to the other there, so that no seam is left.

    Args:
        encoder: whisper's encoder.
        waveform: sound at 16 kHz, `(samples,)`.

    Returns:
        `(R, layers + 1, width)` on the processor's memory, with at least one row per 320 samples.
    """
    out: Tensor | None = None
    for start in range(0, max(len(waveform) - OVERLAP, 1), CHUNK - OVERLAP):
        rows = encode_chunk(encoder, waveform[start : start + CHUNK]).float().cpu()
        out = rows if out is None else crossfade(out, rows, start // SAMPLES_PER_ROW)
    assert out is not None
    return out


def crossfade(before: Tensor, after: Tensor, start: int) -> Tensor:
    """Append `after (M, ...)` to `before (N, ...)` from row `start <= N` on, fading over the rows that both have."""
    shared = len(before) - start
    ramp = ((torch.arange(shared) + 1) / (shared + 1)).view(-1, *[1] * (before.ndim - 1))
    faded = before[start:] * (1 - ramp) + after[:shared] * ramp
    return torch.cat([before[:start], faded, after[shared:]])


@torch.inference_mode()
def embed_picture(clip: CLIPVisionModelWithProjection, picture: Tensor) -> Tensor:
    """CLIP embedding `(1, D)` of a normalised picture `(3, 224, 224)`."""
    embeds: Tensor = clip(picture[None].to(clip.device, clip.dtype)).image_embeds
    return embeds


@torch.inference_mode()
def encode_picture(vae: AutoencoderKLTemporalDecoder, picture: Tensor) -> Tensor:
    """Latents of a picture `(3, H, W)` in [-1, 1]: the mode of the VAE, unscaled, `(1, 4, H/8, W/8)`, float32.

    The encoder overflows in float16, so that it works in float32 whatever the weights are stored as.
    """
    dtype = vae.dtype
    for part in (vae.encoder, vae.quant_conv):
        part.to(torch.float32)
    mode: Tensor = vae.encode(picture[None].to(vae.device, torch.float32)).latent_dist.mode()
    for part in (vae.encoder, vae.quant_conv):
        part.to(dtype)
    return mode


@torch.inference_mode()
def decode_latents(vae: AutoencoderKLTemporalDecoder, latents: Tensor, chunk: int) -> Iterator[Tensor]:
    """Decode latents `(T, 4, h, w)`, scaled as they are denoised, in chunks of frames.

    Frames of one chunk see each other, so that the cut changes the result: 10 as published.

    Yields:
        Frames `(t, 3, H, W)`, about -1 to 1, not clamped.
    """
    for part in latents.split(chunk):
        scaled = (part / vae.config.scaling_factor).to(vae.device, vae.dtype)
        yield vae.decode(scaled, num_frames=len(part)).sample

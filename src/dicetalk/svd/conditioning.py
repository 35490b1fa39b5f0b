"""From portrait, face, speech and emotion to everything the denoiser knows about a clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as fn

from dicetalk.arrays import Int16
from dicetalk.emotion import road
from dicetalk.emotion.bank import EmotionBank
from dicetalk.emotion.road import EmotionTrack, NamedPriors
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.rates import LATENT_FPS
from dicetalk.svd.checkpoint import SvdModules
from dicetalk.svd.denoiser import ClipConditions, TokenTable
from dicetalk.svd.encoders import embed_picture, encode_picture, encode_speech
from dicetalk.svd.placement import Placement
from dicetalk.svd.preprocess import PictureInputs, SpeechLength, speech_windows

TIME_IDS = (LATENT_FPS, 8.0, 16.0)
"""Frames a second, head-motion bucket, expression-motion bucket, as published."""
WINDOWS_AT_ONCE = 64


def emotion_priors(emotion: EmotionTrack, stored: NamedPriors, length: SpeechLength) -> Tensor:
    """One prior per denoised frame.

    Args:
        emotion: what is felt at 25 frames a second.
        stored: the checkpoint's own.
        length: of the clip.

    Returns:
        `(latent_frames, 256)`.
    """
    frames = np.minimum(2 * np.arange(length.latent_frames), len(emotion) - 1)
    return torch.from_numpy(road.priors(emotion, stored)[frames])


@torch.inference_mode()
def emotion_tokens(bank: EmotionBank, priors: Tensor) -> Tensor:
    """Tokens `(N, L, D)` of priors `(N, 256)`; see `road.tokens`."""
    return road.tokens(bank, priors)


@torch.inference_mode()
def no_emotion_tokens(bank: EmotionBank, kind: str, neutral: Tensor) -> Tensor:
    """Tokens `(L, D)` that stand for "no emotion" in the guidance, see `EmotionBank.no_emotion`."""
    return bank.no_emotion(kind, neutral)


@torch.inference_mode()
def speech_tokens(
    modules: SvdModules, waveform: Int16, length: SpeechLength, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Tokens per denoised frame `(N, L, D)`, and the tokens of no speech `(L, D)`."""
    rows = encode_speech(modules.speech_encoder, waveform.astype(np.float32) / np.float32(32768))
    windows = speech_windows(rows, length).to(device)
    projector = modules.speech_projector
    tokens = torch.cat([projector(part[None])[0] for part in windows.split(WINDOWS_AT_ONCE)])
    silence = projector(torch.zeros_like(windows[:1])[None])[0, 0]
    return tokens, silence


@dataclass(frozen=True, eq=False)
class ClipInputs:
    """One clip as it comes in.

    Attributes:
        picture: the portrait as the networks read it.
        waveform: speech, int16 at 16 kHz, `(samples,)`.
        emotion: what is felt at 25 frames a second.
        length: of the clip.
        padding: frames beyond the clip, without speech and emotion.
    """

    picture: PictureInputs
    waveform: Int16
    emotion: EmotionTrack
    length: SpeechLength
    padding: int


@torch.inference_mode()
def prepare_clip(modules: SvdModules, placement: Placement, clip: ClipInputs, no_emotion: str) -> ClipConditions:
    """Run every network that runs once per clip; with low memory each is on the device only while it runs.

    Args:
        modules: the networks.
        placement: where they run.
        clip: what comes in.
        no_emotion: what "no emotion" means, see `no_emotion_tokens`.
    """
    device, dtype = placement.device, placement.dtype
    with placement.use(modules.clip):
        image = embed_picture(modules.clip, clip.picture.clip)
    with placement.use(modules.vae):
        latents = encode_picture(modules.vae, clip.picture.picture)
    with placement.use(modules.face_region):
        region = modules.face_region(clip.picture.mask.expand(1, 3, -1, -1).to(device, dtype))[:, None]
    with placement.use(modules.speech_encoder), placement.use(modules.speech_projector):
        speech, silence = speech_tokens(modules, clip.waveform, clip.length, device)
    with placement.use(modules.bank):
        felt = emotion_priors(clip.emotion, modules.priors, clip.length).to(device)
        emotion = emotion_tokens(modules.bank, felt)
        neutral = modules.priors.means[modules.priors.names.index(NEUTRAL)]
        nothing = no_emotion_tokens(modules.bank, no_emotion, torch.from_numpy(neutral).to(device))
    return ClipConditions(
        latents.float(),
        image.float(),
        TokenTable.build(speech.to(dtype), silence.to(dtype), clip.padding),
        TokenTable.build(emotion.to(dtype), nothing.to(dtype), clip.padding),
        torch.tensor([TIME_IDS], device=device),
        clip.picture.mask[None].to(device),
        region,
    )


def latent_preview(clean: Tensor) -> Tensor:
    """A rough look at clean latents `(T, 4, h, w)` without decoding: uint8 `(T, 3, h, w)`.

    A linear fit of colours to the four channels; good enough to see whether a face is there and how it moves.
    """
    colours = clean.new_tensor(
        [[0.298, 0.207, 0.208], [0.187, 0.286, 0.173], [-0.158, 0.189, 0.264], [-0.184, -0.271, -0.473]]
    )
    rgb = torch.einsum("tchw,cr->trhw", clean, colours)
    return fn.hardtanh(rgb, -1, 1).add(1).mul(127.5).byte()

"""From a picture and speech features to what the svd networks read, with the published numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from dicetalk.media import Picture, frame_count
from dicetalk.rates import FRAMES_PER_LATENT, ROWS_PER_FRAME, ROWS_PER_LATENT, SAMPLES_PER_FRAME

Box = tuple[float, float, float, float]
"""Left, top, right, bottom [px]."""

SIDE_MULTIPLE = 64
CLIP_SIDE = 224
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

ROWS_BEFORE, ROWS_AFTER = 4, 6
"""Rows of speech features in the window of a denoised frame, before its own first one and from there on."""


@dataclass(frozen=True)
class PictureInputs:
    """One portrait as the networks read it.

    Attributes:
        picture: `(3, H, W)` in [-1, 1], H and W multiples of 64.
        clip: `(3, 224, 224)`, normalised for CLIP.
        mask: the face region, `(1, H, W)` in [0, 1], soft at its edges.
    """

    picture: Tensor
    clip: Tensor
    mask: Tensor


def output_size(width: int, height: int, short: int = 512) -> tuple[int, int]:
    """Width and height [px] with the short side at `short` and both rounded to multiples of 64."""
    scale = short / min(width, height)
    wide, high = (max(1, round(side * scale / SIDE_MULTIPLE)) * SIDE_MULTIPLE for side in (width, height))
    return wide, high


def published_crop(box: Box, width: int, height: int, expand: float) -> tuple[int, int, int, int]:
    """The square around a face as the published preprocessing cuts it, rounding included (it can be off square
    by 1 px).

    Args:
        box: the face [px].
        width: width of the picture [px].
        height: height of the picture [px].
        expand: how much of the face's size to add on each side.
    """
    left, top, right, bottom = box
    grow_x, grow_y = expand * (right - left), expand * (bottom - top)
    room_x = min(right + grow_x, width) - max(left - grow_x, 0)
    room_y = min(bottom + grow_y, height) - max(top - grow_y, 0)
    side = min(room_x, room_y)
    x = min(max((left + right - side) / 2, 0), width - side)
    y = min(max((top + bottom - side) / 2, 0), height - side)
    return round(x), round(y), round(x + side), round(y + side)


def face_region(box: Box, width: int, height: int, grow: float = 1.1) -> Picture:
    """White where the face is, black elsewhere, `(H, W)`: the face's box times `grow`, in whole pixels as published."""
    left, top, right, bottom = box
    x, y = int((left + right) / 2), int((top + bottom) / 2)
    half_x, half_y = int((right - left) * grow) // 2, int((bottom - top) * grow) // 2
    region = np.zeros((height, width), np.uint8)
    region[max(y - half_y, 0) : max(y + half_y, 0), max(x - half_x, 0) : max(x + half_x, 0)] = 255
    return region


def picture_inputs(picture: Picture, box: Box, short: int = 512, grow: float = 1.1) -> PictureInputs:
    """Prepare a portrait `(H, W, 3)` with its face `box` [px]; the short side becomes `short` [px]."""
    size = output_size(picture.shape[1], picture.shape[0], short)
    resized = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    region = Image.fromarray(face_region(box, picture.shape[1], picture.shape[0], grow))
    squashed = resized.resize((CLIP_SIDE, CLIP_SIDE), Image.Resampling.LANCZOS)
    mean, std = (torch.tensor(x)[:, None, None] for x in (CLIP_MEAN, CLIP_STD))
    return PictureInputs(
        as_tensor(resized) * 2 - 1,
        (as_tensor(squashed) - mean) / std,
        as_tensor(region.resize(size, Image.Resampling.LANCZOS)),
    )


def as_tensor(image: Image.Image) -> Tensor:
    """A picture as `(channels, H, W)` in [0, 1]."""
    array = np.array(image)
    return torch.from_numpy(array.reshape(*array.shape[:2], -1)).permute(2, 0, 1).float() / 255


@dataclass(frozen=True)
class SpeechLength:
    """How long a recording is in frames.

    Attributes:
        frames: frames of the video at 25 a second.
        latent_frames: frames that are denoised at 12.5 a second.
        rows: rows of speech features that carry sound, 50 a second; what follows counts as silence.
    """

    frames: int
    latent_frames: int
    rows: int


def speech_length(samples: int) -> SpeechLength:
    """Lengths that cover all of the sound, never more than a frame longer. `samples` at 16 kHz.

    An even number of frames ends with its last frame twice: one more denoised frame could cost a whole window.
    """
    frames = max(1, frame_count(samples))
    return SpeechLength(frames, -(-frames // FRAMES_PER_LATENT), samples // SAMPLES_PER_FRAME * ROWS_PER_FRAME)


def published_length(samples: int) -> SpeechLength:
    """Lengths as published: up to 120 ms at the end of the sound get no frame. `samples` at 16 kHz."""
    units = samples // SAMPLES_PER_FRAME
    latents = units // FRAMES_PER_LATENT
    return SpeechLength(max(0, latents * FRAMES_PER_LATENT - 1), latents, units * ROWS_PER_FRAME)


def speech_windows(rows: Tensor, length: SpeechLength) -> Tensor:
    """Cut speech features into one window per denoised frame.

    Args:
        rows: hidden states of the speech encoder, 50 rows a second, `(R, layers, channels)`.
        length: how many rows count, and how many frames are wanted.

    Returns:
        Windows `(latent_frames, 10, layers, channels)`: frame i sees rows 4 i - 4 to 4 i + 5; zeros outside of
        the sound.
    """
    sound = rows[: length.rows]
    width = ROWS_BEFORE + ROWS_AFTER
    needed = ROWS_PER_LATENT * (length.latent_frames - 1) + width
    padded = rows.new_zeros(max(needed, ROWS_BEFORE + len(sound)), *rows.shape[1:])
    padded[ROWS_BEFORE : ROWS_BEFORE + len(sound)] = sound
    return torch.stack([padded[i * ROWS_PER_LATENT :][:width] for i in range(length.latent_frames)])

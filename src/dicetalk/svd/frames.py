"""From clean latents to the frames of the video, chunk by chunk: decode, interpolate, put back into the picture."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKLTemporalDecoder
from torch import Tensor

from dicetalk.arrays import Float32
from dicetalk.media import Picture
from dicetalk.modules import finite
from dicetalk.rates import FPS
from dicetalk.svd.encoders import decode_latents
from dicetalk.svd.interpolate import Interpolator, double_rate
from dicetalk.svd.preprocess import SpeechLength

FEATHER = 0.08
"""Width of the soft border of a pasted face, as a share of its side."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """Where the denoised square or picture goes in the frame.

    Attributes:
        picture: the frame around it, uint8 `(H, W, 3)`.
        box: left, top, right, bottom [px] of the part that is replaced.
    """

    picture: Picture
    box: tuple[int, int, int, int]

    @property
    def whole(self) -> bool:
        """Whether the part is the whole picture."""
        return self.box == (0, 0, self.picture.shape[1], self.picture.shape[0])

    def crop(self) -> Picture:
        """The part that is replaced."""
        left, top, right, bottom = self.box
        return self.picture[top:bottom, left:right]

    def put(self, frame: Tensor) -> Picture:
        """The full frame with `frame (3, h, w)` in [0, 1] in its place."""
        left, top, right, bottom = self.box
        image = finite(frame, "a frame").permute(1, 2, 0).mul(255).round().byte().cpu().numpy()
        image = resize(image, right - left, bottom - top)
        if self.whole:
            return image
        out = self.picture.copy()
        soft = feather(bottom - top, right - left)
        mixed = image * soft + self.crop() * (1 - soft)
        out[top:bottom, left:right] = np.rint(mixed).astype(np.uint8)
        return out


def resize(image: Picture, width: int, height: int) -> Picture:
    """Resize a picture; area averaging when it shrinks, bicubic when it grows."""
    if image.shape[:2] == (height, width):
        return image
    shrinks = height * width < image.shape[0] * image.shape[1]
    return np.asarray(
        cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC), np.uint8
    )


def feather(height: int, width: int) -> Float32:
    """1 inside, falling smoothly to 0 at the edges, `(height, width, 1)`."""

    def ramp(length: int) -> Float32:
        edge = np.minimum(np.arange(length), np.arange(length)[::-1]) / max(1.0, length * FEATHER)
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(edge, 0, 1)), np.float32)

    soft: Float32 = ramp(height)[:, None, None] * ramp(width)[None, :, None]
    return soft


@torch.inference_mode()
def decoded(vae: AutoencoderKLTemporalDecoder, latents: Tensor, frames: int, chunk: int) -> Iterator[Tensor]:
    """Frames `(3, H, W)` in [0, 1], one by one.

    Args:
        vae: decodes.
        latents: clean latents `(N, 4, h, w)`, padding included: frames that share a chunk with it see it, as published.
        frames: how many to give.
        chunk: latents decoded at once; chunks of padding alone are not decoded.
    """
    needed = -(-frames // chunk) * chunk
    for part in itertools.islice(itertools.chain.from_iterable(decode_latents(vae, latents[:needed], chunk)), frames):
        yield finite(part, "what was decoded").float().mul(0.5).add(0.5).clamp(0, 1)


def film(
    vae: AutoencoderKLTemporalDecoder,
    interpolator: Interpolator,
    latents: Tensor,
    canvas: Canvas,
    length: SpeechLength,
    chunk: int,
    fps: int,
    total: int,
) -> Iterator[Picture]:
    """The video, in chunks `(t, H, W, 3)` uint8: exactly `total` frames at 25 or 50 a second, whatever the length
    in bounded memory.

    What lacks at the end of what interpolation gives is the last one again.
    """
    doubled = double_rate(decoded(vae, latents, length.latent_frames, chunk), interpolator, chunk)
    if fps == 2 * FPS:
        doubled = double_rate(doubled, interpolator, chunk)
    pictures = itertools.islice(held(canvas.put(frame) for frame in doubled), total)
    while part := list(itertools.islice(pictures, chunk)):
        yield np.stack(part)


def held(pictures: Iterator[Picture]) -> Iterator[Picture]:
    """The pictures, and the last one for ever; at least one."""
    for picture in pictures:
        yield picture
    yield from itertools.repeat(picture)

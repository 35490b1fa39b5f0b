"""The paper's backbone behind the contract: portrait, face, speech and emotion in, frames out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dicetalk.backbone import Conditions, Watch
from dicetalk.errors import ConfigError
from dicetalk.face import Box
from dicetalk.media import Picture
from dicetalk.modules import finite
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.svd.checkpoint import EMOTIONS, SvdModules, inner_of, load_modules
from dicetalk.svd.conditioning import ClipInputs, latent_preview, prepare_clip
from dicetalk.svd.cost import Work, check_memory, check_weights, free_bytes, too_little
from dicetalk.svd.denoiser import ClipConditions, ClipDenoiser, noisy_start
from dicetalk.svd.frames import Canvas, film
from dicetalk.svd.options import SvdOptions
from dicetalk.svd.parts import open_svd
from dicetalk.svd.placement import Placement, pick_device, pick_precision
from dicetalk.svd.preprocess import SpeechLength, picture_inputs, published_crop, published_length, speech_length
from dicetalk.svd.presets import (
    DECODE_CHUNK,
    guidance_of,
    padding_of,
    sample,
    scales_of,
    sigmas_of,
    windows_of,
)
from dicetalk.svd.pretrained import save_pretrained
from dicetalk.svd.sizes import KIND

CROP_EXPAND = 0.5


@dataclass(frozen=True, eq=False)
class DenoisingStep:
    """What is known after a denoising step.

    Attributes:
        done: steps done.
        total: steps in all.
        clean: clean latents as seen now, `(N, 4, h, w)`.
    """

    done: int
    total: int
    clean: Tensor

    def preview(self) -> Picture:
        """A rough, small and cheap look at the clip, (N, h, w, 3)."""
        return np.asarray(latent_preview(self.clean).permute(0, 2, 3, 1).cpu().numpy(), np.uint8)


@dataclass(frozen=True, eq=False)
class SvdBackbone:
    """Stable Video Diffusion with speech and emotion streams.

    Attributes:
        modules: the networks.
        config: their sizes.
        placement: where they run.
        options: what the user chose.
    """

    modules: SvdModules
    config: Mapping[str, Any]
    placement: Placement
    options: SvdOptions

    kind = KIND
    fps = FPS

    def generate(self, conditions: Conditions, watch: Watch | None = None) -> Iterator[Picture]:
        """Frames as chunks (t, H, W, 3) uint8, 25 or 50 a second; `watch` is told after each denoising step.

        All frames are denoised first; then they are decoded and come out as they are ready.

        Raises:
            ConfigError: the device has not enough memory; says what would fit. Or a network gave what is no number.
                Or the sound is too short for the published lengths.
        """
        length = self._length(len(conditions.speech.waveform))
        canvas = canvas_of(conditions.portrait, conditions.face.box, self.options.frame)
        with memory_explained(self, conditions, canvas):
            known = self._prepare(conditions, canvas, length)
            latents = self._denoise(known, length.latent_frames, conditions.seed, watch)
            modules = self.modules
            with self.placement.use(modules.vae), self.placement.use(modules.interpolator):
                total, fps = conditions.frames, conditions.fps
                yield from film(modules.vae, modules.interpolator, latents, canvas, length, DECODE_CHUNK, fps, total)

    def _length(self, samples: int) -> SpeechLength:
        if not self.options.exact:
            return speech_length(samples)
        length = published_length(samples)
        if length.latent_frames == 0:
            raise ConfigError("the published lengths begin at 80 ms of sound; leave `exact` out, or give more sound")
        return length

    def _prepare(self, conditions: Conditions, canvas: Canvas, length: SpeechLength) -> ClipConditions:
        left, top = canvas.box[:2]
        box = conditions.face.box
        picture = picture_inputs(
            canvas.crop(), (box[0] - left, box[1] - top, box[2] - left, box[3] - top), self.options.short_side
        )
        clip = ClipInputs(
            picture, conditions.speech.waveform, conditions.emotion, length, padding_of(self.options.plan)
        )
        return prepare_clip(self.modules, self.placement, clip, self.options.no_emotion)

    @torch.inference_mode()
    def _denoise(self, known: ClipConditions, frames: int, seed: int, watch: Watch | None) -> Tensor:
        """Clean latents `(N + padding, 4, h, w)` from noise that depends on nothing but the seed."""
        plan, options = self.options.plan, self.options
        shape = (1, frames + padding_of(plan), *known.image_latents.shape[1:])
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(self.placement.device)
        denoiser = ClipDenoiser(
            self.modules.unet,
            known,
            windows_of(plan, frames),
            guidance_of(plan, scales_of(options)),
            options.batch,
            self.placement.dtype,
        )
        start = noisy_start(known.image_latents, noise, float(sigmas_of(plan)[0]))
        with self.placement.use(self.modules.unet):
            return sample(plan, denoiser, start, _checking(watch, plan.steps))[0]

    def save_pretrained(self, folder: Path) -> None:
        """Write the networks, as they are in memory, in diffusers' manner.

        Raises:
            CheckpointError: the folder holds something else, or a network holds numbers that are not finite.
            MediaError: a file cannot be written.
        """
        save_pretrained(self.config, self._tensors, folder)

    def _tensors(self, module: str) -> Mapping[str, Tensor]:
        """The tensors of a module, or the priors by name."""
        if module == EMOTIONS:
            priors = self.modules.priors
            return {name: torch.from_numpy(mean)[None] for name, mean in zip(priors.names, priors.means, strict=True)}
        state = getattr(self.modules, module).get_submodule(inner_of(module)).state_dict()
        return {name: tensor.cpu() for name, tensor in state.items()}


def _checking(watch: Watch | None, total: int) -> Callable[[int, Tensor], None]:
    """What a solver calls after each step."""

    def after(done: int, clean: Tensor) -> None:
        finite(clean, f"what was denoised in step {done} of {total}")
        if watch is not None:
            watch(DenoisingStep(done, total, clean[0]))

    return after


def canvas_of(portrait: Picture, face: Box, frame: str) -> Canvas:
    """The part of the portrait that is denoised: all of it, or the square around the face."""
    height, width = portrait.shape[:2]
    box = published_crop(face, width, height, CROP_EXPAND) if frame == "face" else (0, 0, width, height)
    return Canvas(portrait, box)


@contextmanager
def memory_explained(backbone: SvdBackbone, conditions: Conditions, canvas: Canvas) -> Iterator[None]:
    """Refuse beforehand what will not fit, and say what would if a device runs full all the same.

    Raises:
        ConfigError: too little memory.
    """
    options, device, dtype = backbone.options, backbone.placement.device, backbone.placement.dtype
    seconds = len(conditions.speech.waveform) / SPEECH_RATE
    size = (canvas.box[2] - canvas.box[0], canvas.box[3] - canvas.box[1])
    work = Work(options, seconds, size[0], size[1], dtype, backbone.config, device.type)
    check_memory(work, device)
    try:
        yield
    except torch.OutOfMemoryError:
        raise ConfigError(f"the device ran out of memory: {too_little(work, free_bytes(device))}") from None


def load_svd(folder: Path, options: SvdOptions | None = None) -> SvdBackbone:
    """Load the backbone from a checkpoint folder.

    Args:
        folder: as `dicetalk import-official` or `save_pretrained` writes it.
        options: what the user chose.

    Raises:
        CheckpointError: not an svd checkpoint, or one that is incomplete or damaged.
        ConfigError: no such device, or too little memory for the weights.
    """
    options = options or SvdOptions()
    device = pick_device(options.device)
    placement = Placement(device, pick_precision(options.precision, device), options.memory == "low")
    checkpoint = open_svd(folder)
    check_weights(checkpoint.config, placement.dtype, placement.home)
    modules = load_modules(checkpoint, placement.dtype, str(placement.home))
    if options.compile:
        modules.unet.compile()
    return SvdBackbone(modules, checkpoint.config, placement, options)

"""What a clip costs, before anything is loaded: operations, peak memory and time, counted on torch's `meta` device."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import torch

from dicetalk.backbone import named
from dicetalk.errors import ConfigError
from dicetalk.rates import SPEECH_RATE
from dicetalk.sampling import branch_weights
from dicetalk.svd.meter import Count
from dicetalk.svd.options import SvdOptions
from dicetalk.svd.preprocess import output_size, speech_length
from dicetalk.svd.presets import (
    DECODE_CHUNK,
    WINDOW,
    guidance_of,
    padding_of,
    scales_of,
    sigmas_of,
    windows_of,
)
from dicetalk.svd.sizes import SvdSizes, published_config

LATENT = 8
"""Pixels of the picture along one side of a latent."""
DENOISING_EFFICIENCY, DECODING_EFFICIENCY = 0.35, 0.2
"""Shares of a large matrix product's speed that the U-Net, and the decoder with all that follows it, reach: set by
`benchmarks/svd_gpu.py` on an H200 in float16, 2026-11-27; a guess elsewhere."""
ALLOCATOR = {"cpu": 1.33}
"""What an allocator holds beyond the tensors alive. glibc keeps freed blocks: 1.32 to 1.41 measured; CUDA is near 1."""
GIGA = 1e9


@dataclass(frozen=True)
class Cost:
    """What one clip takes.

    Attributes:
        denoising: floating-point operations of the denoiser.
        decoding: floating-point operations of the VAE's decoder.
        weights: bytes of all weights.
        peak: most bytes on the device at once, weights included.
        peak_without_weights: the same without the weights that stay there.
    """

    denoising: int
    decoding: int
    weights: int
    peak: int
    peak_without_weights: int

    def seconds(self, speed: float) -> float:
        """Time [s] at a speed [operations a second] of large matrix products."""
        return (self.denoising / DENOISING_EFFICIENCY + self.decoding / DECODING_EFFICIENCY) / speed


@dataclass(frozen=True)
class Work:
    """A clip whose cost is asked for.

    Attributes:
        options: what the user chose.
        seconds: length of the speech [s].
        width: width of the picture that is denoised [px], before it is brought to size.
        height: its height [px].
        dtype: floating-point type of the large networks.
        config: of the checkpoint; None is the published sizes.
        device: "cpu", "cuda" or "mps".
    """

    options: SvdOptions
    seconds: float
    width: int
    height: int
    dtype: torch.dtype
    config: Mapping[str, Any] | None = None
    device: str = "cuda"


def predict(work: Work) -> Cost:
    """Predict the cost of a clip; nothing is loaded or computed."""
    options, dtype = work.options, work.dtype
    told = json.dumps(work.config or published_config())
    size = tuple(side // LATENT for side in output_size(work.width, work.height, options.short_side))
    batch = options.batch
    call = unet_count(told, batch, WINDOW, size[1], size[0], dtype)
    decode = decode_count(told, DECODE_CHUNK, size[1], size[0], dtype)
    encode = encode_count(told, size[1], size[0])
    frames = speech_length(round(work.seconds * SPEECH_RATE)).latent_frames
    weights = weight_bytes(told, dtype)
    clip = clip_bytes(SvdSizes.of(json.loads(told)), frames + padding_of(options.plan), size[0] * size[1], dtype)
    held = ALLOCATOR.get(work.device, 1.0)
    stages = {"unet": held * call.peak, "vae": held * max(decode.peak, encode.peak + weights["vae"]), "clip": 0}
    leave = options.memory == "low" and work.device != "cpu"  # on the processor weights have nowhere to go
    resident = {name: weights[name] if leave else sum(weights.values()) for name in stages}
    peak = round(max(stages[name] + resident[name] for name in stages) + clip)
    return Cost(
        round(call.flops / (batch * WINDOW) * frame_predictions(options, frames)),
        decode.flops * -(-frames // DECODE_CHUNK),
        sum(weights.values()),
        peak,
        peak if leave else round(max(stages.values()) + clip),
    )


def frame_predictions(options: SvdOptions, frames: int) -> int:
    """How many frames the U-Net sees in all: over steps, windows and branches.

    Windows repeat: of a long clip only the beginning and the end are counted one by one.
    """
    few = 4 * WINDOW + frames % WINDOW
    if frames <= few:
        return _predictions(options, frames)
    each = _predictions(options, few + WINDOW) - _predictions(options, few)
    return _predictions(options, few) + (frames - few) // WINDOW * each


def _predictions(options: SvdOptions, frames: int) -> int:
    plan = options.plan
    windows, guidance = windows_of(plan, frames), guidance_of(plan, scales_of(options))
    return sum(
        len(branch_weights(guidance(sigma, step))) * sum(len(window) for window in windows(step))
        for step, sigma in enumerate(sigmas_of(plan).tolist()[:-1])
    )


def clip_bytes(sizes: SvdSizes, frames: int, pixels: int, dtype: torch.dtype) -> int:
    """Bytes of what is kept for each frame: latents while they are denoised, speech and emotion tokens."""
    tokens = (sizes.speech.tokens + sizes.bank.tokens) * sizes.unet.cross_attention_dim * dtype.itemsize
    return frames * (5 * 4 * pixels * 4 + tokens)


def unet_count(config: str, batch: int, frames: int, height: int, width: int, dtype: torch.dtype) -> Count:
    """One call of the U-Net on latents `(batch, frames, 8, height, width)`."""
    return _counted("unet_count", config, batch, frames, height, width, dtype)


def decode_count(config: str, frames: int, height: int, width: int, dtype: torch.dtype) -> Count:
    """Decoding a chunk of frames."""
    return _counted("decode_count", config, frames, height, width, dtype)


def encode_count(config: str, height: int, width: int) -> Count:
    """Encoding the portrait, in float32."""
    return _counted("encode_count", config, height, width)


def weight_bytes(config: str, dtype: torch.dtype) -> dict[str, int]:
    """Bytes of the weights of each module."""
    found: dict[str, int] = _known("weight_bytes", config, dtype)
    if found is None:
        found = named("dicetalk.svd.counting:weight_bytes")(config, dtype)
    return found


def _counted(what: str, config: str, *given: object) -> Count:
    """A count as it ships, or else counted now, for which the libraries of the networks have to load."""
    found = _known(what, config, *given)
    return named(f"dicetalk.svd.counting:{what}")(config, *given) if found is None else Count(*found)


def _known(what: str, config: str, *given: object) -> Any:
    return _shipped().get(key_of(what, *given)) if config == json.dumps(published_config()) else None


def key_of(what: str, *given: object) -> str:
    """The name of a count among those that ship: of the published sizes, for the pictures that the doctor assumes."""
    return " ".join([what, *(str(value).removeprefix("torch.") for value in given)])


@cache
def _shipped() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((Path(__file__).parent / "counts.json").read_text(encoding="utf-8"))
    return told


def free_bytes(device: torch.device) -> int:
    """Memory that is free on a device now."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    return int(psutil.virtual_memory().available)


def check_weights(config: Mapping[str, Any], dtype: torch.dtype, home: torch.device) -> None:
    """Hold the weights against the free memory of where they will wait, before any is read.

    Raises:
        ConfigError: too little.
    """
    needed, free = sum(weight_bytes(json.dumps(config), dtype).values()), free_bytes(home)
    if needed > free:
        change = "close other programs, or use the rules backbone" if home.type == "cpu" else "memory low may fit"
        raise ConfigError(
            f"the weights need {needed / GIGA:.1f} GB and {free / GIGA:.1f} GB are free on {home}; {change}"
        )


def check_memory(work: Work, device: torch.device) -> None:
    """Hold the predicted peak against the free memory of the device, where the weights that stay already are.

    Raises:
        ConfigError: too little; says how much is needed and what would fit.
    """
    free = free_bytes(device)
    if predict(work).peak_without_weights > free:
        raise ConfigError(too_little(work, free))


def too_little(work: Work, free: int) -> str:
    """One line: what is needed, what there is, what would fit."""
    cost = predict(work)
    room = free + cost.peak - cost.peak_without_weights
    change = least_change(work, room)
    return f"about {cost.peak / GIGA:.1f} GB are needed and {room / GIGA:.1f} GB are free; {change}"


def least_change(work: Work, room: int) -> str:
    """The least change of the options that fits into so many bytes, in words."""
    low = replace(work.options, memory="low")
    preset = f"preset {low.preset} with memory low"
    tries = [(low, f"{preset} fits")]
    tries += [
        (replace(low, short_side=side), f"{preset} and short_side {side} fits")
        for side in (384, 256)
        if side < work.options.short_side
    ]
    for options, words in tries:
        if predict(replace(work, options=options)).peak <= room:
            return words
    return "nothing smaller fits: use a device with more memory, or the rules backbone"


def measure_speed(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a large matrix product, measured for a moment."""
    side = 512 if device.type == "cpu" else 8192
    a = torch.randn(side, side, device=device).to(dtype)
    rounds = 0
    (a @ a).sum().item()
    begin = time.perf_counter()
    while time.perf_counter() - begin < 0.3:
        (a @ a).sum().item()
        rounds += 1
    return 2 * side**3 * rounds / (time.perf_counter() - begin)

"""Our own golden numbers for the svd backbone: what it gives for seeded weights and inputs, made when parity held.

    python tests/svd_golden.py        writes tests/golden/svd_tiny.safetensors again

Only outputs are stored. Weights and inputs come from numpy's legacy generator, whose stream is frozen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from places import TESTS
from safetensors.torch import save_file
from svd_tiny import SIZES, tiny_config
from torch import Tensor, nn

from dicetalk.sampling import GuidanceScales, karras_sigmas, sample_euler, sample_second_order
from dicetalk.svd.checkpoint import build_modules, inner_of
from dicetalk.svd.denoiser import ClipConditions, ClipDenoiser, TokenTable, noisy_start
from dicetalk.svd.encoders import decode_latents, encode_picture
from dicetalk.svd.model import UNetConditions
from dicetalk.svd.options import PRESETS
from dicetalk.svd.presets import guidance_of, windows_of
from dicetalk.svd.streams import Stream

PATH = TESTS / "golden" / "svd_tiny.safetensors"
FRAMES, SIDE, TOKENS, WIDTH = 12, 8, 4, 32


class Draws:
    """Random tensors, the same everywhere."""

    def __init__(self, seed: int) -> None:
        self.state = np.random.RandomState(seed)

    def __call__(self, *shape: int) -> Tensor:
        return torch.from_numpy(self.state.standard_normal(shape).astype(np.float32))


def filled_modules(seed: int = 20) -> dict[str, nn.Module]:
    """All modules at tiny size with weights of about unit gain."""
    draw = Draws(seed)
    modules = build_modules(tiny_config())
    for name, module in modules.items():
        target = module.get_submodule(inner_of(name))
        state = {}
        for key, p in target.state_dict().items():
            one = 1.0 if "norm" in key and key.endswith("weight") else 0.0
            scale = p[0].numel() ** -0.5 if p.ndim > 1 else 0.1
            state[key] = one + scale * draw(*p.shape)
        target.load_state_dict(state, assign=True)
        module.eval()
    return modules


@torch.inference_mode()
def compute(modules: dict[str, Any]) -> dict[str, Tensor]:
    """Every output of the set, by name."""
    draw = Draws(21)
    out: dict[str, Tensor] = {}
    prior = draw(1, 3, 256)
    out["bank.whole"] = modules["bank"](prior)
    out["bank.retrieved"], found = modules["bank"].retrieve(prior)
    out["bank.loss"] = found.loss
    sizes = SIZES.speech
    out["speech"] = modules["speech_projector"](draw(1, 2, sizes.rows, sizes.layers, sizes.channels))
    mask = torch.zeros(1, 1, 8 * SIDE, 8 * SIDE)
    mask[..., 13:41, 9:50] = 1
    out["region"] = modules["face_region"](mask.expand(1, 3, -1, -1))
    out["call"] = single_call(modules["unet"], draw, mask, out["region"])
    for name, preset, sampler in (("best", "best", sample_euler), ("fast", "fast", sample_second_order)):
        out[f"loop.{name}"] = whole_loop(modules["unet"], draw, mask, out["region"], preset, sampler)
    out["encoded"] = encode_picture(modules["vae"], torch.tanh(draw(3, 64, 64)))
    latents = out["loop.best"][0, :FRAMES]
    out["decoded"] = torch.cat(list(decode_latents(modules["vae"], latents, 10)))[::4, :, ::4, ::4]
    middle = modules["interpolator"](torch.sigmoid(draw(1, 3, 32, 32)), torch.sigmoid(draw(1, 3, 32, 32)))
    out["middle"], out["flow"] = middle.frame, middle.flow
    return {name: tensor.clone().contiguous() for name, tensor in out.items()}


def single_call(unet: nn.Module, draw: Draws, mask: Tensor, region: Tensor) -> Tensor:
    speech = Stream.per_frame(draw(2, 3, TOKENS, WIDTH), mask)
    emotion = Stream(draw(2, TOKENS, WIDTH), torch.tensor([[0, 0, 0], [1, 0, 1]]), mask, 0.7)
    ids = torch.tensor([[12.5, 8.0, 16.0]]).expand(2, -1)
    conditions = UNetConditions(draw(2, 1, WIDTH), speech, emotion, ids, region[:, None])
    return unet(draw(2, 3, 8, SIDE, SIDE), torch.tensor(0.7), conditions)


def whole_loop(
    unet: nn.Module, draw: Draws, mask: Tensor, region: Tensor, preset: str, sampler: Callable[..., Tensor]
) -> Tensor:
    plan = PRESETS[preset]
    padding = 25 if plan.ring else 0
    known = ClipConditions(
        draw(1, 4, SIDE, SIDE),
        draw(1, WIDTH),
        TokenTable.build(draw(FRAMES, TOKENS, WIDTH), draw(TOKENS, WIDTH), padding),
        TokenTable.build(draw(FRAMES, TOKENS, WIDTH), draw(TOKENS, WIDTH), padding),
        torch.tensor([[12.5, 8.0, 16.0]]),
        mask,
        region[:, None],
    )
    guidance = guidance_of(plan, GuidanceScales(image=2.5, speech=5.0, emotion=4.0))
    denoiser = ClipDenoiser(unet, known, windows_of(plan, FRAMES), guidance, 4, torch.float32)
    noise = draw(1, FRAMES + padding, 4, SIDE, SIDE)
    return sampler(denoiser, noisy_start(known.image_latents, noise, 700.0), karras_sigmas(3))


def main() -> None:
    out = compute(filled_modules())
    assert all(math.isfinite(float(tensor.sum())) for tensor in out.values())
    PATH.parent.mkdir(exist_ok=True)
    save_file(out, PATH)
    print(PATH, PATH.stat().st_size, "bytes", {k: tuple(v.shape) for k, v in out.items()})


if __name__ == "__main__":
    main()

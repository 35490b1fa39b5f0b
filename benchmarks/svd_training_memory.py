"""What teaching the svd denoiser keeps in memory at full size, counted on the meta device: half a minute.

    python benchmarks/svd_training_memory.py

One window of 25 frames of 512 x 512, all in bfloat16, forward and backward: what is kept for the way back, and the
peak, beyond weights; with layers that run again on the way back, without, and with those of the stock network alone,
which leaves temporal blocks out.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import torch
from diffusers.models.attention import TemporalBasicTransformerBlock
from svd_clips import table
from torch import Tensor
from torch.nn import functional as fn

from dicetalk.svd import counting
from dicetalk.svd.lean import LeanTemporalBlock
from dicetalk.svd.meter import Alive
from dicetalk.svd.presets import WINDOW
from dicetalk.svd.sizes import SvdSizes, published_config
from dicetalk.training.recipes import SVD_FINETUNE
from dicetalk.training.svd_net import SvdNet


class FusedAttention(torch.autograd.Function):
    """Keeps what attention kernels keep for the way back, and never the matrix of scores."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Any:
        query, key, value = given
        batch, heads, length, _ = query.shape
        out = query.new_empty(batch, length, heads, value.shape[-1]).transpose(1, 2)
        ctx.save_for_backward(query, key, value, out)
        return out

    @staticmethod
    def backward(ctx: Any, *_gradients: Any) -> Any:
        return tuple(torch.empty_like(x) for x in ctx.saved_tensors[:3])


def fused(query: Tensor, key: Tensor, value: Tensor, **_: object) -> Any:
    return FusedAttention.apply(query, key, value)


def counted(checkpointing: bool, temporal: bool, sizes: SvdSizes, side: int = 64) -> tuple[float, float]:
    """Gigabytes that are kept, and at the peak; `side` is of the latents."""
    dtype = torch.bfloat16
    alive, stock = Alive(), fn.scaled_dot_product_attention
    fn.scaled_dot_product_attention = fused
    try:
        with torch.device("meta"):
            net = SvdNet(sizes).to("meta", dtype)
            priors = torch.empty(8, sizes.bank.prior, dtype=dtype)
            net.prepare_for(replace(SVD_FINETUNE, checkpointing=checkpointing), priors)
            for module in net.modules():
                if isinstance(module, LeanTemporalBlock) and not temporal:
                    module.__class__ = TemporalBasicTransformerBlock
            given = counting.meta_call(sizes, 1, WINDOW, side, side, dtype)
            with alive:
                v, features = net.train().predict(*given)
                kept = alive.now
                (v.mean() + features.mean()).backward()  # type: ignore[no-untyped-call]
    finally:
        fn.scaled_dot_product_attention = stock
    return kept / 1e9, alive.peak / 1e9


def main() -> None:
    rows = []
    for name, checkpointing, temporal in (
        ("nothing runs again", False, False),
        ("what stock runs again", True, False),
        ("temporal blocks too", True, True),
    ):
        kept, peak = counted(checkpointing, temporal, SvdSizes.of(published_config()))
        rows.append((name, f"{kept:.1f}", f"{peak:.1f}"))
    print(f"{datetime.date.today()}, torch {torch.__version__}: `python benchmarks/svd_training_memory.py`\n")
    print(table("A window that is learned from, 25 x 512 x 512, bfloat16", ("layers", "kept [GB]", "peak [GB]"), rows))


if __name__ == "__main__":
    main()

"""Write `src/dicetalk/svd/counts.json`: what the svd networks take at the published sizes, for the doctor.

python tools/count_svd.py        a few minutes
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import torch

from dicetalk.evaluation.forecast import SIDE
from dicetalk.svd import counting
from dicetalk.svd.cost import LATENT, key_of
from dicetalk.svd.presets import DECODE_CHUNK, WINDOW
from dicetalk.svd.sizes import published_config

PLACE = Path(counting.__file__).with_name("counts.json")
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
SIDES = tuple(side // LATENT for side in (SIDE, 384, 256))


def counted() -> dict[str, Any]:
    """All counts that the doctor asks for, by `cost.key_of`."""
    told, found = json.dumps(published_config()), {}

    def add(what: Callable[..., Any], *given: object) -> None:
        made = what(told, *given)
        found[key_of(what.__name__, *given)] = made if isinstance(made, dict) else astuple(made)

    for dtype in DTYPES:
        add(counting.weight_bytes, dtype)
        for side in SIDES:
            for batch in (3, 1):
                add(counting.unet_count, batch, WINDOW, side, side, dtype)
            add(counting.decode_count, DECODE_CHUNK, side, side, dtype)
    for side in SIDES:
        add(counting.encode_count, side, side)
    return found


if __name__ == "__main__":
    PLACE.write_text(json.dumps(counted(), indent=1) + "\n", encoding="utf-8")

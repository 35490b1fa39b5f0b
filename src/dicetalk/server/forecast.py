"""What a clip of a backbone would cost here, for whoever is about to ask for one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dicetalk.backbone import KINDS, find_backbone, named
from dicetalk.errors import CheckpointError, DiceTalkError, require


def told_of(backbone: str, seconds: float) -> dict[str, Any]:
    """The forecast of a backbone, null for one that needs no thought; and why it cannot run here, null if it can.

    Weights that are not here yet keep it from running, and not from being predicted.
    """
    kind, problem = KINDS[backbone], None
    try:
        for package in kind.packages:
            require(package, kind.extra)
        folder = find_backbone(backbone).folder
    except CheckpointError as error:
        folder, problem = None, str(error)
    except DiceTalkError as error:
        return {"backbone": backbone, "problem": str(error), "forecast": None}
    found = named(kind.forecast)(folder, seconds, "auto") if kind.forecast else None
    return {"backbone": backbone, "problem": problem, "forecast": found and asdict(found)}

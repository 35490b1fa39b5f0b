"""The `rules` backbone: speech and emotion -> facial motion by rules -> the deformed picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dicetalk.acting.performer import perform
from dicetalk.acting.puppet import Puppet, ready_to_draw
from dicetalk.backbone import Conditions
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.motion.space import Motion
from dicetalk.speech.phonetics import open_stream


class RulesBackbone(Puppet):
    """Moves as the rules say."""

    kind = "rules"

    def move(self, conditions: Conditions) -> Iterator[Motion]:
        """What the rules make of speech and feelings, block by block."""
        weights = conditions.emotion.onto(NAMES).astype(np.float64)
        return perform(conditions.speech.blocks(), weights, conditions.seed, conditions.amounts)


def load_rules(folder: Path | None = None, options: None = None) -> RulesBackbone:
    """The backbone, ready to move; it has neither checkpoint nor options."""
    open_stream()
    ready_to_draw()
    return RulesBackbone()

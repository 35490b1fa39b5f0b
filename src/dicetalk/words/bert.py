"""A heavier encoder of text: BERT with eight heads, of a folder on disk, through transformers (the extra `text`).

It tells 32 feelings and no plain lines: what it reads in "the train leaves at nine" means little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from dicetalk.emotion.fine import FINE, STRENGTH, coarse_shares
from dicetalk.errors import CheckpointError, require
from dicetalk.words.encoder import Reading
from dicetalk.words.grams import tokens
from dicetalk.words.heads import Heads, Probed

MOST_TOKENS = 128
TOGETHER = 32
"""Sentences in one call."""
HEADS_FILE = "heads.safetensors"


@dataclass(frozen=True, eq=False)
class BertEncoder:
    """Reads by BERT.

    Attributes:
        tokenizer: text -> tokens.
        model: tokens -> a sentence's vector, its `pooler_output`.
        heads: that -> feelings.
    """

    tokenizer: Any
    model: Any
    heads: Heads

    @torch.no_grad()
    def probe(self, texts: Sequence[str]) -> Probed:
        """What the heads make of some texts, one at least."""
        given = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"
        )  # fmt: skip
        probed: Probed = self.heads(self.model(**given).pooler_output)
        return probed

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading a text; the words that moved it are not known."""
        readings: list[Reading] = []
        for start in range(0, len(texts), TOGETHER):
            some = texts[start : start + TOGETHER]
            shares = self.probe(some).logits.double().softmax(dim=1).numpy()
            readings += [_reading(text, fine) for text, fine in zip(some, shares, strict=True)]
        return readings


def _reading(text: str, fine: np.ndarray[Any, np.dtype[np.float64]]) -> Reading:
    weights, held = coarse_shares(fine[None])[0], tokens(text)
    return Reading(
        fine=fine,
        weights=weights / weights.sum(),
        sure=float(weights.max()),
        strength=float(fine @ np.array([STRENGTH[name] for name in FINE])),
        words=held,
        moved=np.zeros(len(held)),
        known=1.0,
    )


def load_bert(folder: Path) -> BertEncoder:
    """BERT, its tokenizer and heads of a folder; nothing is downloaded.

    Raises:
        MissingExtraError: transformers is not installed.
        CheckpointError: the folder does not hold all three.
    """
    require("transformers", "text")
    from transformers import AutoModel, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
        heads = Heads(model.config.hidden_size)
        heads.load_state_dict(load_file(folder / HEADS_FILE))
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        what = " ".join(str(error).split())[:200]
        raise CheckpointError(
            f"{folder} holds no BERT with {HEADS_FILE} ({what}); give a folder with all of it"
        ) from None
    return BertEncoder(tokenizer, model, heads.eval())


def save_bert(encoder: BertEncoder, folder: Path) -> None:
    """Write it as `load_bert` reads it."""
    encoder.tokenizer.save_pretrained(folder)
    encoder.model.save_pretrained(folder)
    save_file(encoder.heads.state_dict(), folder / HEADS_FILE)

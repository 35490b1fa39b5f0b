"""Hear how something was said: a recording -> a Gaussian over emotion, with the shipped embedder or one of your own."""

from __future__ import annotations

from pathlib import Path

from dicetalk.checkpoints import load_module, open_checkpoint
from dicetalk.emotion.embedder import EmbedderSizes, EmotionEmbedder

KIND, VERSION, MODULE = "embedder", 1, "embedder"


def load_embedder(folder: Path) -> EmotionEmbedder:
    """A trained embedder, ready to use.

    Raises:
        CheckpointError: not an embedder's checkpoint, or a damaged one.
    """
    checkpoint = open_checkpoint(folder, KIND, VERSION)
    net = EmotionEmbedder(EmbedderSizes(**checkpoint.config["sizes"]))
    load_module(net, checkpoint.file(MODULE))
    return net

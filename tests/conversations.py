"""Small conversations, and a network of them of the size of a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from dicetalk.arrays import Float32
from dicetalk.conversation.network import ConversationNetwork, Turn
from dicetalk.data.dialogues import Dialogue, Line
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.training.conversation import ConversationRecipe, write_conversation
from dicetalk.training.conversation_net import ConversationNet, ConversationSizes

TINY = ConversationRecipe(sizes=ConversationSizes(rows=512, width=8, blocks=1, heads=2, dropout=0.0))


def tiny_net(seed: int = 0) -> ConversationNet:
    torch.manual_seed(seed)
    return ConversationNet(TINY.sizes).eval()


def tiny_network(folder: Path, net: ConversationNet | None = None) -> ConversationNetwork:
    write_conversation(folder, net or tiny_net(), TINY, temperature=1.0, change=0.3)
    return ConversationNetwork(folder)


def voice(emotion: str, windows: int = 3) -> Float32:
    """A voice that resembles one emotion all through, `(windows, 7)`."""
    shares = np.full((windows, len(HEARD)), 0.02, np.float32)
    shares[:, HEARD.index(emotion)] = 1 - 0.02 * (len(HEARD) - 1)
    return shares


NOBODY = np.zeros((0, len(HEARD)), np.float32)
DIALOGUE: Dialogue = (
    Line("anna", "You came! How wonderful.", HEARD.index("happy")),
    Line("ben", "I lost my keys again.", HEARD.index("sad")),
    Line("anna", "Oh no, not again?", HEARD.index("surprised")),
    Line("ben", "Leave me alone!", HEARD.index("angry")),
    Line("carl", "The train leaves at nine.", HEARD.index("neutral")),
)
VOICES = [voice("happy"), NOBODY, voice("surprised", 5), voice("angry", 2), NOBODY]


def turns() -> list[Turn]:
    return [Turn.of(line.speaker, line.text, heard) for line, heard in zip(DIALOGUE, VOICES, strict=True)]

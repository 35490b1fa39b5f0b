"""The network of conversations in plain arrays: as it was learned, whatever is missing, each turn by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from conversations import DIALOGUE, NOBODY, TINY, VOICES, tiny_net, tiny_network, turns

from dicetalk.conversation.network import Turn, told_turns
from dicetalk.errors import CheckpointError
from dicetalk.training.conversation import batch_of, encode

HALVES = 5e-3
"""Weights are stored in half precision."""


def test_it_tells_what_was_learned(tmp_path: Path) -> None:
    net, found = tiny_net(), tiny_network(tmp_path).tell(turns())
    batch = batch_of([encode(DIALOGUE, TINY.sizes.rows)], VOICES)
    with torch.no_grad():
        logits, gates = net(batch, torch.ones(len(DIALOGUE), 4, 3, dtype=torch.bool))
    np.testing.assert_allclose(found.shares, logits.softmax(1).numpy(), atol=HALVES)
    seen = found.gates > 0
    np.testing.assert_allclose(found.gates[seen], gates.numpy()[seen], atol=HALVES)


def test_what_comes_later_changes_nothing(tmp_path: Path) -> None:
    network = tiny_network(tmp_path)
    whole, part = network.tell(turns()), network.tell(turns()[:3])
    np.testing.assert_allclose(whole.shares[:3], part.shares, atol=1e-6)


@pytest.mark.parametrize("missing", ["words", "voices", "both"])
def test_words_or_voices_may_be_missing(tmp_path: Path, missing: str) -> None:
    network = tiny_network(tmp_path)
    left = [
        Turn.of(turn.speaker, "" if missing != "voices" else " ".join(turn.words), NOBODY if missing != "words" else v)
        for turn, v in zip(turns(), VOICES, strict=True)
    ]
    found = network.tell(left)
    np.testing.assert_allclose(found.shares.sum(1), 1, atol=1e-5)
    assert missing != "both" or not found.gates.any()


def test_a_first_turn_of_one_speaker_is_told_from_itself(tmp_path: Path) -> None:
    found = tiny_network(tmp_path).tell(turns()[:1])
    assert found.gates[0, [0, 2], 0].all()
    assert not found.gates[0, :, 1:].any()
    assert not found.gates[0, [1, 3]].any()


def test_gates_are_those_of_each_turn(tmp_path: Path) -> None:
    gates = tiny_network(tmp_path).tell(turns()).gates
    assert abs(gates[0, 0, 0] - gates[2, 0, 0]) > 1e-4


def test_turns_are_the_last_three_of_each_side() -> None:
    told = told_turns(["a", "b", "a", "b", "c", "a", "a"])
    assert told[6].tolist() == [[6, 5, 2], [4, 3, 1]]
    assert told[0].tolist() == [[0, -1, -1], [-1, -1, -1]]
    assert told[4].tolist() == [[4, -1, -1], [3, 2, 1]]


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    tiny_network(tmp_path)
    (tmp_path / "conversation.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"conversation\.safetensors"):
        tiny_again(tmp_path)


def tiny_again(folder: Path) -> None:
    from dicetalk.conversation.network import ConversationNetwork

    ConversationNetwork(folder)

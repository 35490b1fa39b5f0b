"""Learning conversations: every weight learns, a batch's order is no matter, a handful is learned by heart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conversations import DIALOGUE, NOBODY, TINY, VOICES, tiny_net, voice
from safetensors.numpy import load_file
from torch.nn import functional as fn

from dicetalk.conversation.network import ConversationNetwork
from dicetalk.data.dialogues import Line, read_dialogues
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.errors import InputError
from dicetalk.training.conversation import Conversing, Encoded, batch_of, calibrated, encode, train_conversation
from dicetalk.training.conversation_net import ConversationSizes
from dicetalk.training.loop import LoopOptions

ROWS = TINY.sizes.rows
OTHER = (Line("x", "What a day.", 4), Line("y", "Yes.", 0), Line("x", "Well, well.", 0))


def encoded(*dialogues: tuple[Line, ...]) -> list[Encoded]:
    return [encode(each, ROWS) for each in dialogues]


def everything(count: int) -> torch.Tensor:
    return torch.ones(count, 4, 3, dtype=torch.bool)


def test_every_weight_gets_a_gradient() -> None:
    net = tiny_net()
    batch = batch_of(encoded(DIALOGUE, OTHER), [*VOICES, voice("sad"), voice("sad"), NOBODY])
    logits, _ = net(batch, everything(8))
    fn.cross_entropy(logits, torch.arange(8) % len(HEARD)).backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_the_order_of_dialogues_changes_nothing() -> None:
    net, there = tiny_net(), everything(8)
    others = [voice("sad"), NOBODY, voice("fear", 6)]
    one, _ = net(batch_of(encoded(DIALOGUE, OTHER), [*VOICES, *others]), there)
    other, _ = net(batch_of(encoded(OTHER, DIALOGUE), [*others, *VOICES]), there)
    torch.testing.assert_close(one, torch.cat([other[3:], other[:3]]))


def test_a_dialogue_alone_is_told_as_among_others() -> None:
    net = tiny_net()
    alone, gates = net(batch_of(encoded(DIALOGUE), VOICES), everything(5))
    among, their_gates = net(batch_of(encoded(DIALOGUE, OTHER), [*VOICES, *[NOBODY] * 3]), everything(8))
    torch.testing.assert_close(alone, among[:5])
    torch.testing.assert_close(gates, their_gates[:5])


def test_what_is_taken_away_is_not_looked_at() -> None:
    net, there = tiny_net(), everything(5)
    there[:, 2:] = False
    silent, _ = net(batch_of(encoded(DIALOGUE), [NOBODY] * 5), everything(5))
    taken, _ = net(batch_of(encoded(DIALOGUE), VOICES), there)
    torch.testing.assert_close(silent, taken)


def test_dropout_leaves_each_turn_something() -> None:
    recipe = replace(TINY, silent=0.5, wordless=1.0, alone=0.5, one_sided=0.5, slot=0.5)
    task = Conversing(encoded(DIALOGUE), {}, recipe, tiny_net())
    batch = batch_of(encoded(DIALOGUE), VOICES)
    for seed in range(20):
        there = task.taken(batch, torch.Generator().manual_seed(seed))
        heard = batch.voice_counts[batch.told[:, 0, 0]] > 0
        assert (there[:, 0, 0] | (there[:, 2, 0] & heard)).all()


@pytest.mark.slow
def test_a_handful_is_learned_by_heart() -> None:
    torch.manual_seed(0)
    recipe = replace(TINY, turns=8, balance=0.0, silent=0.0, wordless=0.0, alone=0.0, one_sided=0.0, slot=0.0)
    task = Conversing(encoded(DIALOGUE, OTHER), {}, recipe, tiny_net().train())
    optimizer = torch.optim.AdamW(task.net.parameters(), lr=2e-2)
    for step in range(60):
        optimizer.zero_grad()
        task.losses(torch.Generator().manual_seed(step))["loss"].backward()
        optimizer.step()
    logits, _ = task.net(batch_of(encoded(DIALOGUE, OTHER), [NOBODY] * 8), everything(8))
    assert logits.argmax(1).tolist() == [line.emotion for line in (*DIALOGUE, *OTHER)]


def test_shares_are_made_as_sure_as_they_are_right() -> None:
    torch.manual_seed(0)
    net = tiny_net()
    with torch.no_grad():
        net.head.weight.mul_(40)
    assert calibrated(net, encoded(DIALOGUE, OTHER)) > 1


TABLE = """\
split,dialogue,turn,speaker,emotion,intensity,text
train,0,0,1,none,1,well hello
train,0,1,0,happiness,2,how nice
dev,1,0,1,sadness,1,oh no
"""


def test_tables_of_both_kinds_are_read(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text(TABLE)
    [dialogue] = read_dialogues(path, "train")
    assert [HEARD[line.emotion] for line in dialogue] == ["neutral", "happy"]
    assert len(read_dialogues(path)) == 2
    path.write_text("text,label\nI won,proud\nmine,jealous\nit rained,disappointed\n")
    assert [HEARD[each.emotion] for [each] in read_dialogues(path, "train")] == ["happy", "sad"]


def test_a_table_of_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="columns dialogue, speaker, emotion, text"):
        read_dialogues(path)


def test_a_recipe_makes_a_checkpoint_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").write_text(TABLE)
    sizes = ConversationSizes(rows=64, width=8, blocks=1, heads=2)
    recipe = replace(TINY, sizes=sizes, turns=2, loop=LoopOptions(steps=3, save_every=1))
    out = train_conversation([tmp_path / "data"], tmp_path / "out", recipe)
    assert ConversationNetwork(out).rows == 64
    before = load_file(out / "conversation.safetensors")["head.weight"]
    train_conversation([tmp_path / "data"], tmp_path / "out", recipe)
    np.testing.assert_array_equal(before, load_file(out / "conversation.safetensors")["head.weight"])


def test_data_without_dialogues_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hold no dialogue"):
        train_conversation([tmp_path], tmp_path / "out", TINY)

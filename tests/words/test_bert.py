"""BERT with eight heads, at the size of a test and with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers

from dicetalk.emotion.fine import FINE
from dicetalk.errors import CheckpointError
from dicetalk.words.bert import HEADS_FILE, BertEncoder, load_bert, save_bert
from dicetalk.words.heads import Heads, emotion_vectors, heads_loss

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "i", "lost", "my", "dog", "won", "the", "race", "."]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> BertEncoder:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("bert") / "vocab.txt"
    file.write_text("\n".join(VOCABULARY))
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(vocab_size=len(VOCABULARY), **sizes)
    model = transformers.BertModel(config).eval()
    return BertEncoder(transformers.BertTokenizer(str(file)), model, Heads(16).eval())


def test_what_the_heads_hold(encoder: BertEncoder) -> None:
    probed = encoder.probe(["I lost my dog.", "I won."])
    assert [tuple(layer.shape) for layer in probed.layers] == [(2, 8, 128), (2, 8, 64), (2, 8, 32)]
    assert probed.vector.shape == (2, 256)
    assert probed.logits.shape == (2, len(FINE))


def test_a_text_reads_the_same_whatever_stands_beside_it(encoder: BertEncoder) -> None:
    [alone] = encoder.read(["I lost my dog."])
    beside = encoder.read(["I won the race.", "I lost my dog.", "my dog"])[1]
    assert alone.fine == pytest.approx(beside.fine, abs=1e-6)
    assert alone.weights.sum() == pytest.approx(1)


def test_written_and_read_again(encoder: BertEncoder, tmp_path: Path) -> None:
    save_bert(encoder, tmp_path)
    again = load_bert(tmp_path)
    assert again.read(["I won."])[0].fine == pytest.approx(encoder.read(["I won."])[0].fine, abs=1e-6)


def test_a_folder_without_heads(encoder: BertEncoder, tmp_path: Path) -> None:
    save_bert(encoder, tmp_path)
    (tmp_path / HEADS_FILE).unlink()
    with pytest.raises(CheckpointError, match="holds no BERT with heads"):
        load_bert(tmp_path)


def test_the_heads_learn_a_handful_and_tell_vectors() -> None:
    torch.manual_seed(0)
    heads, rows, labels = Heads(16), torch.randn(12, 16), torch.arange(12) % 4
    steps = torch.optim.AdamW(heads.parameters(), 5e-3)
    for _ in range(60):
        steps.zero_grad()
        heads_loss(heads(rows), labels).backward()
        steps.step()
    assert (heads(rows).logits.argmax(1) == labels).all()
    assert all(each.grad is not None and each.grad.abs().sum() > 0 for each in heads.parameters())
    vectors = emotion_vectors(heads(rows).vector, labels)
    assert list(vectors) == list(FINE[:4])

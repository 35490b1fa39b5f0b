"""A model on this machine, of any values and the size of a test."""

from __future__ import annotations

from pathlib import Path

import pytest
import transformers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from dicetalk.errors import InputError
from dicetalk.reply import local
from dicetalk.reply.local import Local
from dicetalk.reply.model import Message

transformers.logging.set_verbosity_error()
WORDS = ["[UNK]", "[END]", "hello", "my", "friend", "system", "user", "assistant", ":"]
TEMPLATE = "{% for m in messages %}{{ m.role }} : {{ m.content }} {% endfor %}assistant :"
CHAT = [Message("system", "hello"), Message("user", "hello my friend")]


def tiny(folder: Path, template: str | None = TEMPLATE) -> Path:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", eos_token="[END]")
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    sizes = GPT2Config(vocab_size=len(WORDS), n_positions=64, n_embd=8, n_layer=1, n_head=2, eos_token_id=1)
    GPT2LMHeadModel(sizes).save_pretrained(folder)
    return folder


def test_it_completes_the_same_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "MOST_TOKENS", 5)
    model = Local(tiny(tmp_path))
    said = model.complete(CHAT)
    assert set(said.split()) <= set(WORDS)
    assert said == model.complete(CHAT)


def test_one_that_cannot_chat_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no template for chats"):
        Local(tiny(tmp_path, None)).complete(CHAT)


def test_no_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        Local(tmp_path / "none")
    with pytest.raises(InputError, match="holds no model that can be read"):
        Local(tmp_path).complete(CHAT)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="holds no model that can be read"):
        Local(tmp_path).complete(CHAT)

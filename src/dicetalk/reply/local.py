"""A model on this machine, in a folder that transformers reads; nothing is downloaded, and no code of it is run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from dicetalk.errors import InputError, require
from dicetalk.reply.model import Message

MOST_TOKENS = 700


class Local:
    """A causal language model with a template for chats."""

    def __init__(self, folder: Path) -> None:
        """One in a folder.

        Raises:
            MissingExtraError: transformers is not installed.
            InputError: there is no such folder.
        """
        require("transformers", "text")
        require("torch", "text")
        if not folder.is_dir():
            raise InputError(f"no folder {folder}; give one that holds a model which transformers reads")
        self.folder = folder

    def complete(self, messages: Sequence[Message]) -> str:
        """What the model takes for the likeliest answer.

        Raises:
            InputError: the folder holds no such model.
        """
        tokenizer, model = self._loaded
        asked = [{"role": each.role, "content": each.content} for each in messages]
        given = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        said = model.generate(**given, max_new_tokens=MOST_TOKENS, do_sample=False)
        return str(tokenizer.decode(said[0, given["input_ids"].shape[1] :], skip_special_tokens=True))

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        options = {"local_files_only": True, "trust_remote_code": False}
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.folder, **options)
            model = AutoModelForCausalLM.from_pretrained(self.folder, use_safetensors=True, **options)
        except (OSError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())[:120]
            raise InputError(f"{self.folder} holds no model that can be read ({reason}); give another folder") from None
        if not tokenizer.chat_template:
            raise InputError(f"the model in {self.folder} has no template for chats; give one that was taught to chat")
        return tokenizer, model.eval()

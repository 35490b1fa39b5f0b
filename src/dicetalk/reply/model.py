"""What completes a chat: an address, a model on this machine, or a fake that needs neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dicetalk.errors import InputError


@dataclass(frozen=True)
class Message:
    """One message of a chat.

    Attributes:
        role: "system", "user" or "assistant".
        content: what is said.
    """

    role: str
    content: str


class Model(Protocol):
    """What completes chats."""

    def complete(self, messages: Sequence[Message]) -> str:
        """What comes next.

        Raises:
            InputError: it does not answer; the line tells neither messages, nor where it is, nor the key.
        """
        ...


FAKE, LOCAL = "fake", "local"


def model_of(text: str, name: str = "", seconds: float = 60.0) -> Model:
    """The model that somebody names.

    Args:
        text: `fake`; `local:FOLDER`, of a model that transformers reads; or the address of a service that answers as
            OpenAI's does, as in http://127.0.0.1:8080/v1.
        name: of the model that a service is asked for.
        seconds: that a service may take.

    Raises:
        InputError: it is none of them.
        MissingExtraError: transformers is not installed.
    """
    scheme, _, rest = text.strip().partition(":")
    makers: dict[str, Callable[[], Model]] = {
        FAKE: _fake,
        LOCAL: lambda: _local(rest),
        "http": lambda: _endpoint(text.strip(), name, seconds),
        "https": lambda: _endpoint(text.strip(), name, seconds),
    }
    if scheme.lower() not in makers:
        raise InputError("--llm is not understood; use fake, local:FOLDER, or an address that begins with https://")
    return makers[scheme.lower()]()


def _fake() -> Model:
    from dicetalk.reply.fake import Fake

    return Fake()


def _local(folder: str) -> Model:
    from dicetalk.reply.local import Local

    if not folder.strip():
        raise InputError("local: names no folder; use local:FOLDER, of a model that transformers reads")
    return Local(Path(folder.strip()))


def _endpoint(address: str, name: str, seconds: float) -> Model:
    from dicetalk.reply.endpoint import endpoint

    return endpoint(address, name, seconds)

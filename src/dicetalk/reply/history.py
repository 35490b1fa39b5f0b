"""The chat so far: a JSON list of messages, as services keep them."""

from __future__ import annotations

from pathlib import Path

from dicetalk.errors import InputError
from dicetalk.reply.model import Message
from dicetalk.reply.read_json import fields, json_file, text_of

LONGEST = 8000
"""Of a message [characters]."""
MOST = 1000
"""Messages in a file."""
LAST = 40
"""Messages that a model is shown: the last ones; the character is told anew each time."""
US, THEM = "assistant", "user"


def read_history(path: Path) -> list[Message]:
    """The last messages of a chat, in order; the last one is theirs.

    Raises:
        InputError: it is no chat, or ends with our own message.
        MediaError: the file cannot be read.
    """
    found = json_file(path)
    found = found["messages"] if isinstance(found, dict) and set(found) == {"messages"} else found
    if not isinstance(found, list) or not 0 < len(found) <= MOST:
        raise InputError(f'{path} holds no chat; expected a list such as [{{"role": "user", "content": "Hello"}}]')
    messages = [_message(path, number, each) for number, each in enumerate(found)]
    if messages[-1].role != THEM:
        raise InputError(f"the last message of {path} is our own; expected one of role {THEM!r}, which is replied to")
    return messages[-LAST:]


def _message(path: Path, number: int, value: object) -> Message:
    try:
        told = fields(value, ("role", "content"), ("name",))
        if told["role"] not in (US, THEM):
            raise ValueError(f"of another role; expected {US!r} or {THEM!r}")
        return Message(told["role"], text_of(told["content"], '"content"', LONGEST))
    except ValueError as error:
        raise InputError(f"{path}: message {number} is {error}") from None

"""A model that says what it is told to, or what fits any chat: for tests and the demo, without network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from dicetalk.reply.model import Message

JUDGING = "CANDIDATE"
"""What begins each candidate in a message to a judge."""
ANSWER = {
    "steps": [
        "They have told me something that matters to them.",
        "They hope to be heard, because they spoke of it at all.",
        "I am a little touched that they tell me, and curious.",
        "I stay calm, thank them, and ask one open question.",
        "They feel less alone and go on.",
    ],
    "reply": "Thank you for telling me that. I am glad you are here.",
    "feeling": {"happy": 0.4},
    "beats": [
        {"words": "Thank you for telling me that.", "emotion": "neutral", "strength": 0.2},
        {"words": "I am glad you are here.", "emotion": "happy", "strength": 0.7},
    ],
}


class Fake:
    """Says its script line by line; where it has none, always the same of everything."""

    def __init__(self, script: Sequence[str] | None = None) -> None:
        self._script: Iterator[str] | None = None if script is None else iter(script)

    def complete(self, messages: Sequence[Message]) -> str:
        """The next line of the script; without one an answer in the form that is asked for.

        Raises:
            StopIteration: the script is over.
        """
        if self._script is not None:
            return next(self._script)
        candidates = sum(line.startswith(JUDGING) for line in messages[-1].content.splitlines())
        if candidates:
            return json.dumps({"scores": [[7, 8, 6, 7, 6]] * candidates})
        return json.dumps(ANSWER)

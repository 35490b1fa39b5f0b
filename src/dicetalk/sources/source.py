"""The contract of what an emotion comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from dicetalk.emotion.timeline import Timeline
from dicetalk.speech import Hearing


class EmotionSource(Protocol):
    """What tells how somebody feels while they speak.

    Attributes:
        files: the recordings it reads, which an output must not overwrite.
        listens: whether it hears the driving speech, all of which must then be there before the first frame.
    """

    @property
    def files(self) -> tuple[Path, ...]: ...  # noqa: D102 (told above)

    @property
    def listens(self) -> bool: ...  # noqa: D102 (told above)

    def feel(self, speech: Hearing) -> Timeline:
        """The feelings of a stretch of speech; each says how sure it is and why.

        Args:
            speech: the driving speech. Whoever listens to it does so for all: it is heard once.

        Raises:
            DiceTalkError: what the source needs cannot be read.
        """
        ...

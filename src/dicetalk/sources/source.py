"""The contracts of what an emotion comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.moments import Moment
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


class MomentSource(Protocol):
    """What tells how somebody feels in each of several moments, by what is known of them.

    `emotion.moments.draw_up` makes a timeline of its answers, of each speaker's by itself.
    """

    def feel_each(self, moments: Sequence[Moment]) -> list[Feeling]:
        """One feeling a moment, in their order, with how sure it is (calibrated) and why in words.

        Raises:
            DiceTalkError: what the source needs cannot be read.
        """
        ...

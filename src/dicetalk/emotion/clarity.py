"""From clarity to strength: how strongly somebody acted whom a crowd understood so clearly.

Clarity is how far people agree; muscles are another matter. The curves were fitted to the votes on CREMA-D's clips that
were acted at three levels, and on its neutral ones (Cao et al., IEEE TAC 2014; votes under the ODbL 1.0), of 73 actors:
`benchmarks/circle.py`. They say what a clarity means on average; of one clip the strength is told no better than
to .26 to .29 (root of the mean square).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from dicetalk.arrays import Float64

Channel = Literal["voice", "face", "both"]
"""What the crowd heard and saw."""

CLARITIES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
STRENGTHS: dict[Channel, tuple[float, ...]] = {
    "voice": (0.0, 0.428, 0.573, 0.699, 0.756, 0.865),
    "face": (0.0, 0.225, 0.474, 0.632, 0.678, 0.766),
    "both": (0.0, 0.189, 0.553, 0.624, 0.669, 0.765),
}
"""The strength that was asked of the actors where the crowd's clarity is one of `CLARITIES`."""


def strength_of(clarity: ArrayLike, channel: Channel = "both") -> Float64:
    """The strength, 0 to 1, of what is so clear, 0 to 1; of any shape."""
    return np.interp(np.asarray(clarity, np.float64), CLARITIES, STRENGTHS[channel])

"""What must happen whatever the network makes of it: lips meet where p, b or m is heard, the lower one the teeth for f
and v. The same gate as on the rules (`acting.visemes.gate`), on the phones that are heard as speech comes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dicetalk.acting.performer import bite, lip_closing
from dicetalk.acting.visemes import gate
from dicetalk.arrays import Float32, Float64
from dicetalk.diffusion.channels import AHEAD
from dicetalk.motion.space import index
from dicetalk.rates import HOPS_PER_FRAME
from dicetalk.speech.broad import BITING, CLOSED, PHONES
from dicetalk.speech.stream import PARTS

AROUND = AHEAD
"""Frames on either side that say how far a frame's lips are shut: a closure's ramps are shorter."""
CLOSE = index("mouthClose")
_SPOKEN = PARTS * (len(PHONES) + 1)


@dataclass(eq=False)
class Contact:
    """How far lips touch, frame by frame as speech comes.

    Attributes:
        phones: (4 T, 24) shares of what was heard, from `AROUND` frames before the next one on.
    """

    phones: Float32 = field(default_factory=lambda: np.zeros((AROUND * HOPS_PER_FRAME, len(PHONES)), np.float32))

    def hear(self, rows: Float32) -> None:
        """Take rows of speech (T, 119) that come next."""
        halves = rows[:, :_SPOKEN].reshape(-1, len(PHONES) + 1)[:, :-1]
        self.phones = np.concatenate([self.phones, halves.repeat(HOPS_PER_FRAME // PARTS, 0)])

    def meet(self, shapes: Float64) -> None:
        """Let lips touch in the shapes (T, 52) of the next frames, of which `AROUND` more were heard; changed in
        place."""
        frames = len(shapes)
        around = self.phones[: (frames + 2 * AROUND) * HOPS_PER_FRAME]
        self.phones = self.phones[frames * HOPS_PER_FRAME :]
        shut, biting = (gate(around, chosen)[AROUND:-AROUND] for chosen in (CLOSED, (BITING,)))
        bite(shapes, biting * (1 - shut))
        own = shapes[:, CLOSE].copy()
        shapes[:, CLOSE] = 0
        shapes[:, CLOSE] = np.maximum(own, shut * lip_closing(shapes))

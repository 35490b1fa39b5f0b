"""What a reading says, in one plain sentence."""

from __future__ import annotations

from dicetalk.reading.reading import Reading

LEAST_CONFIDENCE = 0.5
"""Below it no emotion is named."""


def caption(reading: Reading) -> str:
    """One sentence about all of it."""
    whole = reading.overall
    if whole.confidence < LEAST_CONFIDENCE:
        return f"In {reading.seconds:.1f} seconds no emotion is clear enough to be named."
    return f"Mostly {whole.name} for {reading.seconds:.1f} seconds."

"""The kinds of objects that the network knows; those of COCO by its names.

Groups are used to draw scenes from which it learns, and by nothing else.
"""

from __future__ import annotations

GROUPS: dict[str, tuple[str, ...]] = {
    "people": ("person", "child", "baby", "woman", "man", "family", "crowd", "friend"),
    "threats": ("knife", "bear", "gun", "snake", "scissors", "wolf", "fire", "spider"),
    "animals": ("dog", "cat", "bird", "horse", "teddy bear", "sheep", "rabbit", "cow"),
    "treats": ("cake", "donut", "pizza", "sandwich", "banana", "wine glass", "ice cream", "apple"),
    "play": ("balloon", "kite", "frisbee", "sports ball", "skateboard", "surfboard", "swing", "present"),
    "loss": ("grave", "coffin", "crutch", "ruin", "wreck", "wilted flower", "hospital bed", "empty chair"),
    "waste": ("garbage", "toilet", "fly", "mud", "cockroach", "mould", "sewer", "rat"),
    "grandeur": ("mountain", "waterfall", "cathedral", "star", "whale", "rainbow", "tower", "aurora"),
}
WORDS = tuple(word for words in GROUPS.values() for word in words)
"""Known names."""


def number_of(name: str) -> int | None:
    """The number of a known name; None where nothing is known of it."""
    plain = " ".join(name.strip().lower().replace("_", " ").replace("-", " ").split())
    return WORDS.index(plain) if plain in WORDS else None

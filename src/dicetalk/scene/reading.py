"""A picture -> what it suggests, by light and colour, or by its objects as well; how surely, and why.

Never checked on real pictures: the light follows a study of plain colour cards, the network has seen drawings only. So
its confidence is held low, and is no share of right answers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dicetalk.arrays import Float64, Picture
from dicetalk.emotion.circle import MIKELS, compare
from dicetalk.emotion.feeling import DEFAULT_STRENGTH, Feeling
from dicetalk.emotion.mikels import feeling_of
from dicetalk.scene.graph import Read, shipped_graph
from dicetalk.scene.light import brightness, colourfulness, light_of, pleasure_and_arousal, reduced, suggested
from dicetalk.scene.objects import Detector, SceneObject, found_by, looks_of
from dicetalk.scene.words import number_of

LIGHT_TRUST, OBJECTS_TRUST = 0.3, 0.5
"""The most that is trusted of light and colour alone, and of objects as well."""
PLAIN = 0.6
"""How far light and colour must be from what is usual to say all they can."""
FEW = 0.4
"""Of the likeliest emotion: what has less of a share than that is left out."""
TOGETHER = 0.15
"""Share that an object takes from another from which on the two are told as a pair."""
REMARKED = 0.2
"""Confidence from which on a scene is worth a remark."""


def read_scene(picture: Picture, detector: Detector | None = None) -> Feeling:
    """What a picture (H, W, 3) suggests.

    Raises:
        ConfigError, CheckpointError: the detector cannot be used.
    """
    found = [] if detector is None else found_by(detector, picture)
    known = [some for some in found if number_of(some.name) is not None]
    if not known:
        return _by_light(picture, found)
    words = np.array([number_of(some.name) for some in known], np.int64)
    read = shipped_graph()(light_of(picture), words, looks_of(picture, known))
    sure = OBJECTS_TRUST * float(read.shares.max()) * len(known) / len(found)
    return _feeling(
        read.shares, sure, f"{_decided(read, known)} in {_light_told(picture)} light{_passed(found, known)}"
    )


def _by_light(picture: Picture, found: Sequence[SceneObject]) -> Feeling:
    pleasure, arousal = pleasure_and_arousal(picture)
    plain = min(float(np.hypot(pleasure, arousal)) / PLAIN, 1.0)
    shares = suggested(pleasure, arousal)
    by = f"by light and colour alone, {_light_told(picture)}{_passed(found, [])}"
    return _feeling(shares, LIGHT_TRUST * plain * float(shares.max()), by, plain)


def _feeling(shares: Float64, confidence: float, by: str, strength: float = 1.0) -> Feeling:
    """The likeliest emotions, and why."""
    some = np.where(shares >= FEW * shares.max(), shares, 0)
    order = np.argsort(-some)[: int((some > 0).sum())]
    told = ", ".join(f"{MIKELS.names[k]} {shares[k]:.2f}" for k in order[:3])
    return feeling_of(
        DEFAULT_STRENGTH * strength * some / some.sum(), confidence, f"{by}: {told}; never checked on real pictures"
    )


def _decided(read: Read, objects: Sequence[SceneObject]) -> str:
    """The object that counts most, and what it belongs to."""
    first = int(read.attention.argmax())
    edges = np.where(np.arange(len(objects)) == first, 0, read.edges[first])
    other = int(edges.argmax())
    if edges[other] < TOGETHER:
        return f"'{objects[first].name}'"
    return f"'{objects[first].name}' beside '{objects[other].name}'"


def _passed(found: Sequence[SceneObject], known: Sequence[SceneObject]) -> str:
    """How many objects nothing is known of."""
    passed = len(found) - len(known)
    return f" ({passed} of {len(found)} objects unknown)" if passed else ""


def _light_told(picture: Picture) -> str:
    """Light and colour in two words."""
    small = reduced(picture)
    light, colour = float(brightness(small).mean()), float(colourfulness(small).mean())
    shade = "dark" if light < 0.3 else "bright" if light > 0.6 else "plain"
    return f"{shade} and {'dull' if colour < 0.1 else 'vivid' if colour > 0.4 else 'mild'}"


def remark(scene: Feeling, other: Feeling, what: str) -> str | None:
    """One line where a scene and something else disagree, which is no error; None where they do not or all is unsure.

    Args:
        scene: what the scene suggests.
        other: what is compared with it.
        what: that is, as in "the face in it".
    """
    found = compare(other, scene)
    if scene.confidence < REMARKED or not found.disagrees:
        return None
    return (
        f"{_strongest(scene)} backdrop, {_strongest(other)} {what}: the scene suggests another feeling, of which "
        f"little is sure ({scene.confidence:.2f}); {found}"
    )


def _strongest(felt: Feeling) -> str:
    return max(felt.strengths, key=felt.strengths.__getitem__)

"""The emotion vocabulary: the eight names of MEAD, their aliases, valence and arousal; how own emotions may be called.

MEAD is Wang et al., "MEAD: A Large-scale Audio-visual Dataset for Emotional Talking-face Generation", ECCV 2020.
"""

from __future__ import annotations

import difflib
import re

from dicetalk.errors import EmotionError

NEUTRAL = "neutral"
NAMES = (NEUTRAL, "angry", "contempt", "disgusted", "fear", "happy", "sad", "surprised")

HEARD = tuple(name for name in NAMES if name != "contempt")
"""What a voice can tell: no corpus that was learned from has a voice of contempt."""

PUBLISHED = ("neutral", "angry", "contempt", "disgusted", "fear", "happy", "sad", "surprised")
"""The vocabulary of the published weights, and of checkpoints whose config names none."""

ALIASES = {
    "none": "neutral",
    "calm": "neutral",
    "anger": "angry",
    "mad": "angry",
    "furious": "angry",
    "rage": "angry",
    "contemptuous": "contempt",
    "scorn": "contempt",
    "disdain": "contempt",
    "disgust": "disgusted",
    "afraid": "fear",
    "fearful": "fear",
    "scared": "fear",
    "frightened": "fear",
    "happiness": "happy",
    "joy": "happy",
    "joyful": "happy",
    "glad": "happy",
    "sadness": "sad",
    "unhappy": "sad",
    "sorrow": "sad",
    "surprise": "surprised",
    "astonished": "surprised",
}

# Places in the plane of Russell, "A circumplex model of affect", J. Pers. Soc. Psych. 39(6), 1980, read off its
# figures to about a tenth of the radius. Contempt is not on them: beside disgust, milder and calmer, is our choice.
VALENCE = {
    "neutral": 0.0,
    "angry": -0.5,
    "contempt": -0.5,
    "disgusted": -0.7,
    "fear": -0.6,
    "happy": 0.9,
    "sad": -0.8,
    "surprised": 0.3,
}
"""How pleasant, -1 (most unpleasant) to 1."""

AROUSAL = {
    "neutral": 0.0,
    "angry": 0.7,
    "contempt": 0.2,
    "disgusted": 0.4,
    "fear": 0.8,
    "happy": 0.4,
    "sad": -0.4,
    "surprised": 0.9,
}
"""How activated, -1 (asleep) to 1."""

# The third axis of Russell and Mehrabian, "Evidence for a three-factor theory of emotions", J. Res. Pers. 11, 1977,
# rounded to a tenth; contempt as their scornful.
DOMINANCE = {
    "neutral": 0.0,
    "angry": 0.3,
    "contempt": 0.3,
    "disgusted": 0.1,
    "fear": -0.4,
    "happy": 0.4,
    "sad": -0.3,
    "surprised": -0.1,
}
"""How much in control, -1 to 1."""


UNNAMED = "mood"
"""What an own emotion is called that was given no name."""
LONGEST_NAME = 40
_OWN_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def resolve(name: str) -> str:
    """The name of `NAMES` that `name` stands for; case and surrounding spaces do not matter.

    Raises:
        EmotionError: no such name or alias; the message suggests the nearest one and lists all names.
    """
    key = name.strip().lower()
    if key in NAMES:
        return key
    if key in ALIASES:
        return ALIASES[key]
    near = difflib.get_close_matches(key[:40], [*NAMES, *ALIASES], n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise EmotionError(f"unknown emotion {name[:40]!r}; {hint}expected one of: {', '.join(NAMES)}")


def check_own_name(name: str) -> None:
    """Refuse a name that would be mistaken for a strength, a file or another emotion.

    Raises:
        EmotionError: not small letters, digits, - and _ after a first letter; too long; or a name of the vocabulary.
    """
    if not _OWN_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        rule = f"at most {LONGEST_NAME} small letters, digits, - and _, a letter first"
        raise EmotionError(f"{name[:LONGEST_NAME]!r} cannot be the name of an own emotion; expected {rule}")
    if name in NAMES or name in ALIASES:
        raise EmotionError(f"{name!r} is one of the emotions there are already; choose another name")

"""CREMA-D (Cao et al., IEEE Trans. Affective Computing 5(4), 2014): 91 actors, twelve sentences, six emotions.

`AudioWAV/1001_IEO_ANG_HI.wav` and `VideoFlash/1001_IEO_ANG_HI.flv`: actor, sentence, emotion, level.
"""

from __future__ import annotations

from pathlib import Path

from dicetalk.data.clip import Clip, Corpus, collect

EMOTIONS = {"ANG": "angry", "DIS": "disgusted", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
STRENGTHS = {"LO": 0.4, "MD": 0.7, "HI": 1.0, "XX": 0.7}  # XX: the actor was given no level
SENTENCES = ("IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI")

LAYOUT = "AudioWAV/1001_IEO_ANG_HI.wav, with VideoFlash/1001_IEO_ANG_HI.flv beside"


def read_crema_d(folder: Path) -> Corpus:
    """CREMA-D: its sound, and the video of the same name where it is there.

    Raises:
        InputError: no such folder, or no CREMA-D file in it.
    """
    videos = {file.stem: file for file in sorted(folder.rglob("*.flv")) + sorted(folder.rglob("*.mp4"))}
    return collect(folder, (".wav",), lambda file: _clip(file, videos.get(file.stem)), LAYOUT)


def _clip(file: Path, video: Path | None) -> Clip:
    parts = file.stem.split("_")
    if len(parts) != 4:
        raise ValueError(f"the name has {len(parts)} parts with _ between; expected 4")
    actor, sentence, emotion, level = parts
    if not (actor.isdecimal() and 1001 <= int(actor) <= 1091):
        raise ValueError(f"actor {actor!r} is not one of 1001 to 1091")
    for part, what, known in (
        (sentence, "sentence", SENTENCES),
        (emotion, "emotion", EMOTIONS),
        (level, "level", STRENGTHS),
    ):
        if part not in known:
            raise ValueError(f"{what} {part!r} is not one of {', '.join(known)}")
    return Clip(
        name=file.stem,
        corpus="crema_d",
        identity=f"crema_d_{actor}",
        sound=file,
        video=video,
        emotion=EMOTIONS[emotion],
        strength=STRENGTHS[level],
        sentence=sentence,
    )

"""DiceTalk: a portrait, a recording of speech and an emotion in; a video of that person speaking out.

import dicetalk
talk = dicetalk.load()
talk("face.png", "speech.wav", emotion="happy").save("out.mp4")
"""

TYPE_CHECKING = False  # each import, as of `typing`, would cost a command time in which it does not answer signals yet
if TYPE_CHECKING:
    from dicetalk.emotion.feeling import Feeling, mix
    from dicetalk.emotion.timeline import Timeline
    from dicetalk.errors import (
        CheckpointError,
        ConfigError,
        DiceTalkError,
        EmotionError,
        InputError,
        MediaError,
        MissingExtraError,
        NoFaceError,
    )
    from dicetalk.live import LiveVideo
    from dicetalk.pipeline import DiceTalk, load
    from dicetalk.speakers import Speaker
    from dicetalk.svd.options import SvdOptions
    from dicetalk.video import Video

__version__ = "0.1.0"

__all__ = [
    "CheckpointError",
    "ConfigError",
    "DiceTalk",
    "DiceTalkError",
    "EmotionError",
    "Feeling",
    "InputError",
    "LiveVideo",
    "MediaError",
    "MissingExtraError",
    "NoFaceError",
    "Speaker",
    "SvdOptions",
    "Timeline",
    "Video",
    "load",
    "mix",
]

_HOMES = {
    "dicetalk.pipeline": ("DiceTalk", "load"),
    "dicetalk.video": ("Video",),
    "dicetalk.live": ("LiveVideo",),
    "dicetalk.speakers": ("Speaker",),
    "dicetalk.svd.options": ("SvdOptions",),
    "dicetalk.emotion.feeling": ("Feeling", "mix"),
    "dicetalk.emotion.timeline": ("Timeline",),
    "dicetalk.errors": tuple(name for name in __all__ if name.endswith("Error")),
}


def __getattr__(name: str) -> object:
    """Public names load when they are used: `dicetalk --help` need not wait for OpenCV and numba."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'dicetalk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

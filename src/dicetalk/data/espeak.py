"""eSpeak NG through its C library, as a program of its own: what goes wrong in the library ends that program alone.

    python espeak.py version            tells its version
    python espeak.py known              which languages it speaks of those on standard input, one a line
    python espeak.py speak VOICE        speaks what is asked on standard input, each a line of JSON: the text, and
                                        parameters as pairs of their numbers and values

An answer is a line of JSON, `rate`, `samples` and `phones` (the sample where each begins, and its symbol in IPA), and
behind it the samples, 16 bit. Needs nothing but Python, so that it starts at once and wherever it lies.
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys
from collections.abc import Iterable
from typing import BinaryIO

LIBRARIES = ("libespeak-ng.so.1", "libespeak-ng.1.dylib", "libespeak-ng.dll")
LACKING, UNKNOWN = 3, 4
"""How it ends without the library or its data, and without such a voice."""


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("text", ctypes.c_char_p), ("phone", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("identity", _Identity),
    )


_Called = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
_SYNCHRONOUS, _UTF8 = 2, 1
_OPTIONS = 1 | 2 | 0x8000
"""Of the start: tell phones, in IPA; do not end the program where data are lacking."""
_PHONE_EVENT, _LAST_EVENT = 7, 0


def open_library() -> tuple[ctypes.CDLL, int]:
    """The library, and its samples a second; ends the program where it is lacking."""
    for name in LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        rate = int(library.espeak_Initialize(_SYNCHRONOUS, 200, None, _OPTIONS))
        if rate > 0:
            return library, rate
    sys.exit(LACKING)


def version() -> str:
    """Of the library."""
    library, _ = open_library()
    library.espeak_Info.restype = ctypes.c_char_p
    return str(library.espeak_Info(None).decode())


def known(languages: Iterable[str]) -> list[str]:
    """Those that it speaks."""
    library, _ = open_library()
    return [each for each in languages if library.espeak_SetVoiceByName(each.encode()) == 0]


def speak(voice: str, requests: Iterable[bytes], answers: BinaryIO) -> None:
    """Answer requests until there are no more; ends the program where there is no such voice."""
    library, rate = open_library()
    samples = bytearray()
    phones: list[tuple[int, str]] = []

    def called(wave: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if wave and count:
            samples.extend(ctypes.string_at(wave, 2 * count))
        number = 0
        while events[number].kind != _LAST_EVENT:
            if events[number].kind == _PHONE_EVENT:
                phones.append((events[number].sample, events[number].identity.phone.decode(errors="ignore")))
            number += 1
        return 0

    kept = _Called(called)  # the library holds no reference
    library.espeak_SetSynthCallback(kept)
    if library.espeak_SetVoiceByName(voice.encode()):
        sys.exit(UNKNOWN)
    for request in requests:
        samples.clear()
        phones.clear()
        _synthesise(library, **json.loads(request))
        told = {"rate": rate, "samples": len(samples) // 2, "phones": phones}
        answers.write(json.dumps(told).encode() + b"\n" + samples)
        answers.flush()


def _synthesise(library: ctypes.CDLL, text: str, parameters: Iterable[tuple[int, int]]) -> None:
    for parameter, value in parameters:
        library.espeak_SetParameter(parameter, value, 0)
    spoken = text.encode()
    library.espeak_Synth(spoken, len(spoken) + 1, 0, 1, 0, _UTF8, None, None)
    library.espeak_Synchronize()


def main() -> None:
    """Do what the words of the command line say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when nobody asks any more
    work, *voice = sys.argv[1:]
    if work == "version":
        print(version())
    elif work == "known":
        print(*known(sys.stdin.read().split()), sep="\n")
    else:
        speak(voice[0], sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()

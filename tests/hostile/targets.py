"""What names can stand for: folders, pipes, devices, links, names that lead elsewhere; and where nothing is written."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hostile.cases import NO_NULL, NO_OUTPUT, OWN_FOLDER, SENT_BY_CONTENT, Case, Door
from hostile.made import encoded, put, wav

NOT_SENT: Mapping[Door, str] = {"REST": SENT_BY_CONTENT}
NOT_NAMED: Mapping[Door, str] = {"REST": NO_OUTPUT, "batch": OWN_FOLDER}


def place(says: str, make: Callable[[Path], object], field: str = "portrait", *, listed: str = "") -> Case:
    """A case of an input's name, which `make` gives; `listed` is what is said of it in a manifest."""
    at: Mapping[Door, str] = {"batch": listed or says}
    return Case(make=lambda folder: {field: str(make(folder))}, says=says, nowhere=NOT_SENT, at=at)


def called(name: str, says: str = "") -> Case:
    """A good portrait and speech under an odd name."""

    def make(folder: Path) -> dict[str, Any]:
        (folder / name).mkdir()
        return {
            "portrait": put(folder / name, f"{name}.png", encoded("PNG")),
            "speech": put(folder, f"{name}.wav", wav()),
        }

    return Case(make=make, says=says)


def target(says: str, make: Callable[[Path], object], field: str = "output", **fields: Any) -> Case:
    """A case of an output's name, which `make` gives."""
    return Case(make=lambda folder: {**fields, field: str(make(folder))}, says=says, nowhere=NOT_NAMED)


def below(says: str, name: str, at: Mapping[Door, str] | None = None) -> Case:
    """A case of an output of a batch."""
    why = "a name in a batch's folder"
    nowhere: dict[Door, str] = {"command line": why, "Python": why, "REST": NO_OUTPUT}
    return Case(make=lambda folder: {"output": name}, says=says, nowhere=nowhere, at=at or {})


def fifo(folder: Path, name: str = "pipe") -> Path:
    os.mkfifo(folder / name)
    return folder / name


def plug(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "s"))
    return folder / "s"


def linked(folder: Path, to: object, name: str = "link.png") -> Path:
    (folder / name).symlink_to(str(to))
    return folder / name


def filled(folder: Path, name: str, content: bytes = b"mine") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def made(path: Path) -> Path:
    path.mkdir()
    return path


GONE = r"cannot be opened"
INPUTS: dict[str, Case] = {
    "not there": place(GONE, lambda folder: folder / "gone.png"),
    "a folder as portrait": place("is a folder; give a file", lambda folder: folder),
    "a folder with its slash": place("names a folder", lambda folder: f"{folder}/"),
    "a pipe as portrait": place("is a pipe", fifo),
    "a pipe as speech": place("is a pipe", fifo, "speech"),
    "a socket": place("is a socket", plug),
    "a device without end": place("is a device", lambda folder: "/dev/zero"),
    "a device without content": place("is a device", lambda folder: "/dev/null", "speech"),
    "a device as curves": place("is a device", lambda folder: "/dev/urandom", "motion_in"),
    "a file that cannot be read": place(GONE, lambda folder: "/proc/self/mem"),
    "a link to a picture": place("", lambda folder: linked(folder, put(folder, "face.png", encoded("PNG")))),
    "a link to nothing": place(GONE, lambda folder: linked(folder, "gone.png")),
    "a link to itself": place(GONE, lambda folder: linked(folder, "link.png")),
    "a link to a device": place("is a device", lambda folder: linked(folder, "/dev/zero")),
    "a link to a pipe": place("is a pipe", lambda folder: linked(folder, fifo(folder))),
    "a name of 300 letters": place(GONE, lambda folder: folder / ("x" * 300)),
    "a path of 9000 letters": place("has 90.. characters", lambda folder: folder / ("x/" * 4500 + "x.png")),
    "a name of nothing": place("empty|names no portrait", lambda folder: ""),
    "a name of spaces": place("the name of a file is empty", lambda folder: "   "),
    "a name with a null": Case(
        make=lambda folder: {"portrait": "face\0.png"},
        says="is no name of a file|control character",
        nowhere={"command line": NO_NULL, **NOT_SENT},
    ),
    "a name of two lines": place(GONE, lambda folder: folder / "a\nb.png", listed="control character"),
    "a file through a file": place(GONE, lambda folder: f"{filled(folder, 'a.png')}/b.png"),
    "up and up": place(GONE, lambda folder: "../" * 40 + "etc/gone.png"),
    "an address of the web": place(GONE, lambda folder: "http://127.0.0.1:9/face.png"),
    "an address of a file": place(GONE, lambda folder: "file:///etc/hostname", "speech"),
    "a thing of FFmpeg's": place(GONE, lambda folder: "concat:/etc/hostname|/etc/passwd", "speech"),
    "a filter of FFmpeg's": place(GONE, lambda folder: "lavfi:sine", "speech"),
    "a pipe of FFmpeg's": place(GONE, lambda folder: "pipe:0", "speech"),
    "data in a name": place(GONE, lambda folder: "data:audio/wav;base64,AAAA", "speech"),
    "somebody's home": place(GONE, lambda folder: "~nobody-of-this-name/face.png"),
    "the process's own input": place(
        "is a device|is a pipe|is empty|cannot be opened", lambda folder: "/dev/stdin", "speech"
    ),
}

NAMES: dict[str, Case] = {
    "a name with spaces": called(" my  face "),
    "a name of many scripts": called("né 日本 סבא 😀"),
    "a name of combining letters": called("e\u0301"),
    "a name that begins with a dash": called("-rf"),
    "a name with a percent": called("100%d %n"),
    "a name with quotes": called("a'b\"c`d"),
    "a name of a command": called("$(touch x); rm"),
    "a name with a colon and a comma": called("a:b,c"),
    "a name with brackets": called("[a]{b}*?"),
    "a name that turns the line round": called("a\u202egpj"),
    "a name that could be an option": called("--size=9"),
}

OUTPUTS: dict[str, Case] = {
    "a folder that is not there": target("does not exist; make it first", lambda folder: folder / "no" / "a.mp4"),
    "a folder as video": target("is a folder", lambda folder: made(folder / "a.mp4")),
    "a suffix that is none": target("end the output name in", lambda folder: folder / "a.exe"),
    "no suffix": target("end the output name in", lambda folder: folder / "a"),
    "a full device": target("ends in|is a device", lambda folder: "/dev/full"),
    "a link to a full device": target("is a link", lambda folder: linked(folder, "/dev/full", "a.mp4")),
    "a link to a file": target("is a link", lambda folder: linked(folder, filled(folder, "x"), "a.mp4")),
    "a link to no file": target("is a link", lambda folder: linked(folder, folder / "y", "a.mp4")),
    "a pipe as video": target("is a pipe", lambda folder: fifo(folder, "a.mp4")),
    "where nobody writes": target("cannot be written|does not exist", lambda folder: "/proc/a.mp4"),
    "where the system is": target("cannot be written|does not exist", lambda folder: "/sys/kernel/a.mp4"),
    "a name too long": target("cannot be written", lambda folder: folder / ("x" * 300 + ".mp4")),
    "an output of nothing": target("empty", lambda folder: ""),
    "a file that is there": target("", lambda folder: filled(folder, "a.mp4")),
    "an output of many scripts": target("", lambda folder: folder / "né 日本 😀 'a' $b.mp4"),
    "an output that begins with a dash": target("", lambda folder: folder / "-o.mov"),
    "pictures in a folder of files": target(
        "is in the way|is there|not a folder|exist|cannot", lambda folder: f"{filled(folder, 'a')}/"
    ),
    "curves where nobody writes": target(
        "cannot be written|does not exist", lambda folder: "/proc/a.csv", "motion_out"
    ),
    "curves of a suffix": target("end the output name in", lambda folder: folder / "a.mp3", "motion_out"),
}

BELOW: dict[str, Case] = {
    "out of the folder": below("leads out of", "../x.mp4"),
    "far out of the folder": below("leads out of", "a/../../x.mp4"),
    "the root": below("leads out of", "/tmp/x.mp4"),
    "another system's root": below("leads out of", "C:\\x.mp4"),
    "a hidden video": below("is a hidden file", ".x.mp4"),
    "the batch's own records": below("is a hidden file", ".batch/x.mp4"),
    "the report": below("end the output name in|already", "report.csv"),
    "a very deep folder": below("", "/".join("abcdefghij") + "/x.mp4"),
    "names of 300 letters": below("cannot be|too long", "x" * 300 + ".mp4"),
    "a null in the output": below("control character|is no name", "a\0.mp4"),
    "spaces and scripts": below("", "né 日本/ a b .mp4"),
}


def over_portrait(folder: Path) -> dict[str, Any]:
    path = put(folder, "face.mov", encoded("PNG"))
    return {"portrait": path, "output": path}


OVER: dict[str, Case] = {
    "the portrait as output": Case(make=over_portrait, says="is an input and would be overwritten", nowhere=NOT_NAMED),
}

TARGETS = INPUTS | NAMES | OUTPUTS | BELOW | OVER

"""What there is on this machine: Python, packages, models, encoders, cores and memory."""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from dicetalk.errors import missing_library

FACE_MODELS = (
    "detector_proposal.onnx",
    "detector_refine.onnx",
    "detector_output.onnx",
    "mesh.onnx",
    "person.onnx",
    "triangles.npy",
)
SPEECH_MODELS = ("phones.onnx", "phones.safetensors")
NATIVE = ("av", "cv2", "numba", "onnxruntime", "scipy")
"""Packages with native code: they can be installed and still not load."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        ok: whether it is as the `rules` backbone needs it.
        found: what was found.
        hint: what to do if it is not ok.
    """

    name: str
    ok: bool
    found: str
    hint: str = ""


def common_checks() -> list[Check]:
    """All that every backbone needs."""
    return [check for part in (_python, _packages, _libraries, _models, _encoders, _machine) for check in part()]


def _python() -> Iterator[Check]:
    able = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Check("python", able, platform.python_version(), "use Python 3.11, 3.12 or 3.13")


def _packages() -> Iterator[Check]:
    """What the package itself requires, with versions."""
    for name in required(None):
        yield package(name)


def package(name: str) -> Check:
    """Whether a package is installed, and its version."""
    try:
        return Check(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, False, "not installed", f"pip install {name}")


def required(extra: str | None) -> list[str]:
    """Names of the packages that DiceTalk, or one of its extras, requires."""
    lines = [line.partition(";") for line in metadata.requires("dicetalk") or []]
    marker = re.compile(r"extra\s*==\s*['\"]([\w-]+)['\"]")
    wanted = [(line, found[1] if (found := marker.search(rest)) else None) for line, _, rest in lines]
    names = [re.match(r"[\w.-]+", line.strip()) for line, of in wanted if of == extra]
    return [name.group() for name in names if name]


def _libraries() -> Iterator[Check]:
    """Native packages must not only be there, they must load."""
    for name in NATIVE:
        if find_spec(name) is None:
            continue  # told among the packages
        try:
            importlib.import_module(name)
        except ImportError as error:
            hint = missing_library(error) or f"pip install --force-reinstall {name}"
            yield Check(f"{name} loads", False, " ".join(str(error).split()), hint)


def _models() -> Iterator[Check]:
    """Models lie in our wheel: nothing is downloaded."""
    yield _files("face models", "weights/face", FACE_MODELS)
    yield _files("speech models", "weights/phones", SPEECH_MODELS)


def _files(what: str, folder: str, names: tuple[str, ...]) -> Check:
    spec = find_spec("dicetalk")
    roots = (spec.submodule_search_locations if spec else None) or []
    missing = [name for name in names if not any((Path(root) / folder / name).is_file() for root in roots)]
    found = f"{missing[0]} is missing in dicetalk" if missing else f"{len(names)} in dicetalk"
    # No package of this name is published.
    return Check(what, not missing, found, "pip install --force-reinstall . in the clone of DiceTalk")


def _encoders() -> Iterator[Check]:
    if find_spec("av") is None:
        return
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    for name, what in (("libx264", "H.264 encoder"), ("aac", "AAC encoder")):
        hint = "install av from its wheel: pip install --force-reinstall --only-binary :all: av"
        try:
            yield Check(what, True, Codec(name, "w").long_name)
        except UnknownCodecError:
            yield Check(what, False, f"PyAV without {name}", hint)


def _machine() -> Iterator[Check]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Check("cores", True, str(cores))
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        yield Check("memory", memory >= 1.5, f"{memory:.1f} GB", "1.5 GB are needed")


def missing_extras() -> dict[str, list[str]]:
    """What is not installed of each optional part."""
    names = metadata.metadata("dicetalk").get_all("Provides-Extra") or []
    lacking = {name: [p.name for p in map(package, required(name)) if not p.ok] for name in names}
    return {name: packages for name, packages in lacking.items() if packages}

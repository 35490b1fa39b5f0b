"""`dicetalk doctor`: what this machine can run, what is missing, what it costs."""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.demo import demo_portrait, demo_speech
from dicetalk.cli.failures import YOURS_TO_FIX, missing_library
from dicetalk.cli.svd_cost import Forecast, checkpoint_config, conclusion, cost_table, forecast
from dicetalk.errors import ConfigError, DiceTalkError

if TYPE_CHECKING:
    from dicetalk.pipeline import Video

EXAMPLES = """\b
Examples:
  dicetalk doctor
  dicetalk doctor --json
  dicetalk doctor --backbone svd --seconds 10      peak memory and time of each preset, before anything is loaded
"""

FACE_MODELS = (
    "detector_proposal.onnx",
    "detector_refine.onnx",
    "detector_output.onnx",
    "mesh.onnx",
    "person.onnx",
    "triangles.npy",
)
POCKETSPHINX_MODELS = ("en-us/en-us/mdef", "en-us/en-us-phone.lm.bin")
NATIVE = ("av", "cv2", "numba", "onnxruntime", "pocketsphinx", "scipy")
"""Packages with native code: they can be installed and still not load."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        ok: whether it is as the `motion` backbone needs it.
        found: what was found.
        hint: what to do if it is not ok.
    """

    name: str
    ok: bool
    found: str
    hint: str = ""


@dataclass(frozen=True)
class Speed:
    """What a second of speech cost on this machine.

    Attributes:
        frames_per_s: drawn and encoded, once running, of `size`.
        start_s: from the command to the first frame [s].
        speech_s: length of speech that the prediction is for [s].
        predicted_s: how long it would take, start included [s].
        memory_mb: the most that this process has held [MB].
        size: of the frames [px], width x height.
    """

    frames_per_s: float
    start_s: float
    speech_s: float
    predicted_s: float
    memory_mb: int | None
    size: str


@dataclass(frozen=True)
class Report:
    """All that was found.

    Attributes:
        backbone: what would draw: "motion" or "svd".
        checks: what was looked at.
        speed: measured, of `motion`; None if it cannot run.
        forecast: predicted, of `svd`; None if it cannot run.
    """

    backbone: str
    checks: list[Check]
    speed: Speed | None = None
    forecast: Forecast | None = None

    @property
    def able(self) -> bool:
        """Whether videos can be made here."""
        return all(check.ok for check in self.checks) and (self.forecast is None or self.forecast.able)


@click.command(epilog=EXAMPLES)
@click.option(
    "--backbone", default="motion", show_default=True, help="What would draw: motion, svd, or a checkpoint's folder."
)
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.2),
    help="Length of speech to predict for.",
)
@click.option("--device", help="Where svd would run: cpu, cuda, cuda:1, mps.  [default: auto, the best there is]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(context: click.Context, backbone: str, seconds: float, device: str | None, as_json: bool) -> None:
    """Tell what this machine can run, what is missing and what it would cost.

    Ends with exit code 0 if videos can be made here, else 2. For motion one second of video is made to measure the
    speed; for svd operations, peak memory and time are predicted, whether its weights are here or not.
    """
    if backbone == "motion" and device is not None:
        raise ConfigError("--device is for the svd backbone, and motion draws here; add --backbone svd")
    report = _motion_report(seconds) if backbone == "motion" else _svd_report(backbone, seconds, device or "auto")
    if as_json:
        print(json.dumps(_record(report)))
    else:
        _print_report(report)
    context.exit(0 if report.able else YOURS_TO_FIX)


def _common_checks() -> list[Check]:
    return [check for part in (_python, _packages, _libraries, _models, _encoders, _machine) for check in part()]


def _motion_report(seconds: float) -> Report:
    checks = _common_checks()
    if not all(check.ok for check in checks):
        return Report("motion", checks)
    try:
        return Report("motion", checks, measure(seconds))
    except DiceTalkError as error:  # a failure to make a video is one more finding
        return Report("motion", [*checks, Check("one second of video", False, str(error), "see the line itself")])


def _svd_report(backbone: str, seconds: float, device: str) -> Report:
    packages = [_package(name) for name in _required("svd")]
    missing = [replace(check, hint="pip install 'dicetalk[svd]'") for check in packages if not check.ok]
    if missing:
        return Report("svd", [*_common_checks(), *missing])
    config = checkpoint_config(backbone)
    found = f"in {'dice-svd' if backbone == 'svd' else backbone}" if config else "not here yet: see `dicetalk weights`"
    checks = [*_common_checks(), *packages, Check("weights", True, found)]
    return Report("svd", checks, forecast=forecast(seconds, device, config))


def _python() -> Iterator[Check]:
    able = (3, 11) <= sys.version_info[:2] < (3, 14)
    yield Check("python", able, platform.python_version(), "use Python 3.11, 3.12 or 3.13")


def _packages() -> Iterator[Check]:
    """What the package itself requires, with versions."""
    for name in _required(None):
        yield _package(name)


def _package(name: str) -> Check:
    try:
        return Check(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, False, "not installed", f"pip install {name}")


def _required(extra: str | None) -> list[str]:
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
    """Models lie in wheels, ours and another's: nothing is downloaded."""
    yield _files("face models", "dicetalk", "weights/face", FACE_MODELS)
    yield _files("speech models", "pocketsphinx", "model", POCKETSPHINX_MODELS)


def _files(what: str, package: str, folder: str, names: tuple[str, ...]) -> Check:
    spec = find_spec(package)
    roots = (spec.submodule_search_locations if spec else None) or []
    missing = [name for name in names if not any((Path(root) / folder / name).is_file() for root in roots)]
    found = f"{missing[0]} is missing in {package}" if missing else f"{len(names)} in {package}"
    return Check(what, not missing, found, f"pip install --force-reinstall {package}")


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


def measure(seconds: float) -> Speed:
    """Make one second of the demo and time it; predict what so many seconds of speech take.

    Raises:
        DiceTalkError: it cannot be made.
    """
    start = time.perf_counter()
    from dicetalk.media import SPEECH_RATE, read_sound
    from dicetalk.pipeline import load

    sound = read_sound(demo_speech())
    second = replace(sound, waveform=sound.waveform[:SPEECH_RATE])
    video = load()(demo_portrait(), second, emotion="happy")
    ends, frames = _timed_chunks(video)
    begin = ends[0] - start
    # The first chunk is where hearing and the mesh begin: the pace is that of the chunks after it.
    pace = sum(frames[1:]) / (ends[-1] - ends[0])
    predicted = begin + seconds * video.fps / pace
    size = f"{video.width} x {video.height}"
    return Speed(round(pace, 1), round(begin, 2), seconds, round(predicted, 1), _memory_mb(), size)


def _timed_chunks(video: Video) -> tuple[list[float], list[int]]:
    """When each chunk of a video was drawn and encoded [s], and how many frames it had."""
    from dicetalk.media import VideoWriter

    ends, frames = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        VideoWriter(Path(folder) / "second.mp4", width=video.width, height=video.height) as writer,
    ):
        for chunk in video.stream():
            writer.write(chunk)
            ends.append(time.perf_counter())
            frames.append(len(chunk))
    return ends, frames


def _memory_mb() -> int | None:
    """The most memory this process has held [MB]; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # [bytes]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 2**20


def _extras() -> dict[str, list[str]]:
    """What is not installed of each optional part."""
    names = metadata.metadata("dicetalk").get_all("Provides-Extra") or []
    lacking = {name: [p.name for p in map(_package, _required(name)) if not p.ok] for name in names}
    return {name: packages for name, packages in lacking.items() if packages}


def _record(report: Report) -> dict[str, object]:
    return {
        "ok": report.able,
        "backbones": {report.backbone: report.able},
        "checks": [asdict(check) for check in report.checks],
        "speed": asdict(report.speed) if report.speed else None,
        "forecast": asdict(report.forecast) if report.forecast else None,
        "missing_extras": _extras(),
    }


def _print_report(report: Report) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table("", "what", "found", "what to do", box=SIMPLE, show_edge=False)
    for check in report.checks:
        table.add_row("ok" if check.ok else "NO", check.name, check.found, "" if check.ok else check.hint)
    console = Console(highlight=False)
    console.print(table)
    if report.forecast is not None:
        console.print(cost_table(report.forecast))
    for line in _conclusion(report):
        console.print(line, markup=False, soft_wrap=True)


def _conclusion(report: Report) -> Iterator[str]:
    name, speed = report.backbone, report.speed
    yield f"the {name} backbone can run here" if report.able else f"the {name} backbone cannot run here: see NO above"
    if report.forecast is not None:
        yield from conclusion(report.forecast)
    if speed is not None:
        memory = f", memory {speed.memory_mb} MB" if speed.memory_mb else ""
        yield (
            f"speed: {speed.frames_per_s:.0f} frames a second at {speed.size}, {speed.start_s:.1f} s to start{memory}; "
            f"{speed.speech_s:g} s of speech take about {speed.predicted_s:.0f} s"
        )
    for extra, packages in _extras().items():
        yield f"not installed: {', '.join(packages)}; to install: pip install 'dicetalk[{extra}]'"

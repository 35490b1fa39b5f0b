"""The svd backbone on a GPU, at full size with random weights, at 512 x 512: one command of at most eight minutes.

    python benchmarks/svd_gpu.py --out FOLDER
    python benchmarks/svd_gpu.py --tiny

The first: time, frames a second and peak memory of the three presets for 2 s and 10 s of speech, float16 and bfloat16,
beside what the doctor predicts and the floor by the count of operations; a step of `svd-finetune`; what takes the time
of a call; with `--minutes 25` compiled too. The second is the same program at the size of a test, on the processor:
whether every part runs. Its figures say nothing.

Tables are written again after every run, so that nothing is lost if time runs out: what would not fit into `--minutes`
is left out, and said so. Needs the extra `svd`; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from svd_clips import table
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from dicetalk.backbone import Conditions
from dicetalk.data.latents import LATENTS, SUFFIX, LatentClip, write_latents
from dicetalk.emotion.road import NamedPriors, track
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import DiceTalkError
from dicetalk.face import Face
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.speech import Hearing
from dicetalk.svd import cost, counting
from dicetalk.svd.backbone import SvdBackbone
from dicetalk.svd.checkpoint import SvdModules, build_modules
from dicetalk.svd.encoders import decode_latents
from dicetalk.svd.options import SvdOptions
from dicetalk.svd.placement import PRECISIONS, Placement
from dicetalk.svd.presets import DECODE_CHUNK, WINDOW
from dicetalk.svd.sizes import FULL_PRECISION, SvdSizes, published_config
from dicetalk.training.recipes import SVD_FINETUNE
from dicetalk.training.stage2_svd import SvdTask
from dicetalk.training.svd_net import SvdNet

NEAR = 0.15
"""How far a prediction may be off."""
SPARE_S = 10.0
COMPILING_S = 300.0
"""What compiling may take [s]; it had not ended after 200 s on an H200's machine."""


@dataclass(frozen=True)
class Scale:
    """What is measured, and where.

    Attributes:
        device: where.
        config: sizes of the networks.
        side: of the picture [px].
        seconds: lengths of speech [s], the one that counts last.
        precisions: names, the usual one first.
        steps: denoising steps, in place of each preset's.
        frames: of a window that is learned from.
        rounds: of what is timed again and again.
        compiler: of torch.
    """

    device: torch.device
    config: dict[str, Any]
    side: int = 512
    seconds: tuple[float, ...] = (2.0, 10.0)
    precisions: tuple[str, ...] = ("float16", "bfloat16")
    steps: int | None = None
    frames: int = WINDOW
    rounds: int = 3
    compiler: str = "inductor"

    @property
    def on_gpu(self) -> bool:
        """Whether there is one."""
        return self.device.type == "cuda"

    def wait(self) -> None:
        """Until all that was asked for is done."""
        if self.on_gpu:
            torch.cuda.synchronize()

    def forget_peak(self) -> None:
        """Begin to watch the peak of memory."""
        gc.collect()
        if self.on_gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def peak(self) -> float:
        """The most since then [bytes]; nothing is known of the processor's."""
        return float(torch.cuda.max_memory_allocated()) if self.on_gpu else float("nan")


def full() -> Scale:
    return Scale(torch.device("cuda"), published_config())


def tiny() -> Scale:
    from svd_tiny import tiny_config

    # Of a compiler only the way to it is tried: graphs are found, and run as they are.
    return Scale(
        torch.device("cpu"), tiny_config(), 64, (0.2, 0.4), ("float32", "bfloat16"), 1, 2, 1, "eager"
    )  # fmt: skip


# --- networks and what they are given --------------------------------------------------------------------------------


def random_modules(scale: Scale, dtype: torch.dtype) -> dict[str, Any]:
    """All modules on the device, with random weights of about unit gain."""
    modules = build_modules(scale.config)
    for name, module in modules.items():
        module.to(torch.float32 if name in FULL_PRECISION else dtype).to_empty(device=scale.device).eval()
        fill(module)
    return modules


@torch.no_grad()
def fill(module: nn.Module) -> None:
    """Give every weight about unit gain."""
    for name, p in module.named_parameters():
        if p.ndim > 1:
            p.normal_(0, p[0].numel() ** -0.5)
        else:
            p.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
    for name, buffer in module.named_buffers():
        if name.endswith("position_ids"):
            buffer.copy_(torch.arange(buffer.numel()).view_as(buffer))


def random_priors(sizes: SvdSizes) -> NamedPriors:
    means = np.random.default_rng(0).standard_normal((len(NAMES), sizes.bank.prior)).astype(np.float32)
    return NamedPriors(NAMES, means, np.zeros_like(means))


def conditions_of(scale: Scale, seconds: float) -> Conditions:
    """Noise for a portrait and for speech."""
    rng, side = np.random.default_rng(1), scale.side
    face = Face(np.array([[side / 4, side / 4, 0], [3 * side / 4, 3 * side / 4, 0]], np.float32))
    hearing = Hearing((rng.standard_normal(round(seconds * SPEECH_RATE)) * 3000).astype(np.int16))
    felt = track(Timeline([(0.0, "happy")]), (np.arange(len(hearing)) + 0.5) / FPS)
    return Conditions(rng.integers(0, 255, (side, side, 3), np.uint8), face, hearing, felt, 0)


# --- what is found ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GpuRun:
    """One clip; times in seconds, memory in bytes."""

    preset: str
    mode: str
    precision: str
    speech: float
    denoising: float
    total: float
    peak: float
    predicted: cost.Cost
    speed: float

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.speech * FPS / self.total

    @property
    def floor(self) -> float:
        """What the operations alone would take at the speed of a matrix product [s]."""
        return (self.predicted.denoising + self.predicted.decoding) / self.speed

    @property
    def off(self) -> tuple[float, float]:
        """How far the predictions of memory and time are off, as shares."""
        return self.predicted.peak / self.peak - 1, self.predicted.seconds(self.speed) / self.total - 1

    def row(self) -> tuple[str, ...]:
        times = (self.denoising, self.total - self.denoising, self.total, self.rate, self.floor)
        memory, late = self.off
        return (
            self.preset, self.mode, self.precision, f"{self.speech:g}", *(f"{x:.1f}" for x in times),
            f"{self.predicted.seconds(self.speed):.1f}", f"{100 * late:+.0f} %", f"{self.peak / 1e9:.2f}",
            f"{self.predicted.peak / 1e9:.2f}", f"{100 * memory:+.0f} %",
        )  # fmt: skip


HEAD = (
    "preset", "mode", "precision", "speech [s]", "denoising [s]", "decoding [s]", "in all [s]", "frames/s", "floor [s]",
    "predicted [s]", "off by", "peak [GB]", "predicted [GB]", "off by",
)  # fmt: skip


@dataclass
class Found:
    """The tables so far; written after every run."""

    write: Callable[[str], None]
    title: str
    until: float
    runs: list[GpuRun] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: int = 0

    def left(self) -> float:
        """Time that is left [s]."""
        return self.until - time.monotonic()

    def fits(self, what: str, seconds: float) -> bool:
        """Whether something that takes so long [s] may begin; else it is told that it is left out."""
        if seconds + SPARE_S <= self.left():
            return True
        self.note(f"Left out for want of time: {what} (about {seconds:.0f} s, {max(self.left(), 0):.0f} s left).")
        return False

    def add(self, run: GpuRun) -> None:
        self.runs.append(run)
        self.show()

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.show()

    def show(self) -> None:
        told = [*self.notes, *self.answers()]
        self.write(table(self.title, HEAD, [run.row() for run in self.runs]) + "\n" + "\n\n".join(told) + "\n")

    @contextmanager
    def part(self, what: str) -> Iterator[None]:
        """A part that fails is told, and the others go on."""
        try:
            yield
        except Exception:
            self.failed += 1
            self.note(f"{what} failed:\n```\n{traceback.format_exc()[-1500:]}\n```")

    def answers(self) -> list[str]:
        """What was asked: how much faster, how much memory, how good the predictions."""
        longest = max((run.speech for run in self.runs), default=0)
        usual = [run for run in self.runs if run.speech == longest and run.precision == self.runs[0].precision]
        took = {run.preset: run.total for run in usual if run.mode == "eager"}
        lines = [
            f"{name} takes 1/{took['best'] / took[name]:.1f} of the time of best ({longest:g} s of speech, eager)."
            for name in ("balanced", "fast")
            if name in took and "best" in took
        ]
        lines += [
            f"Memory low: {run.peak / 1e9:.2f} GB." for run in usual if "low" in run.mode and run.peak == run.peak
        ]
        offs = [run.off for run in self.runs if run.mode != "compiled"]
        for which, what in enumerate(("peak memory", "time")):
            if known := [abs(off[which]) for off in offs if off[which] == off[which]]:
                near = sum(off <= NEAR for off in known)
                lines.append(
                    f"The doctor predicts {what} within {100 * NEAR:.0f} % in {near} of {len(known)} runs that are not "
                    f"compiled (at most {100 * max(known):.0f} % off)."
                )
        return lines


# --- the parts -------------------------------------------------------------------------------------------------------


@dataclass
class Bench:
    """The networks in one precision, and how fast the device is in it."""

    scale: Scale
    found: Found
    precision: str
    modules: dict[str, Any]
    speed: float

    @property
    def dtype(self) -> torch.dtype:
        return PRECISIONS[self.precision]

    def work(self, options: SvdOptions, seconds: float) -> cost.Work:
        scale = self.scale
        return cost.Work(options, seconds, scale.side, scale.side, self.dtype, scale.config, scale.device.type)

    def options(self, preset: str, memory: str = "normal") -> SvdOptions:
        return SvdOptions(preset=preset, memory=memory, steps=self.scale.steps, short_side=self.scale.side)

    def clip(self, options: SvdOptions, mode: str, seconds: float) -> GpuRun:
        """One clip as a user gets it, from portrait and sound to the last frame."""
        scale, predicted = self.scale, cost.predict(self.work(options, seconds))
        placement = Placement(scale.device, self.dtype, options.memory == "low")
        for module in self.modules.values():
            module.to(placement.home)
        modules = SvdModules(**self.modules, priors=random_priors(SvdSizes.of(scale.config)))
        backbone, known = SvdBackbone(modules, scale.config, placement, options), conditions_of(scale, seconds)
        scale.forget_peak()
        steps: list[float] = []
        begin = time.perf_counter()

        def watch(_step: object) -> None:
            scale.wait()
            steps.append(time.perf_counter() - begin)

        frames = sum(len(chunk) for chunk in backbone.generate(known, watch))
        scale.wait()
        total = time.perf_counter() - begin
        assert frames == known.frames
        return GpuRun(
            options.preset, mode, self.precision, seconds, steps[-1], total, scale.peak(), predicted, self.speed
        )

    def eager(self, lengths: tuple[float, ...]) -> None:
        """All presets; of the longest clips with little memory as well."""
        for seconds in lengths:
            for preset in ("fast", "balanced", "best"):
                self.tried(self.options(preset), "eager", seconds)
            if seconds == self.scale.seconds[-1]:
                self.tried(self.options("fast", "low"), "eager, memory low", seconds)

    def eager_at_all(self) -> None:
        """All presets at all lengths, the longest first."""
        self.eager(tuple(reversed(self.scale.seconds)))

    def tried(self, options: SvdOptions, mode: str, seconds: float) -> None:
        """A clip, if time is left for it."""
        what = f"{options.preset}, {mode}, {self.precision}, {seconds:g} s"
        if self.found.fits(what, 1.3 * cost.predict(self.work(options, seconds)).seconds(self.speed)):
            with self.found.part(what):
                self.found.add(self.clip(options, mode, seconds))

    def compiled(self) -> None:
        """All presets with whole windows compiled for their fixed shapes; shorter windows run as they are.

        At the ends of a clip `fast` and `balanced` have windows of ten lengths, each of which would be compiled anew.
        """
        compiling = COMPILING_S if self.scale.on_gpu else 0.0
        if not self.found.fits(f"compiled, {self.precision}", compiling):
            return
        for module in self.modules.values():
            module.to(self.scale.device)
        unet: Any = self.modules["unet"]
        torch._dynamo.reset()
        plain = type(unet).forward.__get__(unet)
        quick = torch.compile(plain, dynamic=False, backend=self.scale.compiler)
        unet.forward = lambda x, *known: (quick if tuple(x.shape[:2]) == (3, WINDOW) else plain)(x, *known)
        with self.found.part(f"compiling, {self.precision}"):
            warm = self.clip(self.options("fast"), "warm-up", self.scale.seconds[-1])
            self.found.note(f"Compiling whole windows in {self.precision}: the first clip takes {warm.total:.0f} s.")
            for seconds in reversed(self.scale.seconds):
                for preset in ("best", "balanced", "fast"):
                    self.tried(self.options(preset), "compiled", seconds)
        del unet.forward

    @torch.inference_mode()
    def profiled(self) -> None:
        """What takes the time of a guided call, and how long decoding takes."""
        scale, unet = self.scale, self.modules["unet"]
        latent = scale.side // cost.LATENT
        with scale.device:
            given = counting.meta_call(SvdSizes.of(scale.config), 3, scale.frames, latent, latent, self.dtype)
        took = seconds_of(lambda: unet(*given), scale)
        activities = [ProfilerActivity.CUDA] if scale.on_gpu else [ProfilerActivity.CPU]
        with profile(activities=activities) as seen:
            unet(*given)
            scale.wait()
        by = "self_cuda_time_total" if scale.on_gpu else "self_cpu_time_total"
        lines = seen.key_averages().table(sort_by=by, row_limit=12, max_name_column_width=60)
        self.found.note(f"What a guided call of {took:.3f} s spends ({self.precision}):\n```\n{lines}\n```")
        latents = torch.randn(DECODE_CHUNK, 4, latent, latent, device=scale.device)
        vae = self.modules["vae"]

        def decode() -> None:
            for _ in decode_latents(vae, latents, DECODE_CHUNK):
                pass

        self.found.note(f"Decoding {DECODE_CHUNK} frames ({self.precision}): {seconds_of(decode, scale):.3f} s.")


def seconds_of(work: Callable[[], Any], scale: Scale) -> float:
    """How long something takes once it is warm [s]."""
    work()
    scale.wait()
    begin = time.perf_counter()
    for _ in range(scale.rounds):
        work()
    scale.wait()
    return (time.perf_counter() - begin) / scale.rounds


def bench_of(scale: Scale, found: Found, precision: str) -> Bench:
    dtype = PRECISIONS[precision]
    return Bench(scale, found, precision, random_modules(scale, dtype), cost.measure_speed(scale.device, dtype))


def learning(scale: Scale, found: Found) -> None:
    """A step of `svd-finetune`, as it is taught: windows are read from files, and several make a step."""
    wanted = replace(SVD_FINETUNE, frames=scale.frames)
    sizes = SvdSizes.of(scale.config)
    scale.forget_peak()
    with torch.device("meta"):
        net = SvdNet(sizes)
    net.to_empty(device=scale.device)
    fill(net)
    with tempfile.TemporaryDirectory() as folder:
        clip = made_clip(Path(folder), scale, sizes)
        task = SvdTask(net, [clip], random_priors(sizes), wanted, scale.device)
        net.train()
        learned = [p for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(learned, lr=wanted.loop.rate)
        mean = [p.detach().clone() for p in learned]

        def step(number: int) -> Tensor:
            optimizer.zero_grad()
            for part in range(wanted.loop.accumulate):
                losses = task.losses(torch.Generator().manual_seed(100 * number + part))
                (losses["loss"] / wanted.loop.accumulate).backward()
            torch.nn.utils.clip_grad_norm_(learned, wanted.loop.clip)
            optimizer.step()
            torch._foreach_lerp_(mean, [p.detach() for p in learned], 1 - wanted.loop.average)
            return losses["loss"].detach()

        step(0)
        scale.wait()
        begin = time.perf_counter()
        last = [float(step(1 + number)) for number in range(scale.rounds)][-1]
        scale.wait()
        took = (time.perf_counter() - begin) / scale.rounds
    count = sum(p.numel() for p in learned)
    found.note(
        f"A step of svd-finetune ({wanted.loop.accumulate} windows of {scale.frames} frames, {scale.side} px, "
        f"{count / 1e6:.0f} M weights learn, layers run again on the way back): {took:.2f} s, peak "
        f"{scale.peak() / 1e9:.2f} GB, {wanted.loop.steps * took / 3600:.1f} h for {wanted.loop.steps} steps; "
        f"loss {last:.2f}."
    )


def made_clip(folder: Path, scale: Scale, sizes: SvdSizes) -> LatentClip:
    """A clip of chance, as `dicetalk prepare --for video` writes one."""
    (folder / LATENTS).mkdir()
    rng, frames, latent = np.random.default_rng(2), 2 * scale.frames, scale.side // cost.LATENT
    tensors = {
        "images": rng.standard_normal((frames, 4, latent, latent)).astype(np.float16),
        "faces": rng.standard_normal((frames, sizes.unet.cross_attention_dim)).astype(np.float16),
        "rows": rng.standard_normal((4 * frames, sizes.speech.layers, sizes.speech.channels)).astype(np.float16),
        "region": np.full((scale.side, scale.side), 255, np.uint8),
        "marks": (30 + rng.standard_normal((frames, 5, 2)).cumsum(0)).astype(np.float32),
    }
    path = folder / LATENTS / f"clip{SUFFIX}"
    clip = LatentClip(path=path, frames=frames, identity="nobody", emotion="happy", corpus="made", encoder="made")
    write_latents(clip, tensors)
    return clip


def run(scale: Scale, minutes: float, write: Callable[[str], None]) -> int:
    """All parts in the order of their worth; how many failed."""
    device = torch.cuda.get_device_name() if scale.on_gpu else "the processor, at the size of a test"
    title = f"svd with random weights, {scale.side} x {scale.side}, on {device}"
    found = Found(write, title, time.monotonic() + 60 * minutes)
    found.note(f"{datetime.date.today()}, {device}, torch {torch.__version__}, CUDA {torch.version.cuda}.")
    usual, *others = scale.precisions
    with found.part("Networks"):
        bench = bench_of(scale, found, usual)
        found.note(f"A large matrix product in {usual}: {bench.speed / 1e12:.1f} TFLOP/s.")
        bench.clip(bench.options("fast"), "warm-up", scale.seconds[0])  # libraries choose their kernels
        bench.eager(scale.seconds[-1:])
        if found.fits("a step of training", 25 if scale.on_gpu else 0):
            del bench
            with found.part("A step of training"):
                learning(scale, found)
            scale.forget_peak()
            bench = bench_of(scale, found, usual)
        if found.fits("the profile", 5 if scale.on_gpu else 0):
            with found.part("The profile"):
                bench.profiled()
        bench.eager(scale.seconds[:-1])
        parts = [(name, Bench.eager_at_all) for name in others] + [(name, Bench.compiled) for name in scale.precisions]
        for precision, work in parts:
            del bench  # two sets of networks would count as one
            scale.forget_peak()
            bench = bench_of(scale, found, precision)
            work(bench)
    return found.failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="at the size of a test, on the processor")
    parser.add_argument("--minutes", type=float, default=8.0, help="in all")
    parser.add_argument("--out", type=Path, help="folder for the tables")
    chosen = parser.parse_args()
    if not chosen.tiny and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; run this on a machine with one, or try it with --tiny")

    told = ""

    def write(text: str) -> None:
        nonlocal told
        told = text
        if chosen.out is not None:
            chosen.out.mkdir(parents=True, exist_ok=True)
            (chosen.out / "svd-gpu.md").write_text(text, encoding="utf-8")

    try:
        failed = run(tiny() if chosen.tiny else full(), chosen.minutes, write)
    except DiceTalkError as error:
        raise SystemExit(str(error)) from None
    finally:
        print(told, flush=True)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()

"""The svd backbone on a GPU: full size, random weights, 10 s of speech. Run by `svd_speed.py gpu`."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from svd_clips import SPEED_OF_H200, random_clip, run_ours, table
from torch import Tensor, nn

from dicetalk.svd import cost, counting
from dicetalk.svd.checkpoint import build_modules
from dicetalk.svd.encoders import decode_latents
from dicetalk.svd.options import SvdOptions
from dicetalk.svd.placement import Placement
from dicetalk.svd.presets import DECODE_CHUNK, WINDOW
from dicetalk.svd.sizes import FULL_PRECISION, SvdSizes, UNetSizes, published_config

FRAMES = 125
HALF = torch.float16
HEAD = (
    "preset",
    "mode",
    "denoising [s]",
    "decoding [s]",
    "frames/s at 25 fps",
    "floor [s]",
    "peak [GB]",
    "predicted [GB]",
    "off by",
)


@dataclass(frozen=True)
class GpuRun:
    """One clip made on the GPU; times in seconds, memory in bytes."""

    preset: str
    mode: str
    denoising: float
    decoding: float
    peak: float
    predicted: float
    floor: float

    def row(self) -> tuple[str, ...]:
        speed = 2 * FRAMES / (self.denoising + self.decoding)
        times = (f"{x:.1f}" for x in (self.denoising, self.decoding, speed, self.floor))
        memory = (f"{self.peak / 1e9:.2f}", f"{self.predicted / 1e9:.2f}")
        return (self.preset, self.mode, *times, *memory, f"{100 * (self.predicted / self.peak - 1):+.1f} %")


def random_modules() -> dict[str, Any]:
    """All modules at full size on the GPU, with random weights of about unit gain."""
    modules = build_modules(published_config())
    for name, module in modules.items():
        for child in [module] if name in FULL_PRECISION else module.children():
            child.to(torch.float32 if name in FULL_PRECISION else HALF)
        module.to_empty(device="cuda").eval()
        fill(module)
    return modules


def fill(module: nn.Module) -> None:
    for name, p in module.named_parameters():
        if p.ndim > 1:
            p.data.normal_(0, p[0].numel() ** -0.5)
        else:
            p.data.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)


@torch.inference_mode()
def one_clip(modules: dict[str, Any], preset: str, mode: str, memory: str = "normal") -> GpuRun:
    """Denoise and decode 125 frames at 512 x 512."""
    options = SvdOptions(preset=preset, memory=memory)
    placement = Placement(torch.device("cuda"), HALF, memory == "low")
    for module in modules.values():
        module.to(placement.home)
    clip = random_clip(UNetSizes(), (64, 64), FRAMES, 32, torch.zeros(1, device="cuda", dtype=HALF))
    noise = torch.randn(1, FRAMES + 25, 4, 64, 64, device="cuda")
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    begin = time.perf_counter()
    with placement.use(modules["unet"]):
        latents = run_ours(modules["unet"], clip, noise, options, HALF)
        torch.cuda.synchronize()
    middle = time.perf_counter()
    with placement.use(modules["vae"]):
        for frames in decode_latents(modules["vae"], latents[0, :FRAMES], DECODE_CHUNK):
            frames.float().clamp(-1, 1)
        torch.cuda.synchronize()
    end = time.perf_counter()
    found = cost.predict(cost.Work(options, 10.0, 512, 512, HALF))
    floor = (found.denoising + found.decoding) / SPEED_OF_H200
    return GpuRun(preset, mode, middle - begin, end - middle, torch.cuda.max_memory_allocated(), found.peak, floor)


@torch.inference_mode()
def one_call(unet: Any) -> str:
    """How long one guided call takes, warmed up."""
    arguments = [to_cuda(x) for x in counting.meta_call(SvdSizes(), 3, WINDOW, 64, 64, HALF)]
    begin = time.perf_counter()
    unet(*arguments)
    torch.cuda.synchronize()
    first = time.perf_counter() - begin
    begin = time.perf_counter()
    for _ in range(3):
        unet(*arguments)
    torch.cuda.synchronize()
    took = (time.perf_counter() - begin) / 3
    flops = cost.unet_count(json.dumps(published_config()), 3, WINDOW, 64, 64, HALF).flops
    return f"{took:.3f} s = {flops / took / 1e12:.0f} TFLOP/s (first call {first:.0f} s)"


def to_cuda(value: Any) -> Any:
    """Move a call's arguments to the GPU."""
    if isinstance(value, Tensor):
        return value.cuda()
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{f.name: to_cuda(getattr(value, f.name)) for f in fields(value)})
    return value


class Report:
    """The tables so far; written after every run, so that nothing is lost if time runs out."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.write, self.runs = write, list[GpuRun]()
        self.device = torch.cuda.get_device_name()
        self.notes = [f"{self.device}, torch {torch.__version__}, CUDA {torch.version.cuda}; random weights, float16."]

    def add(self, run: GpuRun) -> None:
        self.runs.append(run)
        self.show()

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.show()

    def show(self) -> None:
        title = f"10 s of speech ({FRAMES} denoised frames), 512 x 512, on {self.device}"
        self.write(table(title, HEAD, [run.row() for run in self.runs]) + "\n" + "\n".join(self.notes) + "\n")


def gpu(write: Callable[[str], None]) -> None:
    """All presets, eager then compiled."""
    modules, report = random_modules(), Report(write)
    report.note(f"One guided call of 25 frames, eager: {one_call(modules['unet'])}.")
    for preset in ("fast", "balanced", "best"):
        report.add(one_clip(modules, preset, "eager"))
    report.add(one_clip(modules, "fast", "eager, memory low", "low"))
    try:
        compiled(modules, report)
    except Exception:
        report.note("Compiling failed:\n```\n" + traceback.format_exc()[-1500:] + "\n```")
        raise


def compiled(modules: dict[str, Any], report: Report) -> None:
    """The same with the U-Net compiled; the first run of a preset compiles further shapes and is told apart."""
    for module in modules.values():
        module.to("cuda")
    modules["unet"].compile()
    report.note(f"One guided call of 25 frames, compiled: {one_call(modules['unet'])}.")
    for preset in ("best", "balanced", "fast"):
        warm = one_clip(modules, preset, "warm-up")
        report.note(f"First compiled run of {preset}, further shapes compiled in it: {warm.denoising:.0f} s.")
        report.add(one_clip(modules, preset, "compiled"))

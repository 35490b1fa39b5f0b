"""What the svd backbone costs: operations, time and memory, beside the published computation.

    python benchmarks/svd_speed.py flops              operations at full size, counted on the meta device (a minute)
    python benchmarks/svd_speed.py cpu                wall time of the loop at tiny size against the literal loop
    python benchmarks/svd_speed.py memory             predicted and measured peak memory on the processor
    python benchmarks/svd_speed.py gpu                full size, random weights, 10 s of speech: time and memory
    ... --out FOLDER                                  also write the tables there (Markdown)

Needs torch, diffusers, transformers, accelerate, safetensors, psutil, pillow; `gpu` needs CUDA. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import platform
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from svd_reference import LiteralClip, LiteralUNet, literal_loop  # noqa: E402

from dicetalk.svd import cost  # noqa: E402
from dicetalk.svd.checkpoint import SvdSizes, build_modules, published_config  # noqa: E402
from dicetalk.svd.denoiser import ClipConditions, ClipDenoiser, TokenTable, noisy_start  # noqa: E402
from dicetalk.svd.encoders import decode_latents  # noqa: E402
from dicetalk.svd.meter import count  # noqa: E402
from dicetalk.svd.model import StreamedUNet, UNetSizes  # noqa: E402
from dicetalk.svd.presets import (  # noqa: E402
    DECODE_CHUNK,
    WINDOW,
    SvdOptions,
    guidance_of,
    padding_of,
    sample,
    sigmas_of,
    windows_of,
)

PUBLISHED_STEP = 104.9e12
PUBLISHED_CLIP = 15.7e15
SPEED_OF_H200 = 790e12
FRAMES = 125
TINY = UNetSizes(
    block_out_channels=(32, 32, 32, 64),
    num_attention_heads=(1, 2, 4, 4),
    cross_attention_dim=64,
    addition_time_embed_dim=16,
    projection_class_embeddings_input_dim=48,
)
PUBLISHED_TOKENS = replace(TINY, cross_attention_dim=1024)


def table(title: str, head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""])


def random_clip(sizes: UNetSizes, size: tuple[int, int], frames: int, tokens: int, like: Tensor) -> LiteralClip:
    """Random conditions for latents of a size `(height, width)`, of the type and on the device of `like`."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(like)

    height, width = size
    mask = torch.zeros(1, 1, 8 * height, 8 * width).to(like)
    mask[..., 2 * height : 6 * height, 2 * width : 6 * width] = 1
    wide = sizes.cross_attention_dim
    return LiteralClip(
        draw(1, 4, height, width),
        draw(1, wide),
        draw(frames, tokens, wide),
        draw(tokens, wide),
        draw(tokens, wide),
        draw(tokens, wide),
        mask,
        draw(1, sizes.block_out_channels[0], height, width),
    )


def known_of(clip: LiteralClip, padding: int) -> ClipConditions:
    """The same conditions as ours."""
    emotion = clip.emotion.expand(len(clip.speech), -1, -1)
    return ClipConditions(
        clip.image_latents.float(),
        clip.image.float(),
        TokenTable.build(clip.speech, clip.no_speech, padding),
        TokenTable.build(emotion, clip.no_emotion, padding),
        torch.tensor([[12.5, 8.0, 16.0]], device=clip.image.device),
        clip.mask,
        clip.region[None],
    )


def denoiser_of(unet: Any, clip: LiteralClip, options: SvdOptions, dtype: torch.dtype) -> ClipDenoiser:
    plan, frames = options.plan, len(clip.speech)
    known = known_of(clip, padding_of(plan))
    guidance = guidance_of(plan, options.guidance)
    return ClipDenoiser(unet, known, windows_of(plan, frames), guidance, options.batch, dtype)


def run_ours(unet: Any, clip: LiteralClip, noise: Tensor, options: SvdOptions, dtype: torch.dtype) -> Tensor:
    plan = options.plan
    start = noisy_start(
        clip.image_latents.float(), noise[:, : len(clip.speech) + padding_of(plan)], float(sigmas_of(plan)[0])
    )
    return sample(plan, denoiser_of(unet, clip, options, dtype), start, None)


# --- operations ---------------------------------------------------------------------------------------------------------


def flops() -> str:
    """Operations at full size, by torch's counter on the meta device."""
    sizes, dtype = UNetSizes(), torch.float16
    with torch.device("meta"):
        literal = LiteralUNet(sizes).to("meta", dtype)
        index = torch.randn(1, WINDOW, 4, 64, 64, dtype=dtype)
        clip = LiteralClip(
            torch.empty(1, 4, 64, 64, dtype=dtype),
            torch.empty(1, 1024, dtype=dtype),
            *(torch.empty(*shape, dtype=dtype) for shape in ((WINDOW, 32, 1024), *[(32, 1024)] * 3)),
            torch.empty(1, 1, 512, 512, dtype=dtype),
            torch.empty(1, 320, 64, 64, dtype=dtype),
        )

    def published() -> None:
        from svd_reference import guided

        guided(literal, clip, index, list(range(WINDOW)), 1.0, (3.0, 6.0))

    theirs = count(published).flops
    ours = cost.unet_count(json.dumps(published_config()), 3, WINDOW, 64, 64, dtype).flops
    rows: list[tuple[Any, ...]] = [
        ("published, counted by whoever set the task", f"{PUBLISHED_STEP / 1e12:.1f}", ""),
        ("literal restatement", f"{theirs / 1e12:.2f}", f"{100 * (theirs / PUBLISHED_STEP - 1):+.1f} %"),
        ("ours, equal numbers", f"{ours / 1e12:.2f}", f"{100 * (ours / PUBLISHED_STEP - 1):+.1f} %"),
    ]
    step = table("One guided step (3 branches) of one window, 512 x 512 [TFLOP]", ("", "TFLOP", "to published"), rows)
    work = cost.Work(SvdOptions(), 10.0, 512, 512, dtype)
    rows = []
    for name, found in cost.compare_presets(work).items():
        both = found.denoising + found.decoding
        floor = f"{both / SPEED_OF_H200:.1f}"
        less = f"{PUBLISHED_CLIP / found.denoising:.2f}x"
        peaks = [found.peak, cost.predict(replace(work, options=SvdOptions(preset=name, memory="low"))).peak]
        rows.append(
            (
                name,
                f"{found.denoising / 1e15:.2f}",
                less,
                f"{found.decoding / 1e15:.2f}",
                floor,
                *(f"{p / 1e9:.1f}" for p in peaks),
            )
        )
    head = (
        "preset",
        "denoising [PFLOP]",
        "below 15.7",
        "decoding [PFLOP]",
        "floor at 790 TFLOP/s [s]",
        "peak [GB]",
        "peak, memory low [GB]",
    )
    return step + "\n" + table("10 s of speech, 512 x 512, float16 (peaks predicted)", head, rows)


# --- the processor ------------------------------------------------------------------------------------------------------


def twins(sizes: UNetSizes) -> tuple[LiteralUNet, StreamedUNet]:
    """The literal U-Net and ours with the same random weights."""
    torch.manual_seed(0)
    ours, literal = StreamedUNet(sizes).eval(), LiteralUNet(sizes).eval()
    literal.unet.load_state_dict(ours.unet.state_dict())
    return literal, ours


def timed(run: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall time [s], processor time [s], result."""
    wall, used = time.perf_counter(), time.process_time()
    result = run()
    return time.perf_counter() - wall, time.process_time() - used, result


@torch.inference_mode()
def cpu(rounds: int = 2) -> str:
    """Wall time of the loop at tiny size, best of some rounds taken in turn."""
    rows: list[tuple[Any, ...]] = []
    for name, sizes in (("tokens 64 wide", TINY), ("tokens 1024 wide, as published", PUBLISHED_TOKENS)):
        literal, ours = twins(sizes)
        clip = random_clip(sizes, (8, 16), 50, 32, torch.zeros(1))
        noise = torch.randn(1, 75, 4, 8, 16, generator=torch.Generator().manual_seed(1))
        runs: dict[str, Callable[[], Any]] = {"literal": lambda n=literal, c=clip, z=noise: literal_loop(n, c, z, 4)}
        for preset in ("best", "balanced", "fast"):
            options = SvdOptions(preset=preset, steps={"best": 4, "balanced": 2, "fast": 1}[preset])
            runs[preset] = lambda n=ours, c=clip, z=noise, o=options: run_ours(n, c, z, o, torch.float32)
        best: dict[str, tuple[float, float, Any]] = {}
        for _ in range(rounds):
            for label, run in runs.items():
                found = timed(run)
                best[label] = min(best.get(label, (math.inf, 0.0, None)), found, key=lambda x: x[0])
        reference = best["literal"]
        far = float((best["best"][2] - reference[2]).norm() / reference[2].norm())
        for label, (wall, used, _) in best.items():
            same = f"{far:.1e}" if label == "best" else ""
            rows.append((name, label, f"{wall:.2f}", f"{used:.2f}", f"{wall / reference[0]:.2f}", same))
    head = ("U-Net 32/32/32/64", "loop", "wall [s]", "processor [s]", "of literal", "distance to literal")
    title = f"Whole loop, 50 frames at 64 x 128, 4 steps of `best`, {torch.get_num_threads()} threads, float32"
    return table(title, head, rows)


MEMORY_CASES = {
    "64 x 64 latents, 2 frames": (64, 2),
    "96 x 96 latents, 2 frames": (96, 2),
    "48 x 48 latents, 6 frames": (48, 6),
}


@torch.inference_mode()
def memory_once(side: int, frames: int) -> tuple[int, int]:
    """Predicted and measured peak bytes of one U-Net call, in this process."""
    sizes = SvdSizes(unet=replace(TINY, cross_attention_dim=1024))
    config = json.dumps(sizes.to_config())
    counted = cost.unet_count(config, 3, frames, side, side, torch.float32).peak
    predicted = round(cost.ALLOCATOR["cpu"] * counted)
    unet = StreamedUNet(sizes.unet).eval()
    unet(*cost.meta_call(sizes, 1, 1, 16, 16, torch.float32))  # libraries take their working memory
    inputs = cost.meta_call(sizes, 3, frames, side, side, torch.float32)
    before = current_bytes()
    unet(*inputs)
    return predicted, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before


def current_bytes() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


def memory() -> str:
    """Predicted and measured peak memory, each case in a process of its own."""
    rows: list[tuple[Any, ...]] = []
    for name, (side, frames) in MEMORY_CASES.items():
        code = f"import svd_speed; print(*svd_speed.memory_once({side}, {frames}))"
        out = subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
        predicted, measured = map(int, out.stdout.split()[-2:])
        rows.append(
            (name, f"{predicted / 1e6:.0f}", f"{measured / 1e6:.0f}", f"{100 * (predicted / measured - 1):+.1f} %")
        )
    return table(
        "Peak memory of one U-Net call on the processor", ("case", "predicted [MB]", "measured [MB]", "off by"), rows
    )


# --- the GPU ------------------------------------------------------------------------------------------------------------


def random_module(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Fill a module without memory with random weights on the GPU, of about unit gain."""
    module = module.to_empty(device="cuda")
    for name, p in module.named_parameters():
        if p.ndim > 1:
            p.data.normal_(0, p[0].numel() ** -0.5)
        else:
            p.data.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
    for child in module.children():
        child.to(dtype)
    return module.eval()


@dataclass
class GpuRun:
    preset: str
    kind: str
    denoise: float
    decode: float
    peak: float
    predicted: float
    floor: float

    def row(self) -> tuple[Any, ...]:
        total = self.denoise + self.decode
        speed = f"{2 * FRAMES / total:.1f}"
        off = f"{100 * (self.predicted / self.peak - 1):+.1f} %"
        return (
            self.preset, self.kind, f"{self.denoise:.1f}", f"{self.decode:.1f}", speed, f"{self.floor:.1f}",
            f"{self.peak / 1e9:.2f}", f"{self.predicted / 1e9:.2f}", off,
        )  # fmt: skip


GPU_HEAD = (
    "preset", "mode", "denoising [s]", "decoding [s]", "frames/s at 25 fps", "floor [s]", "peak [GB]", "predicted [GB]", "off by",
)  # fmt: skip


@torch.inference_mode()
def gpu_run(unet: Any, vae: Any, preset: str, kind: str, low: bool) -> GpuRun:
    """One clip of 10 s: 125 denoised frames at 512 x 512."""
    dtype = torch.float16
    options = SvdOptions(preset=preset, memory="low" if low else "normal")
    like = torch.zeros(1, device="cuda", dtype=dtype)
    clip = random_clip(UNetSizes(), (64, 64), FRAMES, 32, like)
    noise = torch.randn(1, FRAMES + 25, 4, 64, 64, device="cuda")
    weights = sum(p.numel() * p.element_size() for m in (unet, vae) for p in m.parameters())
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    begin = time.perf_counter()
    latents = run_ours(unet, clip, noise, options, dtype)
    torch.cuda.synchronize()
    middle = time.perf_counter()
    for frames in decode_latents(vae, latents[0, :FRAMES], DECODE_CHUNK):
        frames.float().clamp(-1, 1)
    torch.cuda.synchronize()
    end = time.perf_counter()
    found = cost.predict(cost.Work(options, 10.0, 512, 512, dtype))
    activations = cost.predict(cost.Work(replace(options, memory="normal"), 10.0, 512, 512, dtype)).peak_without_weights
    if low:
        config = json.dumps(published_config())
        activations = max(
            cost.unet_count(config, 1, WINDOW, 64, 64, dtype).peak,
            cost.decode_count(config, DECODE_CHUNK, 64, 64, dtype).peak,
        )
    floor = (found.denoising + found.decoding) / SPEED_OF_H200
    return GpuRun(
        preset, kind, middle - begin, end - middle, torch.cuda.max_memory_allocated(), activations + weights, floor
    )


def gpu(write: Callable[[str], None]) -> None:
    """All presets, eager then compiled; the table is written again after every run, so that nothing is lost."""
    modules: dict[str, Any] = build_modules(published_config())
    unet = random_module(modules["unet"], torch.float16)
    vae = random_module(modules["vae"], torch.float16)
    name = torch.cuda.get_device_name()
    runs: list[GpuRun] = []
    notes = [
        f"{name}, torch {torch.__version__}, CUDA {torch.version.cuda}; random weights, float16, U-Net and VAE on the GPU."
    ]

    def note() -> None:
        title = f"10 s of speech (125 denoised frames), 512 x 512, on {name}"
        write(table(title, GPU_HEAD, [run.row() for run in runs]) + "\n" + "\n".join(notes) + "\n")

    with torch.inference_mode():
        warm = [*cost.meta_call(SvdSizes(), 3, WINDOW, 64, 64, torch.float16)]
        warm = [to_cuda(x) for x in warm]
        unet(*warm)
        torch.cuda.synchronize()
        begin = time.perf_counter()
        unet(*warm)
        torch.cuda.synchronize()
        one = time.perf_counter() - begin
        flop = cost.unet_count(json.dumps(published_config()), 3, WINDOW, 64, 64, torch.float16).flops
        notes.append(f"One guided call, eager: {one:.3f} s = {flop / one / 1e12:.0f} TFLOP/s.")
    for preset, low in (("fast", False), ("balanced", False), ("best", False), ("fast", True)):
        runs.append(gpu_run(unet, vae, preset, "eager, memory low" if low else "eager", low))
        note()
    try:
        begin = time.perf_counter()
        unet.compile()
        with torch.inference_mode():
            unet(*warm)
            torch.cuda.synchronize()
            notes.append(f"Compiling for the first shape: {time.perf_counter() - begin:.0f} s.")
            note()
            begin = time.perf_counter()
            unet(*warm)
            torch.cuda.synchronize()
            one = time.perf_counter() - begin
            notes.append(f"One guided call, compiled: {one:.3f} s = {flop / one / 1e12:.0f} TFLOP/s.")
            note()
        for preset in ("best", "balanced", "fast"):
            begin = time.perf_counter()
            gpu_run(unet, vae, preset, "warm-up", False)
            notes.append(
                f"First compiled run of {preset}, other shapes compiled in it: {time.perf_counter() - begin:.0f} s."
            )
            runs.append(gpu_run(unet, vae, preset, "compiled", False))
            note()
    except Exception:
        notes.append("Compiling failed:\n```\n" + traceback.format_exc()[-1500:] + "\n```")
        note()
        raise


def to_cuda(value: Any) -> Any:
    """Move a call's arguments to the GPU."""
    from dataclasses import fields, is_dataclass

    if isinstance(value, Tensor):
        return value.cuda()
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{f.name: to_cuda(getattr(value, f.name)) for f in fields(value)})
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("flops", "cpu", "memory", "gpu"))
    parser.add_argument("--out", type=Path, help="folder for the tables")
    chosen = parser.parse_args()
    where = platform.processor() or platform.machine()
    stamp = f"{datetime.date.today()}, {where}, torch {torch.__version__}: `python benchmarks/svd_speed.py {chosen.what}`\n\n"

    def write(text: str) -> None:
        print(text, flush=True)
        if chosen.out is not None:
            chosen.out.mkdir(parents=True, exist_ok=True)
            (chosen.out / f"svd-{chosen.what}.md").write_text(stamp + text, encoding="utf-8")

    if chosen.what == "gpu":
        if not torch.cuda.is_available():
            raise SystemExit("no CUDA device here; run this on a machine with one")
        gpu(write)
    else:
        write({"flops": flops, "cpu": cpu, "memory": memory}[chosen.what]())


if __name__ == "__main__":
    main()

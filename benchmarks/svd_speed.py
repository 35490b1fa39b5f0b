"""What the svd backbone costs: operations, time and memory, beside the published computation.

    python benchmarks/svd_speed.py flops              operations at full size, counted on the meta device (a minute)
    python benchmarks/svd_speed.py cpu                wall time of the loop at tiny size against the literal loop
    python benchmarks/svd_speed.py memory             predicted and measured peak memory on the processor
    ... --out FOLDER                                  also write the tables there (Markdown)

Needs torch, diffusers, transformers, accelerate, safetensors, psutil, pillow. Nothing is downloaded. On a GPU:
`svd_gpu.py`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import torch
from svd_clips import SPEED_OF_H200, random_clip, run_ours, table
from svd_reference import LiteralClip, LiteralUNet, guided, literal_loop

from dicetalk.svd import cost, counting
from dicetalk.svd.meter import count
from dicetalk.svd.model import StreamedUNet
from dicetalk.svd.options import PRESETS, SvdOptions
from dicetalk.svd.presets import WINDOW
from dicetalk.svd.sizes import SvdSizes, UNetSizes, published_config

PUBLISHED_STEP = 104.9e12
PUBLISHED_CLIP = 15.7e15
TINY = UNetSizes(
    block_out_channels=(32, 32, 32, 64),
    num_attention_heads=(1, 2, 4, 4),
    cross_attention_dim=64,
    addition_time_embed_dim=16,
    projection_class_embeddings_input_dim=48,
)
PUBLISHED_TOKENS = replace(TINY, cross_attention_dim=1024)


# --- operations --------------------------------------------------------------------------------------------------


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
        guided(literal, clip, index, list(range(WINDOW)), 1.0, (3.0, 6.0))

    theirs = count(published).flops
    ours = cost.unet_count(json.dumps(published_config()), 3, WINDOW, 64, 64, dtype).flops
    rows: list[tuple[Any, ...]] = [
        ("published computation", f"{PUBLISHED_STEP / 1e12:.1f}", ""),
        ("literal restatement", f"{theirs / 1e12:.2f}", f"{100 * (theirs / PUBLISHED_STEP - 1):+.1f} %"),
        ("ours, equal numbers", f"{ours / 1e12:.2f}", f"{100 * (ours / PUBLISHED_STEP - 1):+.1f} %"),
    ]
    step = table("One guided step (3 branches) of one window, 512 x 512 [TFLOP]", ("", "TFLOP", "to published"), rows)
    work = cost.Work(SvdOptions(), 10.0, 512, 512, dtype)
    rows = []
    for name in PRESETS:
        found = cost.predict(replace(work, options=SvdOptions(preset=name)))
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


# --- the processor -----------------------------------------------------------------------------------------------


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
def cpu(threads: list[int], rounds: int = 3, steps: int = 2) -> str:
    """Wall time of the loop at tiny size, medians of rounds taken in turn: a table for each number of threads."""
    return "\n".join(_cpu_table(count, rounds, steps) for count in threads)


def _cpu_table(threads: int, rounds: int, steps: int) -> str:
    torch.set_num_threads(threads)
    sizes = {"64 wide": TINY, "1024 wide, as published": PUBLISHED_TOKENS}
    rows = [(name, *row) for name, size in sizes.items() for row in _cpu_rows(size, rounds, steps)]
    head = (
        "tokens",
        "loop",
        "steps",
        "wall [s]",
        "processor [s]",
        "of literal",
        "of its processor",
        "distance",
    )
    title = f"U-Net 32/32/32/64, 50 frames at 64 x 128, {threads} threads, float32; presets: of literal's 25 steps"
    return table(title, head, rows)


def _cpu_rows(sizes: UNetSizes, rounds: int, steps: int) -> list[tuple[Any, ...]]:
    literal, ours = twins(sizes)
    clip = random_clip(sizes, (8, 16), 50, 32, torch.zeros(1))
    noise = torch.randn(1, 75, 4, 8, 16, generator=torch.Generator().manual_seed(1))

    def with_options(options: SvdOptions) -> tuple[float, float, Any]:
        return timed(lambda: run_ours(ours, clip, noise, options, torch.float32))

    theirs, best = [], []
    for _ in range(rounds):
        theirs.append(timed(lambda: literal_loop(literal, clip, noise, steps)))
        best.append(with_options(SvdOptions(preset="best", steps=steps)))
    far = f"{float((best[0][2] - theirs[0][2]).norm() / theirs[0][2].norm()):.1e}"
    wall, used = (statistics.median(x[i] for x in theirs) for i in (0, 1))
    rows = [("literal", steps, f"{wall:.2f}", f"{used:.2f}", "1.00", "1.00", "")]
    presets = {name: SvdOptions(preset=name) for name in ("balanced", "fast")}
    took = {"best": (steps, *(statistics.median(x[i] for x in best) for i in (0, 1)), steps, far)}
    took |= {name: (options.plan.steps, *with_options(options)[:2], 25, "") for name, options in presets.items()}
    for name, (taken, ours_wall, ours_used, of, same) in took.items():
        shares = (ours_wall / (wall / steps * of), ours_used / (used / steps * of))
        rows.append((name, taken, *(f"{x:.2f}" for x in (ours_wall, ours_used, *shares)), same))
    return rows


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
    unet(*counting.meta_call(sizes, 1, 1, 16, 16, torch.float32))  # libraries take their working memory
    inputs = counting.meta_call(sizes, 3, frames, side, side, torch.float32)
    before = current_bytes()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    unet(*inputs)
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    return predicted, int(peak.split()[1]) * 1024 - before


def current_bytes() -> int:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("flops", "cpu", "memory"))
    parser.add_argument("--out", type=Path, help="folder for the tables")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="for cpu")
    chosen = parser.parse_args()
    where = platform.processor() or platform.machine()
    threads = f" --threads {' '.join(map(str, chosen.threads))}" if chosen.what == "cpu" else ""
    command = f"`python benchmarks/svd_speed.py {chosen.what}{threads}`"
    stamp = f"{datetime.date.today()}, {where}, torch {torch.__version__}: {command}\n\n"

    def write(text: str) -> None:
        print(text, flush=True)
        if chosen.out is not None:
            chosen.out.mkdir(parents=True, exist_ok=True)
            (chosen.out / f"svd-{chosen.what}.md").write_text(stamp + text, encoding="utf-8")

    write(cpu(chosen.threads) if chosen.what == "cpu" else {"flops": flops, "memory": memory}[chosen.what]())


if __name__ == "__main__":
    main()

"""`dicetalk import-official`: the release's folder -> a checkpoint of ours, one module at a time."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dicetalk.checkpoints import CONFIG, kind_of, read_json, write_config
from dicetalk.emotion.vocabulary import PUBLISHED
from dicetalk.errors import CheckpointError
from dicetalk.files import whole
from dicetalk.modules import cast, check_layout, save_tensors
from dicetalk.official.release import Source, find_sources, find_stock_unet, read_emotions, read_weights
from dicetalk.svd.checkpoint import EMOTIONS, build_modules, inner_of
from dicetalk.svd.sizes import FULL_PRECISION, KIND, VERSION, SvdSizes
from dicetalk.svd.streams import SpatialStreams, TemporalStreams

Progress = Callable[[str, int, int], None]
"""Called with the module that is about to be written, how many are done, and how many there are."""

LEDGER = "import.json"
SPARE_BYTES = 200_000_000


def import_official(
    release: Path,
    out: Path,
    *,
    sizes: SvdSizes | None = None,
    dtype: torch.dtype = torch.float16,
    progress: Progress | None = None,
) -> Path:
    """Turn the published release into a checkpoint folder.

    Only one module is in memory at a time. Stopped half-way, the same call goes on after the last complete module.

    Args:
        release: the release's folder.
        out: where the checkpoint goes.
        sizes: sizes of the method's own modules; None is the published sizes.
        dtype: floating-point type of the large modules; the release runs in float16.
        progress: is told of every module.

    Returns:
        `out`.

    Raises:
        CheckpointError: something is missing, does not fit (every tensor is named), or the disk is too full.
    """
    check_out(out)
    sources = find_sources(release)
    config = (sizes or SvdSizes()).to_config() | {
        "vae": sources["vae"].config,
        "clip": sources["clip"].config,
        "whisper": sources["speech_encoder"].config,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / CONFIG).unlink(missing_ok=True)
    _write_modules(release, sources, build_modules(config), out, dtype, progress)
    save_tensors(out / f"{EMOTIONS}.safetensors", read_emotions(release, config["bank"]["prior"]))
    write_config(out, KIND, VERSION, {**config, "vocabulary": list(PUBLISHED)})
    (out / LEDGER).unlink(missing_ok=True)
    return out


def check_out(out: Path) -> None:
    """Refuse a folder that holds anything but an svd checkpoint, or a part of one: it would be overwritten.

    Raises:
        CheckpointError: it does.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())) or (out / LEDGER).is_file():
        return
    if not out.is_dir() or not (out / CONFIG).exists() or kind_of(out) != KIND:
        raise CheckpointError(f"{out} holds something else than an svd checkpoint; give an empty or a new folder")


def _write_modules(
    release: Path,
    sources: Mapping[str, Source],
    modules: Mapping[str, nn.Module],
    out: Path,
    dtype: torch.dtype,
    progress: Progress | None,
) -> None:
    """Write all modules that the ledger does not know as written from these very files."""
    ledger = _read_ledger(out)
    todo = [name for name in modules if ledger.get(name) != _stamp(sources[name].file, dtype)]
    check_space(out, {name: modules[name] for name in todo}, dtype)
    for done, name in enumerate(todo):
        if progress is not None:
            progress(name, len(modules) - len(todo) + done, len(modules))
        stock = find_stock_unet(release) if name == "unet" else None
        wanted = torch.float32 if name in FULL_PRECISION else dtype
        _write_module(name, modules[name], sources[name], stock, out, wanted)
        ledger[name] = _stamp(sources[name].file, dtype)
        _write_ledger(out, ledger)


def _write_module(
    name: str, module: nn.Module, source: Source, stock: Source | None, out: Path, dtype: torch.dtype
) -> None:
    tensors = read_weights(source)
    if name == "unet":
        tensors = name_streams(module, tensors)
    wanted = {key: tuple(p.shape) for key, p in module.get_submodule(inner_of(name)).state_dict().items()}
    # The release itself reads this file leniently, so that it may hold trained tensors only; streams must be in it.
    if stock is not None and any(key not in tensors for key in wanted if "processor" not in key):
        tensors = read_weights(stock) | tensors
    check_layout(source.file.name, wanted, tensors)
    save_tensors(out / f"{name}.safetensors", {key: cast(source.file, key, tensors[key], dtype) for key in wanted})


def name_streams(unet: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give stream projections that were saved as a list (`17.to_k_ip.0.weight`) their place in the U-Net.

    The list runs over down blocks, up blocks, then the middle block, spatial before temporal.
    """
    kinds = (SpatialStreams, TemporalStreams)
    paths = [name for name, module in unet.get_submodule("unet").named_modules() if isinstance(module, kinds)]
    paths.sort(key=lambda path: path.startswith("mid_block"))
    listed = re.compile(r"(\d+)\.(to_[kv]_ip\..*)")
    out: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        match = listed.fullmatch(key)
        if match and int(match[1]) < len(paths):
            key = f"{paths[int(match[1])]}.{match[2]}"
        out[key] = tensor
    return out


def check_space(out: Path, modules: Mapping[str, nn.Module], dtype: torch.dtype) -> None:
    """Hold what is still to be written against the room on the disk.

    Raises:
        CheckpointError: too little room.
    """
    needed = SPARE_BYTES if modules else 0
    for name, module in modules.items():
        size = 4 if name in FULL_PRECISION else dtype.itemsize
        needed += sum(p.numel() for p in module.parameters()) * size
    free = shutil.disk_usage(out).free
    if free < needed:
        raise CheckpointError(
            f"{out} needs {needed / 1e9:.1f} GB and has {free / 1e9:.1f} GB; free some, or use another disk"
        )


def _stamp(source: Path, dtype: torch.dtype) -> list[Any]:
    """Tells a source file from another or a newer one."""
    status = source.stat()
    return [str(source.resolve()), status.st_size, status.st_mtime_ns, str(dtype)]


def _read_ledger(out: Path) -> dict[str, Any]:
    """Which modules are already written, from which files. A damaged ledger is an empty one: all is written again."""
    try:
        told = read_json(out / LEDGER, "")
    except CheckpointError:
        return {}
    return {name: stamp for name, stamp in told.items() if (out / f"{name}.safetensors").is_file()}


def _write_ledger(out: Path, ledger: Mapping[str, Any]) -> None:
    with whole(out / LEDGER) as temporary:
        temporary.write_text(json.dumps(ledger), encoding="utf-8")

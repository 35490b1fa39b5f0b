"""Write and check an svd checkpoint in diffusers' manner (`svd.parts` reads it)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import diffusers
from torch import Tensor

from dicetalk.checkpoints import INDEX, OURS, Checkpoint, is_pretrained
from dicetalk.emotion.vocabulary import PUBLISHED
from dicetalk.errors import CheckpointError
from dicetalk.files import whole, writing
from dicetalk.low_rank import apply_changes
from dicetalk.modules import cast, check_layout, load_module, read_tensors, save_tensors
from dicetalk.svd.checkpoint import CHANGES, LORA, build_modules, changed_by, inner_of, priors_of
from dicetalk.svd.model import stream_layers
from dicetalk.svd.parts import CLASS, EMOTIONS, LISTED, PARTS, WORDS, Part, open_svd, pickles
from dicetalk.svd.sizes import KIND, VERSION

CARD = "README.md"
"""What tells people of the folder, and is no part of it."""

TensorsOf = Callable[[str], Mapping[str, Tensor]]
"""The tensors of a module by its name."""
Progress = Callable[[str, int, int], None]
"""Called with the part that is about to be done, how many are done, and how many there are."""


def tensors_in(checkpoint: Checkpoint) -> TensorsOf:
    """The tensors of a checkpoint's modules, read when they are asked for; of a small change, of what it changes.

    Raises:
        CheckpointError: what it changes is not there.
    """
    whole = changed_by(checkpoint)

    def tensors(module: str) -> Mapping[str, Tensor]:
        if module == "unet" and whole is not checkpoint:
            return _changed_unet(checkpoint, whole)
        return read_tensors(whole.file(module))

    return tensors


def _changed_unet(change: Checkpoint, whole: Checkpoint) -> Mapping[str, Tensor]:
    unet: Any = build_modules(whole.config)["unet"]
    load_module(unet, whole.file("unet"), inner=inner_of("unet"))
    file = change.file(LORA)
    apply_changes(stream_layers(unet.unet), read_tensors(file), str(file))
    state: Mapping[str, Tensor] = unet.get_submodule(inner_of("unet")).state_dict()
    return state


def sound_parts(config: Mapping[str, Any], tensors: TensorsOf) -> Iterator[tuple[Part, Mapping[str, Tensor]]]:
    """Each part with its tensors, one at a time in memory, held against the sizes that a config tells.

    Raises:
        CheckpointError: tensors are missing, unexpected, of another shape or not finite.
    """
    modules = build_modules(config)
    for part in PARTS:
        found = tensors(part.module)
        for name, tensor in found.items():
            cast(Path(part.weights), name, tensor, None)
        if part.module == EMOTIONS:
            priors_of(Path(part.weights), found, config)
        else:
            built = modules[part.module].get_submodule(inner_of(part.module))
            check_layout(part.weights, {name: tuple(p.shape) for name, p in built.state_dict().items()}, found)
        yield part, found


def check_pretrained(folder: Path, progress: Progress | None = None) -> Checkpoint:
    """Read all of a folder in diffusers' manner, as one that somebody else will load.

    Raises:
        CheckpointError: it is none, or incomplete, damaged, not finite, or holds pickles.
    """
    if not is_pretrained(folder):
        raise CheckpointError(f"{folder} has no {INDEX}; make such a folder first: `dicetalk weights save`")
    checkpoint = open_svd(folder)
    if found := pickles(folder):
        raise CheckpointError(f"{found[0]} may hold a pickle, which runs programs where it is loaded; take it away")
    for done, (part, _) in enumerate(sound_parts(checkpoint.config, tensors_in(checkpoint)), 1):
        if progress is not None:
            progress(part.folder, done, len(PARTS))
    return checkpoint


def save_pretrained(config: Mapping[str, Any], tensors: TensorsOf, out: Path, progress: Progress | None = None) -> Path:
    """Write a checkpoint in diffusers' manner, one part in memory at a time. The index is written last.

    Args:
        config: of the checkpoint.
        tensors: of its modules, and of the emotions.
        out: where it goes; what was begun there is written over.
        progress: is told of every part.

    Returns:
        `out`.

    Raises:
        CheckpointError: the tensors do not fit the config, or `out` holds something else.
        MediaError: a file cannot be written.
    """
    check_out(out)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    (out / INDEX).unlink(missing_ok=True)
    for done, (part, found) in enumerate(sound_parts(config, tensors)):
        if progress is not None:
            progress(part.folder, done, len(PARTS))
        with writing(out / part.folder):
            (out / part.folder).mkdir(exist_ok=True)
        save_tensors(out / part.weights, found)
        _write_json(out / part.folder / "config.json", _config_of(part, config))
    _write_json(out / INDEX, _index_of(config))
    return out


def check_out(out: Path) -> None:
    """Refuse a folder that holds anything but what was begun of such a folder.

    Raises:
        CheckpointError: it does.
    """
    known = {".cache", INDEX, CARD, *(part.folder for part in PARTS)}
    if out.exists() and (not out.is_dir() or any(path.name not in known for path in out.iterdir())):
        raise CheckpointError(f"{out} holds something else than such a folder; give an empty or a new one")


def _config_of(part: Part, config: Mapping[str, Any]) -> dict[str, Any]:
    """A part's own config, in the words of its library."""
    if part.module == EMOTIONS:
        named = {"vocabulary": list(PUBLISHED), **{key: config[key] for key in WORDS if key in config}}
        return {"_class_name": part.kind, **named}
    sizes = config[part.key] if part.key else {}
    sizes = dict(sizes) if isinstance(sizes, Mapping) else {LISTED: sizes}
    if part.library == "transformers":
        return sizes | {"architectures": [part.kind]}
    return sizes | {"_class_name": part.kind}


def _index_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the whole folder says of itself: its parts, and what is told of the checkpoint as a whole."""
    held = {*(part.key for part in PARTS), *WORDS, "kind", "version", CHANGES}  # changes are in the weights now
    told = {key: value for key, value in config.items() if key not in held}
    return {
        "_class_name": CLASS,
        "_diffusers_version": diffusers.__version__,
        OURS: {"kind": KIND, "version": VERSION, **told},
        **{part.folder: [part.library, part.kind] for part in PARTS},
    }


def _write_json(path: Path, told: Mapping[str, Any]) -> None:
    with whole(path) as hidden:
        hidden.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")

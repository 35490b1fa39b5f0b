"""`dicetalk evaluate embedder`: probes of a trained embedder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.errors import require

if TYPE_CHECKING:
    from dicetalk.data.dataset import Recordings
    from dicetalk.evaluation.embedder import Array, Vectors

EXAMPLES = """\b
Examples:
  dicetalk evaluate embedder prepared/ --checkpoint runs/embedder -o results/
"""


@click.group()
def evaluate() -> None:
    """Measure what was trained."""


@evaluate.command(epilog=EXAMPLES)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--checkpoint", type=click.Path(path_type=Path), required=True, help="A trained embedder's folder.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A folder for table, confusion and map.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def embedder(data: Path, checkpoint: Path, output: Path | None, as_json: bool) -> None:
    """Fit linear probes on an embedder's means of the prepared folder DATA; one table.

    The people it was not trained on are the held-out ones: emotion probes are fitted on all others and tested on them.
    """
    require("torch", "train")
    from dicetalk.evaluation.embedder import probe_row, table, to_json

    learned, held_out = _parts(data, checkpoint)
    rows, shares = [], dict[str, "Array"]()
    for what in learned:
        row, shares[what] = probe_row(what, learned[what], held_out[what])
        rows.append(row)
    if output is not None:
        _write(output, table(rows), held_out, shares)
    print(json.dumps({"rows": to_json(rows)}) if as_json else table(rows))


def _parts(data: Path, checkpoint: Path) -> tuple[dict[str, Vectors], dict[str, Vectors]]:
    """Vectors of the people learned from and of the held-out ones, by what was looked at."""
    from dicetalk.checkpoints import open_checkpoint
    from dicetalk.data.dataset import load_recordings
    from dicetalk.errors import InputError
    from dicetalk.mood import KIND, VERSION

    everything = load_recordings(data)
    everything = everything.part(everything.heard)  # contempt is only seen, so that the rows of the table compare
    told = open_checkpoint(checkpoint, KIND, VERSION).config["recipe"]["held_out"]
    apart = set(told) & set(everything.people)
    if not apart or apart == set(everything.people):
        raise InputError(f"{data} needs clips of people held out ({', '.join(told) or 'nobody'}) and of others")
    learned = everything.of(set(everything.people) - apart)
    return _vectors(learned, checkpoint), _vectors(everything.of(apart), checkpoint)


def _vectors(clips: Recordings, checkpoint: Path) -> dict[str, Vectors]:
    import numpy as np

    from dicetalk.data.dataset import embed
    from dicetalk.evaluation.embedder import Vectors
    from dicetalk.evaluation.probes import functionals
    from dicetalk.mood import load_embedder

    net = load_embedder(checkpoint)
    streams = {"audio": (True, False), "video": (False, True), "both": (True, True)}
    found = {what: embed(net, clips, heard=h, seen=s).mean.double().numpy() for what, (h, s) in streams.items()}
    lengths = clips.lengths.tolist()
    for what, rows in (("audio, raw", clips.speech), ("video, raw", clips.motion[:, 0])):
        found[what] = np.array([functionals(r[:n].double().numpy()) for r, n in zip(rows, lengths, strict=True)])
    labels = clips.emotions.numpy(), clips.identities.numpy()
    return {what: Vectors(values, *labels) for what, values in found.items()}


def _write(output: Path, text: str, held_out: dict[str, Vectors], shares: dict[str, Array]) -> None:
    from dicetalk.emotion.vocabulary import NAMES
    from dicetalk.evaluation.embedder import draw_confusion, draw_map

    output.mkdir(parents=True, exist_ok=True)
    (output / "embedder.md").write_text(text + "\n", encoding="utf-8")
    for what in ("audio", "video", "both"):
        draw_confusion(output / f"confusion-{what}.png", shares[what], NAMES)
        draw_map(output / f"map-{what}.png", held_out[what], NAMES)

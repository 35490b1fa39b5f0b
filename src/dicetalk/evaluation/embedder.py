"""Probes of a trained embedder on a prepared folder: what is learned from and what is held out, heard and seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.checkpoints import open_checkpoint
from dicetalk.data.dataset import Recordings, embed, load_recordings
from dicetalk.emotion.embedding import HEARING, HEARING_KIND, HEARING_VERSION
from dicetalk.emotion.priors import Prior
from dicetalk.emotion.space import KIND, VERSION, open_space
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.errors import InputError
from dicetalk.evaluation.emotion_score import Row, Vectors, draw_confusion, draw_map, probe_row, table
from dicetalk.evaluation.probes import functionals
from dicetalk.files import whole
from dicetalk.training.stage1_embedder import load_embedder


def evaluate_embedder(data: Path, checkpoint: Path, output: Path | None = None) -> list[Row]:
    """Fit probes on an embedder's means; rows of one table, with pictures in a folder if one is given.

    Args:
        data: a prepared folder.
        checkpoint: of the embedder; it tells who was held out.
        output: a folder for table, confusion and map.

    Raises:
        InputError: the data cannot be used, or nobody in it was held out.
        CheckpointError: not an embedder's folder.
    """
    learned, held_out = _parts(data, checkpoint)
    rows, shares = [], dict[str, Float64]()
    for what in learned:
        row, shares[what] = probe_row(what, learned[what], held_out[what])
        rows.append(row)
    if output is not None:
        _write(output, table(rows), held_out, shares)
    return rows


def _parts(data: Path, checkpoint: Path) -> tuple[dict[str, Vectors], dict[str, Vectors]]:
    """Vectors of the people learned from and of the held-out ones, by what was looked at."""
    everything = load_recordings(data)
    everything = everything.part(everything.heard)  # contempt is only seen, so that the rows of the table compare
    open_checkpoint(checkpoint, KIND, VERSION)
    told = open_checkpoint(checkpoint / HEARING, HEARING_KIND, HEARING_VERSION).config["held_out"]
    apart = set(told) & set(everything.people)
    if not apart or apart == set(everything.people):
        raise InputError(f"{data} needs clips of people held out ({', '.join(told) or 'nobody'}) and of others")
    learned = everything.of(set(everything.people) - apart)
    return _vectors(learned, checkpoint), _vectors(everything.of(apart), checkpoint)


def _vectors(clips: Recordings, checkpoint: Path) -> dict[str, Vectors]:
    """What is heard once a clip; what is seen once for each of its virtual actors, who count as people of their own."""

    found = {
        what: Vectors(v, clips.emotions.numpy(), clips.identities.numpy()) for what, v in _heard(clips, checkpoint)
    }
    most = clips.motion.shape[1]
    by_face = [clips.part(clips.faces > face) for face in range(most)]
    emotions = np.concatenate([part.emotions.numpy() for part in by_face])
    actors = np.concatenate([most * part.identities.numpy() + face for face, part in enumerate(by_face)])
    found |= {what: Vectors(v, emotions, actors) for what, v in _seen(by_face, checkpoint)}
    order = ("audio", "video", "both", "audio, raw rows", "video, raw rows")
    return {what: found[what] for what in order}


def _heard(clips: Recordings, checkpoint: Path) -> Iterator[tuple[str, Float64]]:
    yield "audio", heard_means(checkpoint, clips)
    rows = zip(clips.speech[:, 0], clips.lengths.tolist(), strict=True)
    yield "audio, raw rows", np.array([functionals(row[:n].double().numpy()) for row, n in rows])


def heard_means(checkpoint: Path, clips: Recordings) -> Float64:
    """Means (N, D) of clips by their voices alone, as `Embedder` gives them: mixtures of the named emotions."""
    found, space = embed(load_embedder(checkpoint), clips, heard=True, seen=False), open_space(checkpoint)
    rows = zip(found.mean.numpy(), found.variance.sqrt().numpy(), strict=True)
    return np.array([space.among(Prior(mean, std), HEARD).mean for mean, std in rows], np.float64)


def _seen(by_face: list[Recordings], checkpoint: Path) -> Iterator[tuple[str, Float64]]:
    """Vectors of the clips that have a first face, then of those that have a second one, ..."""
    net = load_embedder(checkpoint)
    for what, heard in (("video", False), ("both", True)):
        means = [embed(net, part, heard=heard, seen=True, face=face).mean for face, part in enumerate(by_face)]
        yield what, np.concatenate([mean.double().numpy() for mean in means])
    rows = [
        part.motion[n, face, :length]
        for face, part in enumerate(by_face)
        for n, length in enumerate(part.lengths.tolist())
    ]
    yield "video, raw rows", np.array([functionals(row.double().numpy()) for row in rows])


def _write(output: Path, text: str, held_out: dict[str, Vectors], shares: dict[str, Float64]) -> None:
    output.mkdir(parents=True, exist_ok=True)
    with whole(output / "embedder.md") as hidden:
        hidden.write_text(text + "\n", encoding="utf-8")
    for what in ("audio", "video", "both"):
        draw_confusion(output / f"confusion-{what}.png", shares[what], NAMES)
        draw_map(output / f"map-{what}.png", held_out[what], NAMES)

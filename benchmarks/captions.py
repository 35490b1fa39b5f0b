"""What captions are worth: plain sentences beside a captioner that learned, on strangers; and people beside people.

    python benchmarks/captions.py table RUNS --speech ../shared/data/speech
    python benchmarks/captions.py real RUNS CLIPS/          # CLIPS/clips.csv: file,identity,emotion
    python benchmarks/captions.py human ../shared/data/relatives/emvidcap

`table` takes the checkpoints `felt-SEED` and `bare-SEED` in RUNS, of `dicetalk train caption-small` with `loop.seed` 0
to 2; for `bare` with `sizes.felt=false`, a decoder with attention alone. All are asked about the same 200 clips of
virtual actors whom nobody learned from, who say other speech. `real` has them caption real clips of which the emotion
is known. `human` takes one of the sentences that people wrote of
each clip of EmVidCap's official test and holds it against the others. Intervals are 95 %, by drawing clips anew.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from caption_readers import Reader, embedded, taught_reader

from dicetalk.arrays import Float32, Float64
from dicetalk.data.folder import read_folder
from dicetalk.data.virtual import SOUNDS
from dicetalk.evaluation.caption_feelings import Lexicon, Named, mixed, named_by
from dicetalk.evaluation.captions import Captioned, Words, as_published, bleu_of, cider, matches, plain_words
from dicetalk.evaluation.figures import between
from dicetalk.media import read_sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.reading.caption import ADJECTIVES, caption
from dicetalk.reading.reader import read
from dicetalk.recording import EVERY
from dicetalk.speech import Speech, listen
from dicetalk.tracking.tracker import watch
from dicetalk.training.caption import captions_of, felt_in, named, open_captioner
from dicetalk.training.caption_clips import LONGEST_S, STRANGERS, CaptionClip, draw_clips, known_speech, read_off

SEEDS, CLIPS, DRAWS, HUMAN_DRAWS = 3, 200, 300, 10
SEED = 20_000
"""Of the clips that are asked about; no run of a recipe draws by it."""
OTHERS = range(STRANGERS + 50_000, STRANGERS + 60_000)
OWN_WORDS = Lexicon({name: [adjective] for name, adjective in ADJECTIVES.items()})
FIGURES = ("B4", "CIDEr", "Acc_sw", "Acc_c", "BFS", "CFS")


def asked_about(folder: Path | None) -> list[CaptionClip]:
    """The clips that all are measured on."""
    said = known_speech() if folder is None else [*other_speech(folder)]
    return [*draw_clips(CLIPS, SEED, said, OTHERS)]


def other_speech(folder: Path) -> Iterator[Speech]:
    """The first seconds of every sound of a folder, said twice or more often where it is short."""
    frames = int(LONGEST_S * SPEECH_RATE) + SPEECH_RATE // 10
    for path in sorted(file for file in folder.iterdir() if file.suffix.lower() in SOUNDS):
        yield listen(np.resize(read_sound(path).waveform, frames))


def scores(captions: Sequence[Captioned], lexicon: Lexicon, seed: int = 0) -> list[tuple[float, float, float]]:
    """`FIGURES` of captions: value, low, high."""
    matched, ciders = matches(captions), cider(captions)
    told = [named_by(each, lexicon) for each in captions]
    random = np.random.default_rng(seed)
    drawn = [random.integers(len(captions), size=len(captions)) for _ in range(DRAWS)]
    rows = np.array([_figures(matched[rows], ciders[rows], [told[row] for row in rows]) for rows in drawn])
    whole = _figures(matched, ciders, told)
    return [(value, *between(column)) for value, column in zip(whole, rows.T, strict=True)]


def _figures(matched: Float64, ciders: Float64, told: Sequence[Named], *, published: bool = False) -> list[float]:
    words, mean = bleu_of(matched.sum(axis=0)), float(ciders.mean())
    return [words[3], mean, *vars(mixed(words, mean, told, published=published)).values()]


def table(runs: Path, speech: Path | None) -> Iterator[str]:
    clips = asked_about(speech)
    motions = read_off(clips, SEED)
    yield f"| {len(clips)} clips of strangers | {' | '.join(FIGURES)} | feelings right, in order |"
    yield "|---" * (len(FIGURES) + 2) + "|"
    for title, texts in _said(runs, clips, motions):
        yield _row(title, clips, texts)


def _said(runs: Path, clips: Sequence[CaptionClip], motions: Sequence[Float32]) -> Iterator[tuple[str, Sequence[str]]]:
    yield "one sentence for all", ["calm at first, angry from second 4"] * len(clips)
    yield "plain, what is felt is known", [caption(clip.told) for clip in clips]
    yield "plain, read by the shipped embedder", said_plainly(embedded, motions)
    yield from _learned(runs, motions)
    for seed in range(SEEDS):
        yield (
            f"plain, read by a network that learned from such clips, seed {seed}",
            said_plainly(taught_reader(seed), motions),
        )


def said_plainly(reader: Reader, motions: Sequence[Float32]) -> list[str]:
    return [caption(reader(motion)) for motion in motions]


def _row(title: str, clips: Sequence[CaptionClip], texts: Sequence[str]) -> str:
    captions = [
        Captioned(plain_words(text), tuple(map(plain_words, clip.captions)))
        for text, clip in zip(texts, clips, strict=True)
    ]
    right = np.array([named(text) == felt_in(clip) for text, clip in zip(texts, clips, strict=True)])
    drawn = np.random.default_rng(0).integers(len(right), size=(DRAWS, len(right)))
    told = [*scores(captions, OWN_WORDS), (float(right.mean()), *between(right[drawn].mean(1)))]
    return f"| {title} | {' | '.join(f'{x:.3f} ({low:.3f} to {high:.3f})' for x, low, high in told)} |"


def real(runs: Path, folder: Path) -> Iterator[str]:
    """What is said of real, labelled clips: how often the label is named, alone or among others, and nothing is."""
    clips = [(clip.video, clip.emotion) for clip in read_folder(folder).clips if clip.emotion and clip.video]
    readings = [read(video) for video, _ in clips]
    motions = [motion_of(video) for video, _ in clips]
    alone = [replace(reading, windows=reading.face or reading.windows, voice=None) for reading in readings]
    said = {
        "plain, face and voice, as `describe` has it": [caption(reading) for reading in readings],
        "plain, the face alone": [caption(reading) for reading in alone],
        "plain, read by the shipped embedder, the face": said_plainly(embedded, motions),
        **dict(_learned(runs, motions)),
    }
    yield f"| {len(clips)} real clips | the label and nothing else is named | among others | nothing is named |"
    yield "|---|---|---|---|"
    for title, texts in said.items():
        told = [(named(text.split(". ")[0]), label) for text, (_, label) in zip(texts, clips, strict=True)]
        counts = [{*names} == {label} for names, label in told], [label in names for names, label in told]
        cells = [f"{sum(count)} of {len(clips)}" for count in (*counts, [not names for names, _ in told])]
        yield f"| {title} | {' | '.join(cells)} |"


def motion_of(video: Path) -> Float32:
    motion = watch(video, EVERY).motion
    return np.column_stack([motion.shapes, motion.pose]).astype(np.float32)


def _learned(runs: Path, motions: Sequence[Float32]) -> Iterator[tuple[str, Sequence[str]]]:
    for kind, title in (("felt", "learned, dual path"), ("bare", "learned, attention alone")):
        for seed in range(SEEDS):
            if (folder := runs / f"{kind}-{seed}" / "config.json").is_file():
                yield f"{title}, seed {seed}", captions_of(*open_captioner(folder.parent), motions)


def human(folder: Path) -> Iterator[str]:
    """People beside people: the mean over draws of which sentence is held against the others, and where 95 % lie."""
    lexicon = Lexicon({k: v["words"] for k, v in json.loads((folder / "lexicon.json").read_text()).items()})
    yield f"| people beside people, EmVidCap's official test | clips | {' | '.join(FIGURES)} |"
    yield "|---" * (len(FIGURES) + 2) + "|"
    for title, words in (("words between blanks", as_published), ("words without signs", plain_words)):
        for part, videos in _videos(folder).items():
            rows = np.array([_drawn(videos, words, lexicon, seed) for seed in range(HUMAN_DRAWS)])
            told = [f"{column.mean():.3f} ({between(column)[0]:.3f} to {between(column)[1]:.3f})" for column in rows.T]
            yield f"| {part}, {title} | {len(videos)} | {' | '.join(told)} |"


def _videos(folder: Path) -> dict[str, list[list[str]]]:
    found: dict[str, dict[str, list[str]]] = {"S": defaultdict(list), "L": defaultdict(list)}
    with (folder / "captions.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["official_split"] == "test":
                found[row["set"]][row["video"]].append(row["caption"])
    return {part: [captions for captions in videos.values() if len(captions) > 1] for part, videos in found.items()}


def _drawn(videos: Sequence[Sequence[str]], words: Callable[[str], Words], lexicon: Lexicon, seed: int) -> list[float]:
    """`FIGURES` of one sentence a clip, drawn, with the published defects: so were those to compare with."""
    random, captions = np.random.default_rng(seed), []
    for sentences in videos:
        said = [words(sentence.lower()) for sentence in sentences]
        one = int(random.integers(len(said)))
        captions.append(Captioned(said[one], (*said[:one], *said[one + 1 :])))
    told = [named_by(each, lexicon, published=True) for each in captions]
    return _figures(matches(captions), cider(captions), told, published=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    of_table = commands.add_parser("table")
    of_table.add_argument("runs", type=Path)
    of_table.add_argument("--speech", type=Path)
    of_real = commands.add_parser("real")
    of_real.add_argument("runs", type=Path)
    of_real.add_argument("folder", type=Path)
    commands.add_parser("human").add_argument("folder", type=Path)
    args = parser.parse_args()
    works: dict[str, Callable[[], Iterator[str]]] = {
        "table": lambda: table(args.runs, args.speech),
        "real": lambda: real(args.runs, args.folder),
        "human": lambda: human(args.folder),
    }
    for row in works[args.command]():
        print(row, flush=True)


if __name__ == "__main__":
    main()

"""How well a reading says what faces show: rendered portraits never learned from, and real labelled clips.

    python benchmarks/reading.py draw drawn/ PORTRAIT...     eight emotions of each, and what is seen of them
    python benchmarks/reading.py clips clips.json CLIPS/     CLIPS/clips.csv: file,identity,emotion
    python benchmarks/reading.py tell drawn/ clips.json      the tables
    python benchmarks/reading.py together votes.csv          how people put face and voice together: CREMA-D
    python benchmarks/reading.py long FILE                   how long it takes to read, and how much memory

The twelve portraits of the recorded figures are `KEPT_BACK`; no posture was searched on them and no reader learned from
them. Drawn are 2.4 s of the demo's speech by the default backbone at the default strength, every fourth frame.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from expression import acted, weights_of
from scipy.optimize import minimize

import dicetalk
from dicetalk import assets
from dicetalk.acting.postures import posture_shapes
from dicetalk.arrays import Bool, Float64
from dicetalk.data.folder import read_folder
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.feeling import DEFAULT_STRENGTH
from dicetalk.emotion.road import EmotionTrack
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.media import Sound, read_sound
from dicetalk.portrait.renderer import Renderer
from dicetalk.rates import SPEECH_RATE
from dicetalk.reading.answers import Answers, none_of
from dicetalk.reading.look import Seen, looks, see, seen_in
from dicetalk.reading.reader import read
from dicetalk.reading.together import both
from dicetalk.reading.tone import tones
from dicetalk.recording import EVERY as LOOKED
from dicetalk.recording import Missing, Recording
from dicetalk.sources.like import resembled
from dicetalk.tracking.tracker import watch_frames

KEPT_BACK = (
    "cc0_016", "cc0_030", "cc0_044", "cc0_052", "cc0_068", "cc0_084", "lp_s0", "lp_s10", "lp_s9", "st_art_5",
    "st_full_body_1", "st_people_0",
)  # fmt: skip
SIZE, SECONDS, EVERY = 384, 2.4, 4
LEAST_SHOWN = 0.3
"""Length of the mean shapes below which a rule of thumb says neutral."""
DRAWS = 2000


def draw(folder: Path, portraits: Sequence[Path]) -> None:
    """Keep what is seen of each portrait in each emotion."""
    folder.mkdir(exist_ok=True)
    talk, sound = dicetalk.load(), speech()
    for portrait in portraits:
        conditions = talk(portrait, sound, size=SIZE, crop=True).conditions
        renderer = Renderer(conditions.portrait, conditions.face)
        for name in NAMES:
            weights = weights_of(conditions.speech.whole().frames, name, DEFAULT_STRENGTH)
            felt = replace(conditions, emotion=EmotionTrack(weights))
            moved = acted(talk.backbone, felt, np.arange(EVERY // 2, len(weights), EVERY))
            sight = watch_frames(renderer.render(moved), EVERY)
            if sight is None:
                print(f"{portrait.stem} {name}: no face is seen", flush=True)
                continue
            seen = seen_in(sight)
            np.savez_compressed(
                folder / f"{portrait.stem}-{name}.npz",
                shapes=seen.shapes,
                against=seen.against,
                there=seen.there,
                pose=sight.motion.pose,
            )
        print(portrait.stem, flush=True)


def speech() -> Sound:
    """The beginning of the demo's speech."""
    sound = read_sound(assets.speech())
    return replace(sound, waveform=sound.waveform[: round(SECONDS * SPEECH_RATE)])


Told = dict[str, Float64]
"""Shares (8,) by who told them."""


def told_of(seen: Seen | Missing, pose: Float64 | None, sound: Sound | Missing) -> Told:
    """What each reader says of a recording, over all of it."""
    lengths = [found.seconds for found in (seen, sound) if not isinstance(found, Missing)]
    edges = np.linspace(0, max(lengths), max(1, round(max(lengths))) + 1).tolist()
    spans = list(pairwise(edges))
    face = none_of(len(spans)) if isinstance(seen, Missing) else looks(seen, spans)[0]
    heard = Missing("") if isinstance(sound, Missing) else tones(sound, spans)
    voice = none_of(len(spans)) if isinstance(heard, Missing) else heard
    found = {"face and voice": overall(both(face, voice)), "face alone": overall(face), "voice alone": overall(voice)}
    if not isinstance(seen, Missing):
        found["rules of thumb"] = by_rules(seen)
    if not isinstance(seen, Missing) and pose is not None:
        found["the embedder, face"] = by_embedder(seen, pose)
    return found


def overall(answers: Answers) -> Float64:
    """The mean of all windows of which something is known; neutral where nothing is."""
    known: Bool = answers.known
    return np.asarray(answers.shares[known].mean(0) if known.any() else none_of(1).shares[0])


def by_rules(seen: Seen) -> Float64:
    """The posture that the mean shapes point to; neutral where they are small."""
    mean = seen.shapes[seen.there].mean(0).astype(np.float64)
    postures = posture_shapes(np.eye(len(NAMES)))
    lengths = np.linalg.norm(postures, axis=1)
    likeness = np.divide(postures @ mean, lengths, out=np.zeros(len(NAMES)), where=lengths > 0)
    likeness[0] = LEAST_SHOWN
    return np.asarray(np.maximum(likeness, 0) / np.maximum(likeness, 0).sum())


def by_embedder(seen: Seen, pose: Float64) -> Float64:
    """What the network behind the emotions' priors reads of the same face."""
    rows = np.column_stack([seen.shapes, pose]).astype(np.float32)
    _, like = resembled([Recording(None, rows)], shipped_embedder())
    shares = dict(zip(like.names, like.shares, strict=True))
    return np.array([shares[name] for name in NAMES])


def drawn(folder: Path) -> Iterator[tuple[str, str, Told]]:
    """Portrait, what was asked, and what each reader tells."""
    sound = speech()
    for path in sorted(folder.glob("*.npz")):
        portrait, _, name = path.stem.rpartition("-")
        told = dict(np.load(path))
        yield portrait, name, told_of(Seen(told["shapes"], told["against"], told["there"]), told["pose"], sound)


def read_clips(output: Path, folder: Path) -> None:
    """Keep what each reader tells of real, labelled clips."""
    from dicetalk.tracking.tracker import watch

    rows = []
    for clip in read_folder(folder).clips:
        if clip.emotion is None or clip.video is None:
            continue
        seen = see(clip.video, lambda done: None)
        pose = None if isinstance(seen, Missing) else watch(clip.video, LOOKED).motion.pose
        told = told_of(seen, None if pose is None else np.asarray(pose, np.float64), read_sound(clip.video))
        rows.append({"emotion": clip.emotion, "told": {who: shares.tolist() for who, shares in told.items()}})
        print(clip.emotion, {who: NAMES[int(shares.argmax())] for who, shares in told.items()}, flush=True)
    output.write_text(json.dumps(rows))


def tell(folder: Path, clips: Path) -> list[str]:
    """All tables."""
    rows = list(drawn(folder))
    real = _load(clips)
    readers = list(rows[0][2])
    head = ["reader", "of all", *NAMES, "first two", "sure", "calibration error"]
    first = [[who, *scores(who, [(name, told) for _, name, told in rows])] for who in readers]
    lines = [f"{len(rows)} videos of {len({portrait for portrait, _, _ in rows})} portraits", ""]
    lines += table(head, [["chance", "0.12", *["0.12"] * 8, "0.25", "", ""], *first])
    second = [[who, *real_scores(who, real)] for who in readers]
    chance = ["chance", "0.12", "0.25", ""]
    lines += ["", f"{len(real)} real clips", "", *table(["reader", "first", "first two", "sure"], [chance, *second])]
    return lines


def _load(path: Path) -> list[tuple[str, Told]]:
    """What was read of real clips: label, and what each reader told."""
    rows = json.loads(path.read_text())
    return [(row["emotion"], {who: np.array(shares) for who, shares in row["told"].items()}) for row in rows]


def scores(who: str, rows: Sequence[tuple[str, Told]]) -> list[str]:
    """How often a reader is right: of all and of each emotion, with intervals; in the first two; how sure."""
    shares, truth = np.array([told[who] for _, told in rows]), np.array([NAMES.index(name) for name, _ in rows])
    right, second = shares.argmax(1) == truth, among_two(shares, truth)
    each = [interval(right[truth == number]) for number in range(len(NAMES))]
    sure = shares.max(1)
    return [interval(right), *each, interval(second), f"{sure.mean():.2f}", f"{calibration(sure, right):.2f}"]


def real_scores(who: str, rows: Sequence[tuple[str, Told]]) -> list[str]:
    """Of real clips: first, in the first two, how sure."""
    there = [(name, told) for name, told in rows if who in told]
    shares, truth = np.array([told[who] for _, told in there]), np.array([NAMES.index(name) for name, _ in there])
    right, second = shares.argmax(1) == truth, among_two(shares, truth)
    return [interval(right), interval(second), f"{shares.max(1).mean():.2f}"]


def among_two(shares: Float64, truth: np.ndarray) -> Bool:
    """Whether the truth (N,) is among the two largest shares (N, 8)."""
    return np.asarray((np.argsort(-shares, axis=1)[:, :2] == truth[:, None]).any(1))


def interval(right: Bool) -> str:
    """`0.83 (0.55 to 0.95), 10 of 12`: Wilson's interval of 95 %."""
    count, hits, z = len(right), int(right.sum()), 1.96
    share = hits / count
    middle, spread = share + z * z / (2 * count), z * np.sqrt(share * (1 - share) / count + z * z / (4 * count**2))
    low, high = (middle - spread) / (1 + z * z / count), (middle + spread) / (1 + z * z / count)
    return f"{share:.2f} ({max(low, 0):.2f} to {min(high, 1):.2f}), {hits} of {count}"


def calibration(sure: Float64, right: Bool, bins: int = 5) -> float:
    """Expected calibration error."""
    place = np.minimum((sure * bins).astype(int), bins - 1)
    return float(sum(abs(sure[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in set(place)))


def fit_together(votes: Path) -> list[str]:
    """Fit `reading.together` to how people who had both answered beside those who had one."""
    seen = ("neutral", "angry", "disgusted", "fear", "happy", "sad")
    clips: dict[str, dict[str, Float64]] = defaultdict(dict)
    with votes.open(newline="") as file:
        for row in csv.DictReader(file):
            clips[row["clip"]][row["channel"]] = np.array([float(row[f"votes_{name}"]) for name in seen])
    whole = {clip: told for clip, told in clips.items() if len(told) == 3}
    face, voice, answers = (np.array([told[way] for told in whole.values()]) for way in ("face", "voice", "both"))
    actors = np.array([clip[:4] for clip in whole])
    kept = np.isin(actors, np.unique(actors)[::4])
    logs = [np.log((part + 0.5) / (part + 0.5).sum(1, keepdims=True)) for part in (face, voice)]
    felt = np.array([name != "neutral" for name in seen])

    def odds(t: Float64) -> Float64:
        scores = t[0] * logs[0] + t[1] * logs[1] + t[2] * felt
        return np.asarray(scores - np.log(np.exp(scores).sum(1, keepdims=True)))

    def loss(t: Float64, some: Bool) -> float:
        return -float((answers[some] * odds(t)[some]).sum() / answers[some].sum())

    found = minimize(loss, [1.0, 0.5, 0.0], args=(~kept,)).x
    rows = [("fitted", found), ("face alone", [1, 0, 0]), ("voice alone", [0, 1, 0]), ("product", [1, 1, 0])]
    top = answers.argmax(1)
    cells = [
        [name, ", ".join(f"{value:.2f}" for value in t), f"{loss(np.array(t), kept):.3f}",
         interval((odds(np.array(t)).argmax(1) == top)[kept])]
        for name, t in rows
    ]  # fmt: skip
    head = ["how", "face, voice, felt", "cross-entropy [nat]", "most votes told"]
    return [f"{len(whole)} clips, {kept.sum()} of them of actors not fitted to", "", *table(head, cells)]


def long(path: Path) -> list[str]:
    """Time and the most memory that reading a file takes, in this process."""
    start, used = time.perf_counter(), time.process_time()
    reading = read(path)
    took, used = time.perf_counter() - start, time.process_time() - used
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [
        f"{reading.seconds:.0f} s in {len(reading.windows)} windows: {took:.0f} s, {used:.0f} s of a processor, "
        f"{most:.2f} GB at most"
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Markdown."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def main() -> None:
    """Draw, read, or tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=("draw", "clips", "tell", "together", "long"))
    parser.add_argument("first", type=Path)
    parser.add_argument("others", type=Path, nargs="*")
    options = parser.parse_args()
    works: dict[str, Callable[[], list[str] | None]] = {
        "draw": lambda: draw(options.first, options.others),
        "clips": lambda: read_clips(options.first, options.others[0]),
        "tell": lambda: tell(options.first, options.others[0]),
        "together": lambda: fit_together(options.first),
        "long": lambda: long(options.first),
    }
    print("\n".join(works[options.work]() or []))


if __name__ == "__main__":
    main()

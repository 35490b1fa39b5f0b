"""What is felt in turns of conversations: the gated network against plain ones, on what neither learned from.

    python benchmarks/conversation.py voices RAVDESS voices.npz
    python benchmarks/conversation.py meld TABLES             what learns from MELD, for measuring only
    python benchmarks/conversation.py shipped TABLES voices.npz [NETWORK]
    python benchmarks/conversation.py speed SPEECH

TABLES holds `dailytalk`, `meld`. `meld` needs scikit-learn. All print Markdown.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dicetalk.conversation.decoder import ALPHA, Decoder, change_odds, decode
from dicetalk.conversation.features import voice_rows
from dicetalk.conversation.network import SHIPPED, ConversationNetwork, Turn
from dicetalk.data.dialogues import Dialogue, read_dialogues
from dicetalk.data.ravdess import HELD_OUT, read_ravdess
from dicetalk.emotion.moments import Moment
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.media import read_sound
from dicetalk.modules import read_tensors
from dicetalk.rates import SPEECH_RATE
from dicetalk.sources.conversation import ConversationSource, agreed, shares_read
from dicetalk.training.conversation import NOTHING, ConversationRecipe, Conversing, batch_of, encode
from dicetalk.training.conversation_net import ConversationNet, ConversationSizes
from dicetalk.training.loop import LoopOptions, train
from dicetalk.words.encoder import shipped_encoder

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Rows = NDArray[np.float32]
SEEDS = (0, 1, 2)
FOUR = [HEARD.index(name) for name in ("neutral", "angry", "happy", "sad")]
LEVEL = ConversationRecipe().balance
DRAWS = 1000
"""Of dialogues, for intervals of 95 %."""
FINE = ConversationRecipe(
    sizes=ConversationSizes(dropout=0.4), balance=0.0, loop=LoopOptions(steps=260, rate=2e-3, save_every=1000)
)
"""How a network that was taught already goes on with MELD's training part."""


def weighted(right: Labels, said: Labels) -> float:
    """F1, each class weighted by its share."""
    counts = np.bincount(right, minlength=len(HEARD))
    return float(sum(counts[c] * f1(right == c, said == c) for c in range(len(HEARD))) / len(right))


def macro(right: Labels, said: Labels) -> float:
    """F1, the mean over classes that occur."""
    return float(np.mean([f1(right == c, said == c) for c in sorted(set(right.tolist()))]))


def f1(right: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """Of one class."""
    return float(2 * (right & said).sum() / max(right.sum() + said.sum(), 1))


def interval(dialogues: Sequence[Dialogue], measure: Callable[[Labels], float]) -> tuple[float, float]:
    """From where to where a figure of turns, by their numbers, lies in 95 % of draws of whole dialogues."""
    ends = np.cumsum([0, *map(len, dialogues)])
    chance = np.random.default_rng(0)
    turns = [np.arange(start, end) for start, end in pairwise(ends)]
    draws = [
        measure(np.concatenate([turns[n] for n in chance.integers(len(turns), size=len(turns))])) for _ in range(DRAWS)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def labels(dialogues: Sequence[Dialogue]) -> Labels:
    return np.array([line.emotion for each in dialogues for line in each])


def row(name: str, dialogues: Sequence[Dialogue], shares: Sequence[Floats]) -> None:
    """A row of the table: F1 over seven and over four classes, of each seed's shares (N, 7)."""
    right = labels(dialogues)
    four = np.isin(right, FOUR)
    sevens = [each.argmax(1) for each in shares]
    fours = [np.array(FOUR)[each[:, FOUR].argmax(1)] for each in shares]

    def mean(said: list[Labels], some: Labels) -> float:
        return float(np.mean([weighted(right[some], each[some]) for each in said]))

    low, high = interval(dialogues, lambda some: mean(sevens, some))
    low4, high4 = interval(dialogues, lambda some: mean(fours, some[four[some]]))
    spread = np.std([weighted(right, each) for each in sevens], ddof=1) if len(shares) > 1 else 0.0
    hits = np.mean([(each == right).mean() for each in sevens])
    macros = np.mean([macro(right, each) for each in sevens])
    seven, of_four = mean(sevens, np.arange(len(right))), mean(fours, np.flatnonzero(four))
    print(f"| {name} | {hits:.3f} | {seven:.3f} ({low:.3f} to {high:.3f}) | {spread:.3f} | {macros:.3f} | "
          f"{of_four:.3f} ({low4:.3f} to {high4:.3f}) |", flush=True)  # fmt: skip


HEAD = "| what | right | weighted F1, 7 (95 %) | sd of seeds | macro F1 | weighted F1, 4 (95 %) |\n" + "|---" * 6 + "|"


def meld(tables: Path) -> None:
    """Text of MELD: learned from its training part for measuring, told of its dev part."""
    learned, told = (read_dialogues(tables / "meld" / f"{part}.csv") for part in ("train", "dev"))
    print(HEAD)
    usual = np.bincount(labels(learned), minlength=len(HEARD)) / sum(map(len, learned))
    plain = n_grams(learned, told)
    row("n-grams of the line alone", told, [plain])
    row("n-grams, rare feelings counted more", told, [levelled(plain, usual)])
    found = {}
    for name, start in (("network, from nothing", None), ("network, taught dialogues before", SHIPPED)):
        found[name] = [taught(learned, told, seed, start) for seed in SEEDS]
        row(name, told, [shares for shares, _ in found[name]])
        row(f"{name}: no turn before", told, [alone for _, alone in found[name]])
        row(f"{name}, rare counted more", told, [levelled(shares, usual) for shares, _ in found[name]])
        both = [levelled(np.sqrt(shares * plain), usual) for shares, _ in found[name]]
        row(f"n-grams and {name}, rare counted more", told, both)
        print(f"more than n-grams so counted: {gain(told, both, levelled(plain, usual))}")
    change = change_odds([[(line.speaker, line.emotion) for line in each] for each in learned])
    best = [shares for shares, _ in found["network, taught dialogues before"]]
    for weight in (1.0, 0.25):
        for name, shares in (("n-grams", [plain]), ("network, taught dialogues before", best)):
            decoded = [held(told, each, change, weight) for each in shares]
            row(f"{name}, decoder (p0 {change:.3f}) at {weight:g} of its weight", told, decoded)


def levelled(shares: Floats, usual: Floats) -> Floats:
    """Shares (N, 7) in which rare feelings count more, as far as in the recipe."""
    found = shares / usual**LEVEL
    return found / found.sum(1, keepdims=True)


def gain(dialogues: Sequence[Dialogue], ours: Sequence[Floats], theirs: Floats) -> str:
    """How much higher the weighted F1 of our seeds is, with its interval."""
    right, plain = labels(dialogues), theirs.argmax(1)

    def more(some: Labels) -> float:
        return float(np.mean([weighted(right[some], each.argmax(1)[some]) for each in ours])) - weighted(
            right[some], plain[some]
        )

    low, high = interval(dialogues, more)
    return f"{more(np.arange(len(right))):+.3f} ({low:+.3f} to {high:+.3f})"


def n_grams(learned: Sequence[Dialogue], told: Sequence[Dialogue]) -> Floats:
    """Shares (N, 7) by words, pairs and runs of letters, TF-IDF and logistic regression (C = 2)."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    texts = [[line.text for each in some for line in each] for some in (learned, told)]
    makers = [TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
              TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)]  # fmt: skip
    seen = hstack([each.fit_transform(texts[0]) for each in makers]).tocsr()
    new = hstack([each.transform(texts[1]) for each in makers]).tocsr()
    return LogisticRegression(C=2, max_iter=400, tol=1e-3).fit(seen, labels(learned)).predict_proba(new)


def taught(
    learned: Sequence[Dialogue], told: Sequence[Dialogue], seed: int, start: Path | None
) -> tuple[Floats, Floats]:
    """Shares (N, 7) of a network with all turns before, and without them."""
    recipe = replace(FINE, loop=replace(FINE.loop, seed=seed, **({} if start else {"steps": 380, "rate": 3e-3})))
    torch.manual_seed(seed)
    net = ConversationNet(recipe.sizes)
    if start is not None:
        weights = read_tensors(start / "conversation.safetensors")
        net.load_state_dict({name: each.float() for name, each in weights.items()})
    rows = recipe.sizes.rows
    with tempfile.TemporaryDirectory() as folder:
        train(Conversing([encode(each, rows) for each in learned], {}, recipe, net), recipe.loop, Path(folder))
    new = [encode(each, rows) for each in told]
    return shares_of(net, new, everything=True), shares_of(net, new, everything=False)


@torch.no_grad()
def shares_of(net: ConversationNet, dialogues: Sequence[Any], *, everything: bool) -> Floats:
    found = []
    for each in dialogues:
        batch = batch_of([each], [NOTHING] * len(each.words))
        there = torch.zeros(len(each.words), 4, 3, dtype=torch.bool)
        there[:, :2, : 3 if everything else 1] = True
        there[:, 1] &= everything
        found.append(net(batch, there)[0].softmax(1).double().numpy())
    return np.concatenate(found)


def held(dialogues: Sequence[Dialogue], shares: Floats, change: float, weight: float) -> Floats:
    """Shares after the decoder: all of what it says; a smaller weight makes what is seen count more."""
    logits = np.log(shares.clip(1e-9)) / weight
    said, start = [], 0
    for each in dialogues:
        part = logits[start : start + len(each)]
        said += decode(part.tolist(), [line.speaker for line in each], Decoder(change, ALPHA))[0]
        start += len(each)
    return np.eye(len(HEARD))[said]


def voices(ravdess: Path, out: Path) -> None:
    """Hear all clips once."""
    clips = [clip for clip in read_ravdess(ravdess).clips if clip.sound is not None]
    rows = {clip.name: voice_rows(read_sound(clip.sound).waveform) for clip in clips}
    np.savez(out, **rows)


def acted(path: Path) -> dict[int, list[Rows]]:
    """Voices of the actors that were held out, by emotion."""
    from dicetalk.data.ravdess import EMOTIONS

    found: dict[int, list[Rows]] = {}
    with np.load(path) as held:
        for name in sorted(held.files):
            parts = name.split("-")
            if f"ravdess_{parts[6]}" in HELD_OUT:
                found.setdefault(HEARD.index(EMOTIONS[parts[2]]), []).append(held[name])
    return found


def shipped(tables: Path, path: Path, folder: Path = SHIPPED) -> None:
    """What ships, or the network of another folder, on dialogues and voices that it did not learn from."""
    network, clips = ConversationNetwork(folder), acted(path)
    for name, dialogues in (
        ("DailyTalk, dev, with voices of actors 17 to 20", read_dialogues(tables / "dailytalk" / "train.csv", "dev")),
        ("MELD, dev, with the same", read_dialogues(tables / "meld" / "dev.csv")),
    ):
        print(f"\n## {name}\n\n{HEAD}")
        given = [[line.text for line in each] for each in dialogues]
        heard = voiced(dialogues, clips)
        text = read_alone(dialogues)
        voice = np.concatenate([np.stack([rows[-1] for rows in each]) for each in heard]).astype(np.float64)
        fused = text * voice
        row("plain: words of the line (`text`)", dialogues, [text])
        row("plain: the voice (embedder)", dialogues, [voice])
        row("plain: words x voice", dialogues, [fused / fused.sum(1, keepdims=True)])
        ended = [rows for each in heard for rows in each]
        silent = [NOTHING] * len(ended)
        spoken = told_by(network, dialogues, given, heard, True, True)
        written = told_by(network, dialogues, given, None, True, True)
        row("ships: words of the line, words before", dialogues, [agreed(written, text, silent)])
        row("ships: the same and voices", dialogues, [agreed(spoken, text, ended)])
        for kind, words, rows, before in (
            ("network: words of the line", True, False, False),
            ("network: words, turns before", True, False, True),
            ("network: the voice", False, True, False),
            ("network: voices, turns before", False, True, True),
            ("network: words and voice", True, True, False),
            ("network: words, voices, turns before", True, True, True),
        ):
            row(kind, dialogues, [told_by(network, dialogues, given, heard if rows else None, words, before)])
    right = np.concatenate([[number] * len(some) for number, some in sorted(clips.items())])
    one = np.concatenate([[rows[-1].argmax() for rows in some] for _, some in sorted(clips.items())])
    two = np.concatenate([
        [network.tell([Turn("", [], rows)]).shares[0].argmax() for rows in some] for _, some in sorted(clips.items())
    ])  # fmt: skip
    print("\n## A voice alone, RAVDESS actors 17 to 20\n\n| what | right (95 %) |\n|---|---|")
    for kind, said in (("embedder", one), ("network", two)):
        hits = (said == right).astype(float)
        draws = np.random.default_rng(0).choice(hits, (DRAWS, len(hits))).mean(1)
        low, high = np.percentile(draws, [2.5, 97.5])
        print(f"| {kind} | {hits.mean():.3f} ({low:.3f} to {high:.3f}) |")


def voiced(dialogues: Sequence[Dialogue], clips: dict[int, list[Rows]]) -> list[list[Rows]]:
    """For each turn a voice that acts what it is labelled with."""
    chance = np.random.default_rng(0)
    return [
        [clips[line.emotion][int(chance.integers(len(clips[line.emotion])))] for line in each] for each in dialogues
    ]


def read_alone(dialogues: Sequence[Dialogue]) -> Floats:
    """Shares (N, 7) of the encoder of text that ships, a line at a time."""
    texts = [line.text for each in dialogues for line in each]
    return shares_read(shipped_encoder().read(texts), texts).astype(np.float64)


def told_by(
    network: ConversationNetwork,
    dialogues: Sequence[Dialogue],
    given: list[list[str]],
    heard: list[list[Rows]] | None,
    words: bool,
    before: bool,
) -> Floats:
    found = []
    for number, each in enumerate(dialogues):
        turns = [
            Turn.of(line.speaker, text if words else "", NOTHING if heard is None else heard[number][place])
            for place, (line, text) in enumerate(zip(each, given[number], strict=True))
        ]
        parts = [turns] if before else [[turn] for turn in turns]
        found += [network.tell(part).shares for part in parts]
    return np.concatenate(found).astype(np.float64)


def speed(path: Path) -> None:
    """Turns of about three seconds, one after another, as a conversation goes on."""
    waveform, source, length = read_sound(path).waveform, ConversationSource(), 3 * SPEECH_RATE
    moments = [
        Moment(3.0 * n, 3.0 * n + 3, "ab"[n % 2], "Well, I never thought that it would come to this.",
               waveform[n * length : (n + 1) * length])
        for n in range(len(waveform) // length)
    ]  # fmt: skip
    source.feel_each(moments[:1])
    times = []
    for moment in moments:
        start, used = time.perf_counter(), time.process_time()
        source.feel_each([moment])
        times.append((time.perf_counter() - start, time.process_time() - used))
    wall, cpu = np.median(times, axis=0)
    print(f"a turn of 3 s: {wall:.3f} s, {cpu:.3f} s of processor (median of {len(times)})")


COMMANDS: dict[str, Callable[..., None]] = {"voices": voices, "meld": meld, "shipped": shipped, "speed": speed}

if __name__ == "__main__":
    torch.set_num_threads(1)
    COMMANDS[sys.argv[1]](*map(Path, sys.argv[2:]))

"""Whether a voice that was moved towards an emotion feels it, says the same words and is the same person's.

    python benchmarks/voice_conversion.py table RAVDESS --heard heard.safetensors
    python benchmarks/voice_conversion.py examples docs/sounds docs/pictures/voice-pitch.png

`table` moves neutral lines of the actors that nothing was learned from (17 to 20), and tells: the ranker's strength at
amounts 0, .5 and 1; what two recognisers, which take no part in the search, call them; mouth classes that the front end
hears before and after, at the times of the tempo; the cosine of a speaker's descriptor; and the time it takes. Beside
them, what the same actors' own acted lines get. The recognisers are the embedder's hearing (`auto`), which knows
nobody, and `Knows`, which knows how the actor speaks without feeling. Intervals: bootstrap over recordings, 95 %.
`--heard` keeps what `Knows` learns from, which takes most of the time. `examples` makes the sounds and the picture of
docs/voice.md; it needs eSpeak NG.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from dicetalk.arrays import Float64, Waveform
from dicetalk.data.clip import Clip
from dicetalk.data.ravdess import HELD_OUT, read_ravdess
from dicetalk.emotion.delivery import statistics
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.priors import VOICE_LIKENESS
from dicetalk.emotion.space import shipped_space
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import HEARD, NEUTRAL
from dicetalk.media import read_sound
from dicetalk.media.written_sound import write_sound
from dicetalk.rates import HOPS_PER_SECOND
from dicetalk.recording import heard
from dicetalk.speech.broad import PHONES
from dicetalk.speech.heard import hear_mouth
from dicetalk.training.manners import is_calm
from dicetalk.voice.conversion import converted
from dicetalk.voice.descriptors import describe
from dicetalk.voice.manners import MOVED, shipped_manners
from dicetalk.voice.pieces import Pieces
from dicetalk.voice.speaker import speak, waveform_of
from dicetalk.voice.strength import VoiceStrength
from dicetalk.voice.tempo import Tempo
from dicetalk.voice.world import RATE, STEPS_PER_SECOND, pitch_of, samples_of

ASKED = ("angry", "happy", "sad", "fear")
AMOUNTS = (0.0, 0.5, 1.0)
SEARCHED = 0.9
"""Strength that is asked for where the amount is sought."""
DRAWS = 2000


def interval(values: Sequence[float]) -> str:
    """Mean and 95 % interval."""
    found, random = np.asarray(values, np.float64), np.random.default_rng(0)
    means = random.choice(found, (DRAWS, len(found))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{found.mean():.2f} ({low:.2f} to {high:.2f})"


def called(waveform: Waveform) -> str:
    """What the embedder's hearing calls a voice."""
    prior = shipped_embedder().embed(heard(waveform).speech, None)
    return shipped_space().likeness(prior, HEARD, VOICE_LIKENESS).name


def statistics_of(waveform: Waveform) -> Float64:
    """(367,) how a clip is said, as `auto` hears it: `emotion.delivery`."""
    rows = torch.from_numpy(np.asarray(heard(waveform).speech, np.float32))[None]
    found: Float64 = statistics(rows, torch.ones(rows.shape[:2], dtype=torch.bool))[0].double().numpy()
    return found


class Knows:
    """A recogniser that knows the actor: a discriminant of how a clip is said, relative to their neutral clips."""

    NOISE = 3.0
    """Added to the variance of each number, which is 1; chosen on actors 13 to 16, by their acted lines."""
    FARTHEST = 4.0

    def __init__(self, clips: Sequence[Clip], numbers: Float64) -> None:
        """Learns from all but the held-out actors: numbers (N, 367) of clips."""
        who, felt = (np.array([str(getattr(clip, name)) for clip in clips]) for name in ("identity", "emotion"))
        self._plain = {name: numbers[(who == name) & (felt == NEUTRAL)].mean(axis=0) for name in set(who.tolist())}
        from_plain = numbers - np.array([self._plain[name] for name in who])
        some, felt = from_plain[~np.isin(who, list(HELD_OUT))], felt[~np.isin(who, list(HELD_OUT))]
        self._mean, self._scale = some.mean(axis=0), some.std(axis=0) + 1e-6
        some = (some - self._mean) / self._scale
        middles = np.array([some[felt == name].mean(axis=0) for name in HEARD])
        rest = some - middles[[HEARD.index(name) for name in felt.tolist()]]
        noise = rest.T @ rest / len(rest) + self.NOISE * np.eye(some.shape[1])
        self._weight = np.linalg.solve(noise, middles.T)
        self._bias = -0.5 * (middles.T * self._weight).sum(axis=0)

    def called(self, waveform: Waveform, actor: str) -> str:
        """What it calls a clip of an actor."""
        away = (statistics_of(waveform) - self._plain[actor] - self._mean) / self._scale
        scores = np.clip(away, -self.FARTHEST, self.FARTHEST) @ self._weight + self._bias
        return HEARD[int(scores.argmax())]


def learned_judge(clips: Sequence[Clip], kept: Path | None) -> Knows:
    """`Knows`, from clips, or from what was heard of them before."""
    if kept is not None and kept.exists():
        return Knows(clips, load_file(kept)["statistics"])
    numbers = np.array([statistics_of(read_sound(clip.sound or Path()).waveform) for clip in clips])
    if kept is not None:
        save_file({"statistics": numbers}, kept)
    return Knows(clips, numbers)


def kept_words(before: Waveform, after: Waveform, tempo: Tempo) -> float:
    """Share of the hops with the same mouth class, each sought where it is said now."""
    one, other = (hear_mouth(some)[:, : len(PHONES)].argmax(axis=1) for some in (before, after))
    times = (np.arange(len(one)) + 0.5) / HOPS_PER_SECOND
    places = np.clip((tempo.to(times) * HOPS_PER_SECOND).astype(int), 0, len(other) - 1)
    return float((one == other[places]).mean())


def descriptor(waveform: Waveform) -> Float64:
    """(24,) who speaks, roughly: means and deviations of twelve mel cepstra of what is voiced."""
    rows, _ = describe(waveform)
    some = rows[rows[:, -1] > 0][:, 1:13]
    return np.concatenate([some.mean(axis=0), some.std(axis=0)])


@dataclass
class Rows:
    """What was measured, by row."""

    strengths: dict[tuple[str, float], list[float]] = field(default_factory=dict)
    found: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, emotion: str, what: str, value: float) -> None:
        """One number of one recording."""
        self.found.setdefault((emotion, what), []).append(value)


def moved_to(samples: Float64, emotion: str, amount: float) -> tuple[Waveform, Tempo]:
    """A voice at a fixed amount."""
    amounts = amount * (np.array(MOVED) == emotion)
    spoken = converted(Pieces.of(samples), lambda times: np.tile(amounts, (len(times), 1)), shipped_manners())
    return waveform_of(spoken.samples), spoken.tempo


def cosine(one: Float64, other: Float64) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def measured(clips: Sequence[Clip], judge: Knows, people: Collection[str] = HELD_OUT) -> Rows:
    """All numbers of held-out actors; of the others only how descriptors usually differ."""
    plain = [clip for clip in clips if clip.emotion == NEUTRAL]
    told = {clip.name: descriptor(read_sound(clip.sound or Path()).waveform) for clip in plain}
    usual = np.stack([told[clip.name] for clip in plain if clip.identity not in HELD_OUT])
    rows, ranker = Rows(), VoiceStrength.load()

    def who(found: Float64) -> Float64:
        return (found - usual.mean(axis=0)) / usual.std(axis=0)

    def compare(emotion: str, what: str, clip: Clip, found: Float64) -> None:
        """With the actor's neutral lines of the other sentence."""
        for other in unseen:
            if other.identity == clip.identity and other.sentence != clip.sentence:
                rows.add(emotion, what, cosine(who(found), who(told[other.name])))

    def call(emotion: str, what: str, clip: Clip, waveform: Waveform) -> None:
        """By both recognisers."""
        rows.add(emotion, f"called by auto, {what}", called(waveform) == emotion)
        rows.add(emotion, f"called by who knows the actor, {what}", judge.called(waveform, clip.identity) == emotion)

    unseen = [clip for clip in plain if clip.identity in HELD_OUT]
    for clip in (one for one in unseen if one.identity in people):
        sound = read_sound(clip.sound or Path())
        samples, before = samples_of(sound.blocks()), sound.waveform
        compare("", "speaker, as recorded", clip, told[clip.name])
        for other in unseen:
            if other.identity != clip.identity and other.sentence != clip.sentence:
                rows.add("", "other speaker", cosine(who(told[clip.name]), who(told[other.name])))
        for emotion in ASKED:
            for amount in AMOUNTS:
                after, tempo = moved_to(samples, emotion, amount)
                rows.strengths.setdefault((emotion, amount), []).append(ranker.of(after)[emotion])
                call(emotion, f"amount {amount:g}", clip, after)
                rows.add(emotion, f"words, amount {amount:g}", kept_words(before, after, tempo))
                compare(emotion, f"speaker, amount {amount:g}", clip, descriptor(after))
            begin = time.process_time()
            said = speak(sound, Timeline([(0.0, f"{emotion}:{SEARCHED}")]), ranker)
            rows.add(emotion, "time", (time.process_time() - begin) / sound.seconds)
            after = waveform_of(said.samples)
            rows.add(emotion, "heard, sought", said.changes[0].heard)
            rows.add(emotion, "amount, sought", said.changes[0].amount)
            call(emotion, "sought", clip, after)
            rows.add(emotion, "words, sought", kept_words(before, after, said.tempo))
            compare(emotion, "speaker, sought", clip, descriptor(after))
        print(clip.name, flush=True)
    for clip in clips:
        if clip.identity in people and clip.emotion in ASKED:
            after = read_sound(clip.sound or Path()).waveform
            call(str(clip.emotion), f"acted {clip.strength:g}", clip, after)
            rows.add(str(clip.emotion), f"strength, acted {clip.strength:g}", ranker.of(after)[str(clip.emotion)])
            if clip.strength == 1:
                compare(str(clip.emotion), "speaker, acted", clip, descriptor(after))
    return rows


def table(rows: Rows) -> Iterator[str]:
    """The tables, in Markdown."""
    yield "| strength that the ranker hears | " + " | ".join(ASKED) + " |"
    yield "|---" * (len(ASKED) + 1) + "|"
    for amount in AMOUNTS:
        yield _line(f"amount {amount:g}", [interval(rows.strengths[emotion, amount]) for emotion in ASKED])
    rising = []
    for emotion in ASKED:
        each = np.diff([rows.strengths[emotion, amount] for amount in AMOUNTS], axis=0)
        rising.append(f"{(each > 0).all(axis=0).sum()} of {each.shape[1]}")
    yield _line("recordings in which it rises strictly", rising)
    for what in _kinds(rows):
        name = what if what != "time" else "time with the search, processor seconds a second"
        yield _line(name, [interval(rows.found.get((emotion, what), [np.nan])) for emotion in ASKED])
    for what in ("speaker, as recorded", "other speaker"):
        yield f"{what}: {interval(rows.found['', what])}"


def _kinds(rows: Rows) -> list[str]:
    return list(dict.fromkeys(what for emotion, what in sorted(rows.found, key=lambda key: key[1]) if emotion))


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


LINE = "I told you that the train leaves at nine, and now it is gone."
LINES = {
    "angry": Timeline([(0.0, "angry:0.8")]),
    "happy": Timeline([(0.0, "happy:0.8")]),
    "sad": Timeline([(0.0, "sad:0.8")]),
    "calm-then-angry": Timeline([(1.6, "neutral"), (2.6, "angry:0.9")], fade=0.8),
}
"""What the examples feel."""


def examples(sounds: Path, picture: Path) -> Iterator[str]:
    """A line that eSpeak NG says, as it is and in each of `LINES`, as sounds, and its pitch as a picture."""
    said: dict[str, Float64] = {}
    sounds.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.wav"
        subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(plain), LINE], check=True)
        sound = read_sound(plain)
        said["plain"] = samples_of(sound.blocks())
        write_sound(sounds / "plain.ogg", said["plain"], RATE, comment="by eSpeak NG")
        for name, line in LINES.items():
            moved = speak(sound, line, VoiceStrength.load())
            said[name] = moved.samples
            write_sound(sounds / f"{name}.ogg", moved.samples, RATE, comment=moved.comment)
            yield f"{name}: {'; '.join(map(str, moved.changes))}"
    draw(said, picture)


def draw(said: Mapping[str, Float64], picture: Path) -> None:
    """The pitch of sounds at `RATE`, one below the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.5 * len(said)), layout="constrained")
    for axes, (name, samples) in zip(
        figure.subplots(len(said), 1, sharex=True, sharey=True), said.items(), strict=True
    ):
        pitch = pitch_of(np.ascontiguousarray(samples))
        axes.plot(np.arange(len(pitch)) / STEPS_PER_SECOND, np.where(pitch > 0, pitch, np.nan), ".", markersize=2)
        axes.set_ylabel(f"{name}\n[Hz]")
        axes.grid(alpha=0.3)
    axes.set_xlabel("s")
    figure.savefig(picture, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    figures = parts.add_parser("table")
    figures.add_argument("ravdess", type=Path)
    figures.add_argument("--heard", type=Path)
    shown = parts.add_parser("examples")
    shown.add_argument("sounds", type=Path)
    shown.add_argument("picture", type=Path)
    told = parser.parse_args()
    if told.part == "examples":
        for line in examples(told.sounds, told.picture):
            print(line)
        return
    torch.set_num_threads(1)
    clips = [clip for clip in read_ravdess(told.ravdess).clips if not is_calm(clip)]
    for line in table(measured(clips, learned_judge(clips, told.heard))):
        print(line, flush=True)


if __name__ == "__main__":
    main()

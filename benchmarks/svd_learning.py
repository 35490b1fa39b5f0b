"""Does stage 2 of the svd backbone learn? A tiny denoiser and drawn faces, whose lips are speech and brows are feeling.

    python benchmarks/svd_learning.py draw FOLDER                    a tiny checkpoint and clips, learned and held out
    python benchmarks/svd_learning.py learn FOLDER RUN [--no-bank] [--set weights.classes=0]
    python benchmarks/svd_learning.py measure FOLDER RUN... -o results/               of the first, silenced as well

`learn` is stage 2 by the recipe svd-tiny and `SETTINGS`. `--set weights.classes=0` leaves the discrimination objective
out, `--no-bank` lets priors become tokens straight. RUN.json beside a run tells how it was learned.

Measured on people who were never seen, from a neutral portrait, at 12 steps, guided: how readers of latents,
fitted to stills of other people who are drawn for that alone, see the lips open (r with the speech) and which of eight
feelings they see; and both with the stream of speech, of emotion, silenced.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from ablated import NoBank  # noqa: E402
from svd_tiny import SIZES, random_states, tiny_config, write_vocabulary  # noqa: E402

from dicetalk.arrays import Float32, Float64, Int16  # noqa: E402
from dicetalk.config import changed  # noqa: E402
from dicetalk.data.encoded import Encoders, encode, open_encoders  # noqa: E402
from dicetalk.data.latents import (  # noqa: E402
    LATENTS,
    SUFFIX,
    LatentClip,
    read_clips,
    read_portrait,
    read_window,
    write_latents,
)
from dicetalk.emotion.bank import EmotionBank  # noqa: E402
from dicetalk.emotion.vocabulary import NAMES  # noqa: E402
from dicetalk.media import Picture  # noqa: E402
from dicetalk.modules import read_tensors, save_tensors  # noqa: E402
from dicetalk.rates import SPEECH_RATE  # noqa: E402
from dicetalk.sampling import GuidanceScales, karras_sigmas, sample_euler  # noqa: E402
from dicetalk.svd.backbone import SvdBackbone, load_svd  # noqa: E402
from dicetalk.svd.checkpoint import inner_of  # noqa: E402
from dicetalk.svd.denoiser import LATENT_SCALE, ClipConditions, ClipDenoiser, TokenTable, noisy_start  # noqa: E402
from dicetalk.svd.encoders import encode_picture, encode_speech  # noqa: E402
from dicetalk.svd.options import SvdOptions  # noqa: E402
from dicetalk.svd.preprocess import as_tensor  # noqa: E402
from dicetalk.training.loop import train  # noqa: E402
from dicetalk.training.recipes import SVD_TINY  # noqa: E402
from dicetalk.training.stage2_svd import open_task  # noqa: E402
from dicetalk.training.svd_checkpoint import write_svd  # noqa: E402
from dicetalk.training.svd_net import LEARNED as LEARNED_PARTS  # noqa: E402
from dicetalk.training.svd_net import SvdNet  # noqa: E402

SIDE, FRAMES = 64, 24
"""Of a drawn clip [px], [frames at 12.5 a second]."""
LEARNED, HELD_OUT, FELT = 16, 16, 3
"""People, and how many feelings each has beside a neutral clip. Of people with one feeling each, a denoiser learns who
feels what, and listens to nothing: it then made learned people right in 13 of 14, and strangers in 2 of 14."""
SCALES = GuidanceScales(image=1.0, speech=3.0, emotion=5.0)
ASKED = 4
"""Feelings of each person who is measured on."""
WINDOWS = [list(range(FRAMES // 2)), list(range(FRAMES // 2, FRAMES))]
STEPS, RIDGE, DRAWS = 12, 10.0, 1000
SETTINGS = ("fresh=true", "loop.steps=1500", "loop.rate=2e-3", "noise.mean=1.5", "noise.spread=1.2", "looks=0",
            "batch=6", "frames=12", "elsewhere=1")  # fmt: skip
"""Streams begin as their layers' own; most is learned at levels of noise that hide lips and feelings."""
LEVELS, HEADS = (32, 64), (1, 2)
"""Of the U-Net. Latents are 8 wide; after three halvings they would be 1 wide, and groups of two numbers normalised."""
CODES = 64
"""Entries of the bank, as published."""
STRANGERS, STILLS = range(2000, 2300), "stills.safetensors"
"""People whom readers are fitted to, each with every feeling twice and once at rest."""


@dataclass(frozen=True)
class Person:
    """How somebody is drawn: colours, and where the face is [px]."""

    skin: tuple[int, int, int]
    ground: tuple[int, int, int]
    centre: tuple[int, int]
    size: int


def person(number: int) -> Person:
    """Nobody twice, and all not far from each other: 64 clips are few to learn how people look."""
    rng = np.random.default_rng(1000 + number)
    skin = tuple(int(base + rng.integers(-15, 16)) for base in (215, 175, 155))
    ground = tuple(int(x) for x in rng.integers(40, 80, 3))
    x, y = (int(x) for x in rng.integers(31, 34, 2))
    return Person((skin[0], skin[1], skin[2]), (ground[0], ground[1], ground[2]), (x, y), int(rng.integers(25, 28)))


def draw(who: Person, opening: float, emotion: str, strength: float) -> Picture:
    """A face whose mouth opens 0 to 1; brows slant and lift, and lines of the cheeks bend, by the emotion."""
    picture = np.full((SIDE * 4, SIDE * 4, 3), who.ground, np.uint8)
    x, y, size = 4 * who.centre[0], 4 * who.centre[1], 4 * who.size
    cv2.circle(picture, (x, y), size, who.skin, -1, cv2.LINE_AA)
    number = NAMES.index(emotion)
    slant, lift, bend = ((number >> bit & 1) * 2 - 1 for bit in range(3)) if number else (0, 0, 0)
    for side in (-1, 1):
        eye = (x + side * size * 2 // 5, y - size // 5)
        cv2.circle(picture, eye, size // 8, (20, 20, 20), -1, cv2.LINE_AA)
        high = eye[1] - size // 3 - round(strength * lift * size / 6)
        tilt = round(strength * slant * side * size / 5)
        ends = (eye[0] - size // 4, high - tilt), (eye[0] + size // 4, high + tilt)
        cv2.line(picture, *ends, (30, 20, 10), size // 9, cv2.LINE_AA)
        cheek = (x + side * size * 17 // 20, y + size // 4 - round(strength * bend * size * 0.3))
        cv2.line(picture, (x + side * size * 11 // 20, y + size // 4), cheek, (120, 30, 30), size // 10, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y + size // 2), (size * 2 // 5, size // 20 + round(opening * size * 0.42)), 0, 0, 360,
                (90, 10, 20), -1, cv2.LINE_AA)  # fmt: skip
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def speak(rng: np.random.Generator) -> tuple[Int16, Float64]:
    """A buzz in syllables: int16 at 16 kHz, and how loud it is in each frame, 0 to 1."""
    knots = rng.uniform(0, 1, FRAMES // 2 + 2) * (rng.uniform(0, 1, FRAMES // 2 + 2) > 0.3)
    times = np.arange(FRAMES * 1280) / SPEECH_RATE
    loud = np.interp(times, np.arange(len(knots)) * 0.16, knots)
    phase = 2 * np.pi * 130 * times
    buzz = sum(np.sin(k * phase) / k for k in range(1, 20))
    return (6000 * loud * buzz / 2).astype(np.int16), loud.reshape(FRAMES, -1).mean(1)


def write_clips(folder: Path) -> None:
    """The checkpoint that learning starts from, and clips of all people."""
    start = calibrated(folder / "start")
    encoders = open_encoders(start)
    for part, first, count in (("learned", 0, LEARNED), ("held-out", LEARNED, HELD_OUT)):
        (folder / part / LATENTS).mkdir(parents=True)
        for number in range(first, first + count):
            others = [NAMES[1 + (FELT * number + n) % (len(NAMES) - 1)] for n in range(FELT)]
            for emotion in (NAMES[0], *others):
                rng = np.random.default_rng((number, NAMES.index(emotion)))
                waveform, opening = speak(rng)
                pictures = [draw(person(number), o, emotion, 1.0) for o in opening]
                marks = np.zeros((FRAMES, 3, 2), np.float32) + np.array([[32, 32], [10, 10], [50, 50]], np.float32)
                tensors = encode(encoders, pictures, (4, 4, 60, 60), marks, waveform)
                path = folder / part / LATENTS / f"{number:03d}-{emotion}{SUFFIX}"
                write_latents(
                    LatentClip(path=path, frames=FRAMES, identity=f"drawn{number}", emotion=emotion, level=3,
                               corpus="drawn", encoder=encoders.name),
                    dict(tensors) | {"opening": opening.astype(np.float32)},
                )  # fmt: skip
    save_tensors(folder / STILLS, stills(encoders))


def stills(encoders: Encoders) -> dict[str, Tensor]:
    """What readers are fitted to: latents less those at rest (N, 4, h, w), openings (N,), feelings (N,)."""
    rng, rows, openings = np.random.default_rng(0), [], []
    feelings = np.tile(np.arange(len(NAMES)), 2)
    for number in STRANGERS:
        who, opening = person(number), rng.uniform(0, 1, len(feelings))
        pictures = [draw(who, rng.uniform(0, 1), NAMES[0], 1.0)]
        pictures += [draw(who, o, NAMES[n], 1.0) for o, n in zip(opening, feelings, strict=True)]
        inputs = [as_tensor(Image.fromarray(picture)) * 2 - 1 for picture in pictures]
        found = torch.cat([encode_picture(encoders.vae, picture) for picture in inputs]).cpu() * LATENT_SCALE
        rows.append(found[1:] - found[:1])
        openings.append(opening)
    told = np.concatenate(openings).astype(np.float32), np.tile(feelings, len(STRANGERS))
    return {"latents": torch.cat(rows), "openings": torch.from_numpy(told[0]), "feelings": torch.from_numpy(told[1])}


def calibrated(folder: Path) -> Path:
    """A tiny checkpoint: what learns is as PyTorch begins, what does not is random.

    Its VAE hardly bends and knows no far places, and its latents have a deviation of 1, as those of the real one about
    have. Rows of a random whisper are nearly the same
    whatever is heard: it knows nothing of position, and what enters the projector has no mean and a deviation of 1.
    """
    folder.mkdir(parents=True)
    unet = replace(SIZES.unet, block_out_channels=LEVELS, num_attention_heads=HEADS)
    sizes = replace(SIZES, unet=unet, bank=replace(SIZES.bank, codes=CODES))
    config = tiny_config() | sizes.to_config()
    torch.manual_seed(0)
    net = SvdNet(sizes)
    begun = {name: getattr(net, name).get_submodule(inner_of(name)).state_dict() for name in LEARNED_PARTS}
    for name, state in (random_states() | begun).items():
        save_tensors(folder / f"{name}.safetensors", state)
    write_vocabulary(folder, NAMES, 0, config)
    _calibrate_latents(folder)
    _calibrate_speech(folder)
    open_encoders.cache_clear()
    return folder


def _calibrate_latents(folder: Path) -> None:
    file = folder / "vae.safetensors"
    weights = read_tensors(file)
    for name, tensor in weights.items():
        if name.startswith("encoder") and ("conv2" in name or "to_out" in name):
            tensor *= 0.1 if "conv2" in name else 0.0
    save_tensors(file, weights)
    encoders = open_encoders(folder)
    pictures = [draw(person(n), n % 5 / 4, NAMES[n % 8], 1.0) for n in range(20)]
    marks = np.zeros((20, 3, 2), np.float32) + np.arange(3, dtype=np.float32)[:, None]
    found = encode(encoders, pictures, (4, 4, 60, 60), marks, np.zeros(640 * 40, np.int16))["images"].astype(np.float64)
    mean, spread = found.mean((0, 2, 3)), found.std((0, 2, 3)) * LATENT_SCALE
    for row in range(4):  # of the mean; the logarithm of the variance is not used
        weights["quant_conv.weight"][row] /= spread[row]
        weights["quant_conv.bias"][row] = (weights["quant_conv.bias"][row] - mean[row]) / spread[row]
    save_tensors(file, weights)


def _calibrate_speech(folder: Path) -> None:
    file = folder / "speech_encoder.safetensors"
    weights = read_tensors(file)
    weights["embed_positions.weight"].zero_()
    save_tensors(file, weights)
    open_encoders.cache_clear()
    whisper = open_encoders(folder).whisper
    sounds = [speak(np.random.default_rng((1000, n)))[0].astype(np.float32) / 32768 for n in range(20)]
    rows = torch.cat([encode_speech(whisper, sound)[: 4 * FRAMES] for sound in sounds])  # (R, layers, channels)
    mean, spread = rows.mean(0).flatten(), rows.std(0).flatten()
    file = folder / "speech_projector.safetensors"
    weights = read_tensors(file)
    first = weights["proj1.weight"]
    first /= spread.repeat(first.shape[1] // len(spread))
    weights["proj1.bias"] -= first @ mean.repeat(first.shape[1] // len(mean))
    save_tensors(file, weights)


@dataclass(frozen=True, eq=False)
class Truth:
    """Clips as they are: latents, scaled (N, T, 4, h, w), openings (N, T) and emotions (N,)."""

    clips: list[LatentClip]
    latents: Float32
    openings: Float32
    emotions: list[str]


def truth(folder: Path) -> Truth:
    clips = read_clips([folder])
    latents = np.stack([read_window(clip, 0, FRAMES).images * LATENT_SCALE for clip in clips]).astype(np.float32)
    openings = np.stack([read_tensors(clip.path)["opening"].numpy() for clip in clips])
    return Truth(clips, latents, openings, [clip.emotion for clip in clips])


class Reader:
    """How far a mouth is open and which feeling is shown, by stills: a linear reader, and one of a hidden layer."""

    def __init__(self, seen: dict[str, Tensor]) -> None:
        latents, openings, feelings = seen["latents"].flatten(1), seen["openings"], seen["feelings"]
        self.opening = ridge(latents.double().numpy(), openings.double().numpy()[:, None] - float(openings.mean()))
        torch.manual_seed(0)
        self.scale = latents.std()
        self.emotion = nn.Sequential(
            nn.Linear(latents.shape[1], 128), nn.GELU(), nn.Dropout(0.3), nn.Linear(128, len(NAMES))
        )
        optimiser = torch.optim.AdamW(self.emotion.parameters(), 1e-3, weight_decay=0.05)
        for _ in range(60):
            for some in torch.randperm(len(latents)).split(64):
                rows = latents[some] / self.scale
                logits = self.emotion(rows + 0.05 * torch.randn_like(rows))
                optimiser.zero_grad()
                nn.functional.cross_entropy(logits, feelings[some]).backward()
                optimiser.step()
        self.emotion.eval()

    def openings(self, latents: Float32) -> Float64:
        """(N, T)."""
        return np.asarray(relative(latents, latents.mean(1)) @ self.opening)[..., 0]

    @torch.no_grad()
    def emotions(self, latents: Float32, portraits: Float32) -> list[str]:
        """The feeling of each clip, by the mean over its frames."""
        rows = torch.from_numpy(relative(latents, portraits)).float() / self.scale
        return [NAMES[int(n)] for n in self.emotion(rows).softmax(-1).mean(1).argmax(1)]


def relative(latents: Float32, portraits: Float32) -> Float64:
    """(N, T, D) how latents differ from portraits (N, 4, h, w)."""
    return (latents - portraits[:, None]).reshape(*latents.shape[:2], -1).astype(np.float64)


def ridge(rows: Float64, wanted: Float64) -> Float64:
    return np.asarray(np.linalg.solve(rows.T @ rows + RIDGE * np.eye(rows.shape[1]), rows.T @ wanted))


def asked_of(true: Truth) -> Truth:
    """What is asked of each neutral clip: half of the feelings, so that each is asked as often; and how lips open."""
    neutral = [n for n, clip in enumerate(true.clips) if clip.emotion == NAMES[0]]
    feelings = [NAMES[(n + 2 * k) % len(NAMES)] for n in range(len(neutral)) for k in range(ASKED)]
    chosen = np.repeat(neutral, ASKED)
    return Truth([true.clips[n] for n in chosen], true.latents[chosen], true.openings[chosen], feelings)


def portraits_of(true: Truth) -> Float32:
    """Of each clip, the first frame of the same person's neutral one, scaled (N, 4, h, w)."""
    neutral = {clip.identity: n for n, clip in enumerate(true.clips) if clip.emotion == NAMES[0]}
    return true.latents[[neutral[clip.identity] for clip in true.clips], 0]


@torch.inference_mode()
def make(backbone: SvdBackbone, true: Truth, seed: int, silenced: str = "") -> Float32:
    """Clips (N, T, 4, h, w) out of noise: neutral portraits, own speech, what is asked; a stream may be silenced."""
    neutral = {clip.identity: clip for clip in true.clips if clip.emotion == NAMES[0]}
    modules, made = backbone.modules, []
    priors = torch.from_numpy(modules.priors.means)
    for clip, emotion in zip(true.clips, true.emotions, strict=True):
        window = read_window(clip, 0, FRAMES)
        image, face = (torch.from_numpy(part)[None] for part in read_portrait(neutral[clip.identity], 0))
        heard = torch.from_numpy(window.speech * (silenced != "speech"))
        tokens = modules.speech_projector(heard[None])[0]
        nothing = modules.bank.no_emotion("matched", priors[0])
        felt = modules.bank(priors[None, None, modules.priors.names.index(emotion)])[0]
        felt = nothing[None] if silenced == "emotion" else felt
        mask = torch.from_numpy(window.region)[None]
        known = ClipConditions(
            image,
            face,
            TokenTable.build(tokens, modules.speech_projector(torch.zeros_like(heard[:1])[None])[0, 0], 0),
            TokenTable.build(felt.expand(FRAMES, -1, -1), nothing, 0),
            torch.tensor([[12.5, *window.buckets]]),
            mask,
            modules.face_region(mask.expand(1, 3, -1, -1))[:, None],
        )
        denoiser = ClipDenoiser(modules.unet, known, lambda _: WINDOWS, lambda *_: SCALES, 1, torch.float32)
        sigmas = karras_sigmas(STEPS)
        noise = torch.randn(1, FRAMES, *image.shape[1:], generator=torch.Generator().manual_seed(seed))
        made.append(sample_euler(denoiser, noisy_start(image, noise, float(sigmas[0])), sigmas)[0].numpy())
    return np.stack(made).astype(np.float32)


def correlations(found: Float64, wanted: Float32) -> Float64:
    """(N,)."""
    return np.array([np.corrcoef(one, other)[0, 1] for one, other in zip(found, wanted, strict=True)])


def told(values: Float64) -> str:
    """Mean and 95 % interval over clips, by drawing them again."""
    drawn = np.random.default_rng(0).choice(values, (DRAWS, len(values))).mean(1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{values.mean():.2f} ({low:.2f} to {high:.2f})"


def row(name: str, reader: Reader, true: Truth, made: list[Float32]) -> str:
    portraits = portraits_of(true)
    lips = np.mean([correlations(reader.openings(clips), true.openings) for clips in made], axis=0)
    read = np.array([reader.emotions(clips, portraits) for clips in made])
    asked = np.array(true.emotions)
    each = len(asked) / len(NAMES) / np.array([(asked == name).sum() for name in asked])  # all feelings count alike
    right = (read == asked).mean(0) * each
    print(name, told(lips), told(right), flush=True)
    return f"| {name} | {told(lips)} | {told(right)} |"


def learn(folder: Path, run: Path, settings: list[str], has_bank: bool) -> None:
    recipe = changed(SVD_TINY, [f"start={folder / 'start'}", *SETTINGS, *settings])
    clips, held_out = read_clips([folder / "learned"]), read_clips([folder / "held-out"])
    task = open_task(clips, held_out, recipe)
    if not has_bank:
        task.net.bank = straight(task.net.bank)
    steps = recipe.loop.steps
    train(task, recipe.loop, run, lambda done, _: print(f"{run.name}: {done} of {steps}") if done % 50 == 0 else None)
    held = tuple(sorted({clip.identity for clip in held_out}))
    write_svd(run, task.net.state_dict(), replace(recipe, held_out=held), ["drawn"])
    run.with_suffix(".json").write_text(json.dumps({"bank": has_bank, "settings": [*SETTINGS, *settings]}))


def straight(bank: EmotionBank) -> NoBank:
    """No bank: a prior's own tokens are read, as in the ablations of motion."""
    none = NoBank(bank.sizes)
    none.load_state_dict(bank.state_dict())
    return none


def _loaded(run: Path, has_bank: bool) -> SvdBackbone:
    backbone = load_svd(run, SvdOptions(device="cpu"))
    if has_bank:
        return backbone
    return replace(backbone, modules=replace(backbone.modules, bank=straight(backbone.modules.bank).eval()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("draw", "learn", "measure"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--no-bank", action="store_true", help="learn without a bank")
    parser.add_argument("--set", dest="settings", action="append", default=[], help="a setting of the recipe")
    parser.add_argument("--seeds", type=int, default=3, help="of the noise that clips are made of")
    parser.add_argument("-o", "--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    if options.what != "draw" and not options.runs:
        parser.error(f"{options.what} needs a run: a folder to learn into, or folders that were")
    if options.what == "draw":
        write_clips(options.folder)
        return
    if options.what == "learn":
        for run in options.runs:
            learn(options.folder, run, options.settings, not options.no_bank)
        return
    true = truth(options.folder / "held-out")
    reader = Reader(read_tensors(options.folder / STILLS))
    rows = [row("true clips (what the readers can see)", reader, true, [true.latents])]
    asked, told_of = asked_of(true), []
    for run in options.runs:
        learned = json.loads(run.with_suffix(".json").read_text())
        told_of.append(f"- {run.name}: `{' '.join(learned['settings'])}`{'' if learned['bank'] else ', no bank'}")
        silenced = ("", "speech", "emotion") if run == options.runs[0] else ("",)
        for stream in silenced:
            name = run.name + (f", {stream} silenced" if stream else "")
            if f"{name}, {options.seeds}" not in learned:  # else measured before: the same command goes on
                backbone = _loaded(run, learned["bank"])
                made = [make(backbone, asked, seed, stream) for seed in range(options.seeds)]
                learned[f"{name}, {options.seeds}"] = row(name, reader, asked, made)
                run.with_suffix(".json").write_text(json.dumps(learned))
            rows.append(learned[f"{name}, {options.seeds}"])
    lines = [
        f"# A tiny svd denoiser learns, {datetime.date.today()}",
        "",
        "    python benchmarks/svd_learning.py measure FOLDER RUNS...",
        "",
        f"Learned from {(1 + FELT) * LEARNED} clips of {LEARNED} drawn people. {HELD_OUT} people who were never seen:",
        f"of each a neutral portrait, speech not learned from, {ASKED} of eight feelings asked, and {options.seeds}",
        f"draws of noise; {STEPS} steps, scales {SCALES.image:g} (portrait), {SCALES.speech:g} (speech),",
        f"{SCALES.emotion:g} (emotion). Intervals of 95 % over clips. Chance: r 0, feelings .125.",
        "",
        *told_of,
        "",
        "| run | lips follow speech, r | feeling read |",
        "|---|---|---|",
        *rows,
        "",
    ]
    (options.out / f"{datetime.date.today()}-svd-learning.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()

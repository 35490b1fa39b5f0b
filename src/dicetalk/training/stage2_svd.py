"""Stage 2 of the svd backbone: teach a video denoiser speech and emotion (paper, sections 3.2 and 3.3).

L = L_diff + L_vq + w L_cls. L_diff is that of EDM (Karras et al. 2022) with v-prediction: noise levels are log-normal,
and clean latents count (1 + sigma^2) / sigma^2, which makes it the plain error of v. L_cls reads the emotion in the
denoiser's middle block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.arrays import Float32
from dicetalk.checkpoints import Checkpoint
from dicetalk.data.latents import LatentClip, LatentWindow, read_clips, read_portrait, read_window
from dicetalk.data.shards import read_shards
from dicetalk.emotion.bank import Retrieval
from dicetalk.emotion.discriminator import UNLABELLED, discrimination_loss, emotion_class
from dicetalk.emotion.road import NamedPriors
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.errors import ConfigError, InputError
from dicetalk.modules import load_module
from dicetalk.rates import LATENT_FPS
from dicetalk.sampling import clean_from_v, karras_sigmas, sample_euler, scale_input, timestep_of
from dicetalk.svd.checkpoint import changed_by, inner_of, load_priors
from dicetalk.svd.denoiser import LATENT_SCALE
from dicetalk.svd.model import UNetConditions
from dicetalk.svd.parts import open_svd
from dicetalk.svd.sizes import SvdSizes
from dicetalk.svd.streams import Stream
from dicetalk.training.loop import Progress, train
from dicetalk.training.processes import ALONE, Processes
from dicetalk.training.sharding import gathered
from dicetalk.training.svd_checkpoint import write_svd
from dicetalk.training.svd_looks import write_looks
from dicetalk.training.svd_net import LEARNED, SvdNet
from dicetalk.training.svd_recipe import Stage2Svd
from dicetalk.training.svd_shards import CACHE, ShardStream, people_of

VALIDATION_LEVELS = (0.5, 2.0, 10.0)
VALIDATION_SEED, VALIDATION_WINDOWS = 20261127, 8
LOOK_STEPS = 8
"""Of denoising, for a look on the way."""
HELD_OUT_EVERY = 10
"""Of so many identities in order, one is held out where a recipe names none."""


@dataclass(frozen=True)
class Batch:
    """Windows on the device.

    Attributes:
        latents: `(B, T, 4, h, w)`, scaled.
        images: `(B, 4, h, w)` of the portraits, unscaled.
        faces: `(B, D)` embeddings of the portraits.
        speech: `(B, T, 10, layers, C)`.
        regions: `(B, 1, H, W)`.
        time_ids: `(B, 3)`.
        priors: `(B, 256)`, drawn.
        classes: `(B,)` of emotions, or `UNLABELLED`.
    """

    latents: Tensor
    images: Tensor
    faces: Tensor
    speech: Tensor
    regions: Tensor
    time_ids: Tensor
    priors: Tensor
    classes: Tensor


@dataclass(frozen=True, eq=False)
class Example:
    """A window of a clip, and the image `(4, h, w)` and the embedding `(D,)` of the portrait that it starts from."""

    clip: LatentClip
    window: LatentWindow
    image: Float32
    face: Float32


@dataclass(frozen=True)
class Kept:
    """Which conditions each window keeps, `(B,)` of 0 and 1; one that lacks the portrait lacks all."""

    image: Tensor
    speech: Tensor
    emotion: Tensor


class SvdTask:
    """Draws windows of clips and tells how badly they are made out of noise."""

    def __init__(
        self,
        net: SvdNet,
        clips: Sequence[LatentClip],
        priors: NamedPriors,
        recipe: Stage2Svd,
        device: torch.device | None = None,
        held_out: Sequence[LatentClip] = (),
        stream: ShardStream | None = None,
    ) -> None:
        """Learn from `clips`, or from those that a stream brings; `priors` are those of named emotions, for clips that
        tell no vector of their own."""
        self.recipe, self.device, self.priors = recipe, device or torch.device("cpu"), priors
        self.net = net.to(self.device)
        self.net.prepare_for(recipe, torch.from_numpy(priors.means).to(self.device))
        self.held_out, self.stream, self._turn = list(held_out), stream, -1
        self._take(clips)

    def _take(self, clips: Sequence[LatentClip]) -> None:
        """Learn from these from now on."""
        kinds = [[clip for clip in clips if bool(clip.emotion) == labelled] for labelled in (True, False)]
        self.kinds = [kind for kind in kinds if kind]
        self.others = _others(clips, clips) | _others(self.held_out, [*clips, *self.held_out])

    def begin(self, step: int) -> None:
        """Take the clips of the shards whose turn it is.

        Raises:
            InputError: a shard cannot be read.
        """
        if self.stream is not None and self.stream.turn(step) != self._turn:
            self._turn = self.stream.turn(step)
            self._take(self.stream.clips(self._turn))

    @property
    def is_scaled(self) -> bool:
        """Whether losses are reckoned in float16."""
        return self.recipe.precision == "float16"

    @property
    def samples(self) -> int:
        """Windows of a batch."""
        return self.recipe.batch

    @property
    def blocks(self) -> list[nn.Module]:
        """What may lie in parts over processes: the U-Net, block by block; all else is small."""
        unet = self.net.unet.unet
        return [*unet.down_blocks, unet.mid_block, *unet.up_blocks, unet]

    def in_precision(self) -> torch.autocast:
        """What is reckoned inside is in the recipe's precision where that is enough."""
        kind = torch.float16 if self.is_scaled else torch.bfloat16
        return torch.autocast(self.device.type, kind, enabled=self.recipe.precision != "float32")

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of one batch."""
        batch = self.drawn(generator)
        count, drops = self.recipe.batch, self.recipe.drops
        chance = torch.rand(count, generator=generator)
        steps = (drops.all, drops.all + drops.voice, drops.all + drops.voice + drops.emotion)
        image, speech, emotion = ((chance >= step).float().to(self.device) for step in steps)
        level = self.recipe.noise.mean + self.recipe.noise.spread * torch.randn(count, generator=generator)
        return self.losses_at(batch, level.exp().to(self.device), Kept(image, speech, emotion), generator)

    def drawn(self, generator: torch.Generator) -> Batch:
        """One batch: labelled and other clips are as often drawn."""
        examples = []
        for _ in range(self.recipe.batch):
            kind = self.kinds[_below(len(self.kinds), generator)]
            examples.append(self._example(kind[_below(len(kind), generator)], generator))
        return self._batch(examples, generator)

    def _example(self, clip: LatentClip, generator: torch.Generator) -> Example:
        """A window anywhere in a clip, with a portrait from near by, or of the same person elsewhere."""
        count, reach = self.recipe.frames, self.recipe.reach
        first = _below(max(clip.frames - count, 0) + 1, generator)
        low, high = max(first - reach, 0), min(first + count + reach, clip.frames)
        others = self.others.get(clip, [])
        if others and float(torch.rand((), generator=generator)) < self.recipe.elsewhere:
            other = others[_below(len(others), generator)]
            portrait = read_portrait(other, _below(other.frames, generator))
        else:
            portrait = read_portrait(clip, low + _below(high - low, generator))
        return Example(clip, read_window(clip, first, count), *portrait)

    def _batch(self, examples: Sequence[Example], generator: torch.Generator) -> Batch:
        windows = [example.window for example in examples]
        if len({part.shape[-2:] for example in examples for part in (example.window.images, example.image)}) > 1:
            raise InputError("clips differ in size; prepare all with the same --crop")

        def gather(parts: Iterable[Float32]) -> Tensor:
            return torch.stack([torch.from_numpy(part) for part in parts]).to(self.device)

        ids = torch.tensor([(LATENT_FPS, *window.buckets) for window in windows], device=self.device)
        priors = [self._prior(example.clip, example.window, generator) for example in examples]
        classes = [emotion_class(example.clip.emotion or None, example.clip.level) for example in examples]
        return Batch(
            gather(window.images for window in windows) * LATENT_SCALE,
            gather(example.image for example in examples),
            gather(example.face for example in examples),
            gather(window.speech for window in windows),
            gather(window.region for window in windows),
            ids,
            torch.stack(priors).to(self.device),
            torch.tensor(classes, device=self.device),
        )

    def _prior(self, clip: LatentClip, window: LatentWindow, generator: torch.Generator) -> Tensor:
        """`(256,)` drawn from what was read in the clip; without that, from its name's."""
        noise = torch.randn(self.priors.means.shape[1], generator=generator)
        if window.prior is not None:
            mean, std = torch.from_numpy(window.prior)
        else:
            name = self.priors.names.index(clip.emotion if clip.emotion in self.priors.names else NEUTRAL)
            mean, std = (torch.from_numpy(part[name]) for part in (self.priors.means, self.priors.stds))
        return mean + std * noise

    def losses_at(self, batch: Batch, sigma: Tensor, kept: Kept, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of a batch at noise levels `(B,)`."""
        usage = self.net.usage() if self.net.training else None
        noise = torch.randn(batch.latents.shape, generator=generator).to(self.device)
        level = sigma[:, None, None, None, None]
        noisy = batch.latents + level * noise
        with self.in_precision():
            conditions, found = self._conditions(batch, kept, generator)
            portrait = (kept.image[:, None, None, None] * batch.images)[:, None].expand_as(noisy)
            entering = torch.cat([noisy / (level.square() + 1).sqrt(), portrait], 2)
            v, features = self.net.predict(entering, 0.25 * sigma.log(), conditions)
            logits = self.net.discriminator(features).float()
        true = (noisy / (level.square() + 1) - batch.latents) * (level.square() + 1).sqrt() / level
        diffusion = fn.mse_loss(v.float(), true)
        frames = batch.latents.shape[1]
        classes = torch.where(kept.emotion > 0, batch.classes, UNLABELLED).repeat_interleave(frames)
        told = discrimination_loss(logits, classes, sigma.repeat_interleave(frames))
        if usage is not None:
            usage.add(found.indices)
            self.net.shares.copy_(usage.shares)
        weights = self.recipe.weights
        known = classes != UNLABELLED
        right = (logits.argmax(1) == classes)[known].float().mean() if known.any() else diffusion.new_zeros(())
        return {"loss": diffusion + weights.bank * found.loss + weights.classes * told, "diffusion": diffusion,
                "bank": found.loss, "classes": told, "right": right}  # fmt: skip

    def _conditions(self, batch: Batch, kept: Kept, generator: torch.Generator) -> tuple[UNetConditions, Retrieval]:
        """What the denoiser knows of each window; the face region is never dropped, as in use."""
        count, frames = batch.latents.shape[:2]
        neutral = torch.from_numpy(self.priors.means[self.priors.names.index(NEUTRAL)]).to(self.device)
        felt, found = self.net.bank.learn(
            batch.priors[:, None], 1 - kept.emotion[:, None], neutral, self.recipe.bank, generator
        )
        each = torch.arange(count, device=self.device)[:, None].expand(count, frames)
        heard = self.net.speech_projector(batch.speech * kept.speech[:, None, None, None, None])
        region = self.net.face_region(batch.regions.expand(-1, 3, -1, -1))[:, None]
        conditions = UNetConditions(
            (kept.image[:, None] * batch.faces)[:, None],
            Stream.per_frame(heard, batch.regions),
            Stream(felt[:, 0], each, batch.regions),
            batch.time_ids,
            region,
        )
        return conditions, found

    @torch.no_grad()
    def validation(self) -> dict[str, float]:
        """The error of v on people who are not learned from, at some levels of noise, with everything told."""
        if not self.held_out:
            return {}
        generator, errors = torch.Generator().manual_seed(VALIDATION_SEED), []
        for level in VALIDATION_LEVELS:
            for clip in self.held_out[:VALIDATION_WINDOWS]:
                batch = self._batch([self._example(clip, generator)], generator)
                one = torch.ones(1, device=self.device)
                told = self.losses_at(batch, one * level, Kept(one, one, one), generator)
                errors.append(told["diffusion"])
        return {"held out error": float(torch.stack(errors).mean())}

    @torch.no_grad()
    def show(self, folder: Path | None, steps: int) -> None:
        """Write `looks/STEPS.mp4`: windows of people who are held out, true above and made below."""
        pairs = [self._look(clip) for clip in self.held_out[: self.recipe.looks]]
        if pairs and folder is not None:
            write_looks(folder, steps, pairs, Path(self.recipe.start))

    def _look(self, clip: LatentClip) -> tuple[Tensor, Tensor]:
        """Clean latents `(T, 4, h, w)` of a window, as it is and as it is made of noise, told everything."""
        generator = torch.Generator().manual_seed(VALIDATION_SEED)
        batch, one = self._batch([self._example(clip, generator)], generator), torch.ones(1, device=self.device)
        noise = torch.randn(batch.latents.shape, generator=generator).to(self.device)
        conditions, _ = self._conditions(batch, Kept(one, one, one), generator)
        portrait = batch.images[:, None].expand_as(noise)

        def denoise(noisy: Tensor, sigma: float, _step: int) -> Tensor:
            with self.in_precision():
                level = one * timestep_of(sigma)
                v = self.net.predict(torch.cat([scale_input(noisy, sigma), portrait], 2), level, conditions)[0]
            return clean_from_v(v.float(), noisy, sigma)

        sigmas = karras_sigmas(LOOK_STEPS)
        return batch.latents[0], sample_euler(denoise, noise * float(sigmas[0]), sigmas)[0]


def _others(clips: Sequence[LatentClip], among: Sequence[LatentClip]) -> dict[LatentClip, list[LatentClip]]:
    """Of each clip, other clips of the same person among some, neutral ones where there are."""
    people: dict[str, list[LatentClip]] = {}
    for clip in among:
        people.setdefault(clip.identity, []).append(clip)
    found = {}
    for clip in clips:
        others = [other for other in people.get(clip.identity, ()) if other is not clip]
        found[clip] = [other for other in others if other.emotion == NEUTRAL] or others
    return found


def _below(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (1,), generator=generator))


def train_svd(
    data: Sequence[Path],
    out: Path,
    recipe: Stage2Svd,
    progress: Progress | None = None,
    processes: Processes = ALONE,
) -> Path:
    """Train the svd denoiser on folders of latents, from a checkpoint on, or go on; gives the new checkpoint's folder.

    Raises:
        InputError: the data cannot be used.
        CheckpointError: there is no svd checkpoint to start from, or the folder holds another network's state.
        ConfigError: the recipe names no checkpoint, or a loss is not finite.
    """
    if not recipe.start:
        raise ConfigError("stage 2 of svd starts from a checkpoint; give its folder: --set start=dice-svd")
    if recipe.shards and data:
        raise ConfigError("there are prepared folders and shards to learn from; give one of both")
    if recipe.shards:
        stream = _stream(out, recipe, processes)
        corpora, away = sorted({clip.corpus for shard in stream.shards for clip in shard.clips}), stream.away
        task = open_task([], stream.held_out(VALIDATION_WINDOWS), recipe, processes.device, stream)
    else:
        clips = read_clips(data)
        corpora = sorted({clip.corpus for clip in clips})
        learned, held_out = _apart(clips, recipe.held_out)
        away = frozenset(clip.identity for clip in held_out)
        task = open_task(learned, held_out, recipe, processes.device)
    train(task, recipe.loop, out, progress, processes)
    tensors = {name: gathered(tensor) for name, tensor in task.net.state_dict().items()}
    if processes.writes:
        write_svd(out, tensors, replace(recipe, held_out=tuple(sorted(away))), corpora)
    return out


def _stream(out: Path, recipe: Stage2Svd, processes: Processes) -> ShardStream:
    """The shards of a recipe, as this process sees them."""
    shards = read_shards(recipe.shards)
    away = _held_out(people_of(shards), recipe.held_out)
    place = {"rank": processes.rank, "count": processes.count}
    return ShardStream(place=recipe.shards, shards=tuple(shards), cache=out / CACHE, away=frozenset(away),
                       seed=recipe.loop.seed, stay=recipe.stay, steps=recipe.loop.steps, **place)  # fmt: skip


def open_task(
    learned: Sequence[LatentClip],
    held_out: Sequence[LatentClip],
    recipe: Stage2Svd,
    device: torch.device | None = None,
    stream: ShardStream | None = None,
) -> SvdTask:
    """What learns from clips, from the recipe's checkpoint on, while others are held out.

    Raises:
        CheckpointError: there is no svd checkpoint to start from.
        ConfigError: it is a small change of another one, or the device does not reckon in the recipe's precision.
    """
    checkpoint = check_start(recipe, device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.loop.seed)
        net = SvdNet(SvdSizes.of(checkpoint.config))
        for name in LEARNED:
            load_module(getattr(net, name), checkpoint.file(name), torch.float32, inner=inner_of(name))
        return SvdTask(net, learned, load_priors(checkpoint), recipe, device, held_out, stream)


def check_start(recipe: Stage2Svd, device: torch.device | None = None) -> Checkpoint:
    """The checkpoint that a recipe starts from, once it is known that it can be learned from on a device.

    Raises:
        CheckpointError: there is no svd checkpoint to start from.
        ConfigError: it is a small change of another one, or the device does not reckon in the recipe's precision.
    """
    if recipe.precision == "bfloat16" and (device is None or device.type == "cpu"):
        # Gradients of Conv3d's weights were not finite in 186 of 200 tries (oneDNN, torch 2.13).
        raise ConfigError("on the processor gradients in bfloat16 are wrong; use precision=float32 there")
    checkpoint = open_svd(Path(recipe.start))
    if changed_by(checkpoint) is not checkpoint:
        raise ConfigError(f"{recipe.start} is a small change of another checkpoint; start from that one")
    return checkpoint


def _apart(clips: Sequence[LatentClip], held_out: Sequence[str]) -> tuple[list[LatentClip], list[LatentClip]]:
    """Clips to learn from, and those of people who are held out."""
    people = sorted({clip.identity for clip in clips})
    away = _held_out(people, held_out)
    parts = [[clip for clip in clips if (clip.identity in away) == chosen] for chosen in (False, True)]
    if not parts[0]:
        raise InputError(f"all {len(people)} people are held out; leave some to learn from")
    return parts[0], parts[1]


def _held_out(people: Sequence[str], named: Sequence[str]) -> set[str]:
    """Who is held out: those that are named, or a tenth, but never all."""
    return set(named) & set(people) if named else set(people[::HELD_OUT_EVERY][: len(people) - 1])

"""Stage 1: teach the embedder what emotion sounds and looks like, whoever shows it (paper, section 3.1).

In one go, from clips that are heard and seen; or in two, as what ships was made. Faces alone say where each emotion
lies: virtual actors, nobody's data. Then `hearing` is taught into that space, which stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dicetalk.arrays import Float64, Int64
from dicetalk.checkpoints import open_checkpoint, write_config
from dicetalk.config import to_plain
from dicetalk.data.augment import Augmentation, Misreading
from dicetalk.data.dataset import Recordings, draw, embed, load_recordings, whole
from dicetalk.emotion.contrast import TEMPERATURE, Anchors, balanced_batch, contrast
from dicetalk.emotion.delivery import Delivery
from dicetalk.emotion.discriminant import fit_discriminant
from dicetalk.emotion.embedder import EmbedderSizes, EmotionEmbedder, StreamEncoder, drop_modalities
from dicetalk.emotion.embedding import HEARING, HEARING_KIND, HEARING_VERSION, HEARING_WEIGHTS
from dicetalk.emotion.priors import Prior, prior_of, save_priors
from dicetalk.emotion.space import KIND, PRIORS, VERSION, WEIGHTS, space_of
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import CheckpointError, InputError
from dicetalk.modules import cast, check_layout, read_tensors, save_tensors
from dicetalk.training.export import export_embedder, export_hearing
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes

HEARS = "hearing."
"""What the names of the tensors that only hearing needs begin with."""
STREAM, DELIVERY = "stream", "delivery"
"""Kinds of network that hear: `emotion.embedder.StreamEncoder`, `emotion.delivery.Delivery`."""


@dataclass(frozen=True, kw_only=True)
class Stage1:
    """A recipe of stage 1.

    Attributes:
        held_out: identities that are never learned from.
        sizes: of the network.
        loop: how long and how fast.
        augmentation: of the voices.
        misreading: of the faces.
        emotions, people: to a batch, P x K.
        frames: of a sample.
        drop_speech, drop_motion: share of the samples that lose a modality.
        temperature: of the losses.
        between: weight of the loss between clips.
        anchors: weight of the loss against learned anchors.
        smoothing: share of each label that is given to all emotions: acted ones are taken for each other by people too.
        spread: share of the Gaussian's deviation with which it is sampled; 1 is the method's.
    """

    held_out: tuple[str, ...] = ()
    sizes: EmbedderSizes = field(default_factory=EmbedderSizes)
    loop: LoopOptions = field(default_factory=LoopOptions)
    augmentation: Augmentation = field(default_factory=Augmentation)
    misreading: Misreading = field(default_factory=Misreading)
    emotions: int = 8
    people: int = 8
    frames: int = 64
    drop_speech: float = 0.2
    drop_motion: float = 0.2
    temperature: float = TEMPERATURE
    between: float = 1.0
    anchors: float = 1.0
    smoothing: float = 0.0
    spread: float = 1.0


class Learner(nn.Module):
    """The embedder, and the anchors which only training needs."""

    def __init__(self, recipe: Stage1) -> None:
        super().__init__()
        self.embedder = EmotionEmbedder(recipe.sizes)
        self.anchors = Anchors(recipe.sizes.width, len(NAMES), recipe.temperature, recipe.smoothing)


class EmbedderTask:
    """Draws batches of recordings and tells how badly the embedder gathers their emotions."""

    def __init__(self, recordings: Recordings, recipe: Stage1, device: torch.device = ALONE.device) -> None:
        """A fresh network on a device, which knows the rows' usual range from the recordings."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.loop.seed)
            self.net = Learner(recipe)
        self.recordings = recordings
        self.recipe = recipe
        embedder, some = self.net.embedder, whole(recordings, _some(recordings))
        hearing = _stream(embedder)
        _take_range(hearing, recordings, some.speech)
        _take_range(embedder.motion, recordings, some.motion)
        self.spread = hearing.scale.clone()
        self.device = device
        self.net.to(device)

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of one P x K batch."""
        recipe, clips = self.recipe, self.recordings
        chosen = balanced_batch(clips.emotions, clips.identities, recipe.emotions, recipe.people, generator)
        options = recipe.augmentation, recipe.misreading
        batch = draw(clips, chosen, recipe.frames, self.spread, *options, generator).to(self.device)
        seen = torch.ones_like(batch.heard)
        heard, seen = drop_modalities(batch.heard, seen, recipe.drop_speech, recipe.drop_motion, generator)
        found = self.net.embedder(batch.speech, batch.motion, batch.inside, heard, seen)
        sample = found.mean + recipe.spread * (found.sample(generator) - found.mean)
        losses = {
            "between clips": contrast(sample, batch.emotions, batch.identities, recipe.temperature),
            "to anchors": self.net.anchors(sample, batch.emotions),
        }
        weights = (recipe.between, recipe.anchors)
        total = torch.stack([w * loss for w, loss in zip(weights, losses.values(), strict=True)]).sum()
        return {"loss": total, **losses, "variance": found.variance.mean()}


def _stream(embedder: EmotionEmbedder) -> StreamEncoder:
    """What hears, if all is learned at once."""
    assert isinstance(embedder.hearing, StreamEncoder)
    return embedder.hearing


def _some(recordings: Recordings) -> Tensor:
    """At most 500 clips spread evenly."""
    return torch.arange(0, len(recordings), max(1, len(recordings) // 500))


LEAST_SCALE = 5e-2
"""Of a column: one that hardly moves must not be blown up."""


def _take_range(encoder: StreamEncoder, recordings: Recordings, rows: Tensor) -> None:
    """Mean and spread of every column of rows `(N, T, C)` of some clips."""
    inside = rows[whole(recordings, _some(recordings)).inside]
    encoder.mean.copy_(inside.mean(0))
    encoder.scale.copy_(inside.std(0).clamp(min=LEAST_SCALE))


def train_embedder(
    data: Sequence[Path], out: Path, recipe: Stage1, progress: Progress | None = None, processes: Processes = ALONE
) -> Path:
    """Train an embedder on prepared folders, or go on training it; gives the checkpoint's folder.

    Args:
        data: written by `prepare`.
        out: of curves, state and, at the end, the checkpoint.
        recipe: everything else; written beside the curves.
        progress: called with steps done and in all.
        processes: this one, which writes only if it is the first, and how many there are.

    Raises:
        InputError: the data cannot be used, or nobody is left to learn from.
        CheckpointError: the folder holds another network's state.
    """
    everything = load_recordings(*data)
    recordings = everything.of(set(everything.people) - set(recipe.held_out))
    check_recordings(recordings)
    task = EmbedderTask(recordings, recipe, processes.device)
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        _write_checkpoint(out, task, recordings)
    return out


def check_recordings(recordings: Recordings) -> None:
    """Whether there is something to learn from.

    Raises:
        InputError: one person alone, nothing neutral, or voices of one emotion alone.
    """
    heard = recordings.emotions[recordings.heard].unique()
    if len(recordings.identities.unique()) < 2:
        raise InputError("the data have fewer than two people to learn from; positives are clips of different people")
    if not (recordings.emotions == NAMES.index(NEUTRAL)).any():
        raise InputError("the data have no neutral clips to learn from; every emotion is an offset from neutral")
    if len(heard) == 1:
        raise InputError("the data have voices of fewer than two emotions to learn from")


def _write_checkpoint(out: Path, task: EmbedderTask, recordings: Recordings) -> None:
    """The embedder's files; and what hears, if anything was heard."""
    net, recipe = task.net.cpu().embedder.eval(), task.recipe
    _write_embedder(out, net, recipe, recordings)
    if recordings.heard.any():
        write_hearing(out, net, STREAM, recipe.held_out, to_plain(recipe))


def _write_embedder(out: Path, net: EmotionEmbedder, recipe: Stage1, recordings: Recordings) -> None:
    settle(net, recordings, recipe)
    save_tensors(out / WEIGHTS, {name: t for name, t in net.state_dict().items() if not name.startswith(HEARS)})
    export_embedder(net, out)
    space = space_of((out / WEIGHTS).read_bytes())
    save_priors(out / PRIORS, find_priors(net, recordings, recipe), space)
    vocabulary = [NAMES[number] for number in recordings.emotions.unique().tolist()]
    told = {"space": space, "vocabulary": vocabulary, "sizes": to_plain(recipe.sizes), "recipe": to_plain(recipe)}
    write_config(out, KIND, VERSION, told)


def write_hearing(
    folder: Path, net: EmotionEmbedder, kind: str, held_out: Sequence[str], recipe: Mapping[str, Any]
) -> None:
    """Write what hears into an embedder's folder."""
    out = folder / HEARING
    out.mkdir(exist_ok=True)
    save_tensors(out / HEARING_WEIGHTS, net.hearing.state_dict())
    export_hearing(net, out)
    told = {"space": space_of((folder / WEIGHTS).read_bytes()), "kind of network": kind}
    write_config(out, HEARING_KIND, HEARING_VERSION, told | {"held_out": list(held_out), "recipe": dict(recipe)})


def load_embedder(folder: Path) -> EmotionEmbedder:
    """A trained embedder as a module of torch; `emotion.embedding.Embedder` is the one to use without torch.

    What hears is as it was before learning where the folder has nothing that hears.

    Raises:
        CheckpointError: not an embedder's checkpoint, or a damaged one.
    """
    hearing = folder / HEARING / HEARING_WEIGHTS
    net = fresh_embedder(folder, _kind_of_hearing(folder / HEARING) if hearing.is_file() else STREAM)
    _load(net, folder, hearing)
    return net.eval()


def _kind_of_hearing(folder: Path) -> str:
    """What a folder of what hears holds; those of before 2026-11-27 do not tell."""
    told = open_checkpoint(folder, HEARING_KIND, HEARING_VERSION).config
    return str(told.get("kind of network", STREAM))


def fresh_embedder(folder: Path, kind: str, seed: int = 0) -> EmotionEmbedder:
    """The embedder of a folder, with something that hears as it is before learning, of a kind.

    Raises:
        CheckpointError: not an embedder's checkpoint, or a damaged one.
    """
    checkpoint = open_checkpoint(folder, KIND, VERSION)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            sizes = EmbedderSizes(**checkpoint.config["sizes"])
            hearing = Delivery(sizes.speech, sizes.inner, sizes.stride) if kind == DELIVERY else None
            net = EmotionEmbedder(sizes, hearing)
    except (KeyError, TypeError, ValueError, RuntimeError, AssertionError) as error:
        raise CheckpointError(f"the config of {folder} is damaged ({error}); train it again") from None
    _load(net, folder)
    return net.eval()


def _load(net: EmotionEmbedder, folder: Path, hearing: Path | None = None) -> None:
    """Fill a network with an embedder's tensors, and with those of what hears if there is a file of them."""
    heard = read_tensors(hearing) if hearing is not None and hearing.is_file() else net.hearing.state_dict()
    tensors = read_tensors(folder / WEIGHTS) | {f"{HEARS}{name}": tensor for name, tensor in heard.items()}
    check_layout(str(folder), {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}, tensors)
    net.load_state_dict({name: cast(folder, name, tensor, None) for name, tensor in tensors.items()})


DRAWS = 4
"""How often each face is read, in another way each time, to find where its emotion lies."""


def settle(net: EmotionEmbedder, recordings: Recordings, recipe: Stage1) -> None:
    """Find the map that keeps what tells emotions apart, of the clips learned from."""
    means, emotions = _gathered(net, recordings, recipe)
    found = fit_discriminant(means, emotions)
    for name in ("weight", "offset"):
        getattr(net.discriminant, name).copy_(torch.from_numpy(getattr(found, name)))


def find_priors(net: EmotionEmbedder, recordings: Recordings, recipe: Stage1) -> dict[str, Prior]:
    """Mean and spread of every emotion there is, and of each of its strengths, as NAME@STRENGTH."""
    means, emotions = _gathered(net, recordings, recipe)
    strengths = np.tile(recordings.strengths.numpy(), len(means) // len(recordings))
    priors: dict[str, Prior] = {}
    for number in recordings.emotions.unique().tolist():
        of_kind = emotions == number
        for strength in (None, *np.unique(strengths[of_kind]).tolist()):
            chosen = of_kind if strength is None else of_kind & (strengths == strength)
            name = NAMES[number] if strength is None else f"{NAMES[number]}@{strength:g}"
            priors[name] = prior_of(means[chosen].astype(np.float32))
    return priors


def _gathered(net: EmotionEmbedder, recordings: Recordings, recipe: Stage1) -> tuple[Float64, Int64]:
    """Means `(M, D)` of the clips learned from, as they are seen and, if all are heard, heard; and their emotions."""
    found = list(_seen(net, recordings, recipe))
    if recordings.heard.all():
        found.append(embed(net, recordings, heard=True, seen=False).mean)
    return torch.cat(found).double().numpy(), np.tile(recordings.emotions.numpy(), len(found))


@torch.inference_mode()
def _seen(net: EmotionEmbedder, recordings: Recordings, recipe: Stage1) -> Iterator[Tensor]:
    """Means of all clips `(N, D)`, their faces misread by chance, `DRAWS` times."""
    generator, spread = torch.Generator().manual_seed(recipe.loop.seed), _stream(net).scale
    for _ in range(DRAWS):
        found = []
        for chosen in torch.arange(len(recordings)).split(64):
            options = recipe.augmentation, recipe.misreading
            batch = draw(recordings, chosen, recipe.frames, spread, *options, generator)
            unheard = torch.zeros_like(batch.heard)
            found.append(net(batch.speech, batch.motion, batch.inside, unheard, ~unheard).mean)
        yield torch.cat(found)

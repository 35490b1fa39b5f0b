"""Stage 1: teach the embedder what emotion sounds and looks like, whoever shows it (paper, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from dicetalk.checkpoints import open_checkpoint, write_config
from dicetalk.config import to_plain
from dicetalk.data.augment import Augmentation, Misreading
from dicetalk.data.dataset import Recordings, draw, embed, load_recordings, whole
from dicetalk.emotion.contrast import TEMPERATURE, Anchors, balanced_batch, contrast
from dicetalk.emotion.discriminant import fit_discriminant
from dicetalk.emotion.embedder import EmbedderSizes, EmotionEmbedder, drop_modalities
from dicetalk.emotion.priors import Prior, prior_of, save_priors
from dicetalk.emotion.space import KIND, PRIORS, VERSION, WEIGHTS, space_of
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import CheckpointError, InputError
from dicetalk.modules import load_module, save_tensors
from dicetalk.training.export import export_embedder
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes


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
        spread: share of the Gaussian's deviation with which it is sampled; 1 is the method's.
        discriminant: power by which sure directions outgrow others, once trained (`emotion.discriminant`).
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
    spread: float = 1.0
    discriminant: float = 2.0


class Learner(nn.Module):
    """The embedder, and the anchors which only training needs."""

    def __init__(self, recipe: Stage1) -> None:
        super().__init__()
        self.embedder = EmotionEmbedder(recipe.sizes)
        self.anchors = Anchors(recipe.sizes.width, len(NAMES), recipe.temperature)


class EmbedderTask:
    """Draws batches of recordings and tells how badly the embedder gathers their emotions."""

    def __init__(self, recordings: Recordings, recipe: Stage1, device: torch.device = ALONE.device) -> None:
        """A fresh network on a device, which knows the rows' usual range from the recordings."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.loop.seed)
            self.net = Learner(recipe)
        self.recordings = recordings
        self.recipe = recipe
        _take_range(self.net.embedder, recordings)
        self.device = device
        self.net.to(device)

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of one P x K batch."""
        recipe, clips = self.recipe, self.recordings
        chosen = balanced_batch(clips.emotions, clips.identities, recipe.emotions, recipe.people, generator)
        batch = draw(clips, chosen, recipe.frames, recipe.augmentation, recipe.misreading, generator).to(self.device)
        seen = torch.ones_like(batch.heard)
        heard, seen = drop_modalities(batch.heard, seen, recipe.drop_speech, recipe.drop_motion, generator)
        found = self.net.embedder(batch.speech, batch.motion, batch.inside, heard, seen)
        sample = found.mean + recipe.spread * (found.sample(generator) - found.mean)
        between = contrast(sample, batch.emotions, batch.identities, recipe.temperature)
        anchored = self.net.anchors(sample, batch.emotions)
        total = recipe.between * between + recipe.anchors * anchored
        return {"loss": total, "between clips": between, "to anchors": anchored, "variance": found.variance.mean()}


def _take_range(net: EmotionEmbedder, recordings: Recordings) -> None:
    """Mean and spread of every column, of at most 500 clips spread evenly."""
    some = torch.arange(0, len(recordings), max(1, len(recordings) // 500))
    clips = whole(recordings, some)
    for encoder, rows, least in ((net.speech, clips.speech, 1e-2), (net.motion, clips.motion, 5e-2)):
        inside = rows[clips.inside]
        encoder.mean.copy_(inside.mean(0))
        # A shape that hardly moves must not be blown up.
        encoder.scale.copy_(inside.std(0).clamp(min=least))


def train_embedder(
    data: Path, out: Path, recipe: Stage1, progress: Progress | None = None, processes: Processes = ALONE
) -> Path:
    """Train an embedder on a prepared folder, or go on training it; gives the checkpoint's folder.

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
    everything = load_recordings(data)
    recordings = everything.of(set(everything.people) - set(recipe.held_out))
    if len(recordings.identities.unique()) < 2:
        raise InputError(f"{data} has fewer than two people to learn from; positives are clips of different people")
    if not (recordings.emotions == NAMES.index(NEUTRAL)).any():
        raise InputError(f"{data} has no neutral clips to learn from; every emotion is an offset from neutral")
    if len(recordings.emotions[recordings.heard].unique()) < 2:
        raise InputError(f"{data} has voices of fewer than two emotions to learn from")
    task = EmbedderTask(recordings, recipe, processes.device)
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        _write_checkpoint(out, task, recordings)
    return out


def _write_checkpoint(out: Path, task: EmbedderTask, recordings: Recordings) -> None:
    net = task.net.cpu().embedder
    settle(net, recordings, task.recipe.discriminant)
    save_tensors(out / WEIGHTS, net.state_dict())
    export_embedder(net, out)
    space = space_of((out / WEIGHTS).read_bytes())
    save_priors(out / PRIORS, find_priors(net, recordings), space)
    write_config(out, KIND, VERSION, _told(task.recipe, recordings, space))


def _told(recipe: Stage1, recordings: Recordings, space: str) -> dict[str, object]:
    """What `config.json` says of an embedder."""
    vocabulary = [NAMES[number] for number in recordings.emotions.unique().tolist()]
    return {
        "space": space,
        "vocabulary": vocabulary,
        "sizes": to_plain(recipe.sizes),
        "recipe": to_plain(recipe),
    }


def load_embedder(folder: Path) -> EmotionEmbedder:
    """A trained embedder as a module of torch; `emotion.embedding.Embedder` is the one to use without torch.

    Raises:
        CheckpointError: not an embedder's checkpoint, or a damaged one.
    """
    checkpoint = open_checkpoint(folder, KIND, VERSION)
    try:
        with torch.device("meta"):
            net = EmotionEmbedder(EmbedderSizes(**checkpoint.config["sizes"]))
    except (KeyError, TypeError, ValueError, RuntimeError, AssertionError) as error:
        raise CheckpointError(f"the config of {folder} is damaged ({error}); train it again") from None
    load_module(net, folder / WEIGHTS)
    return net


def settle(net: EmotionEmbedder, recordings: Recordings, power: float) -> None:
    """Find the map that keeps large what tells emotions apart, of the clips learned from."""
    net.eval()
    heard = recordings.part(recordings.heard)
    voices = embed(net, heard, heard=True, seen=False).mean.double().numpy()
    faces = embed(net, recordings, heard=False, seen=True).mean.double().numpy()
    found = fit_discriminant(voices, heard.emotions.numpy(), faces, recordings.emotions.numpy(), power)
    for name in ("weight", "offset", "even"):
        getattr(net.discriminant, name).copy_(torch.from_numpy(getattr(found, name)))


def find_priors(net: EmotionEmbedder, recordings: Recordings) -> dict[str, Prior]:
    """Mean and spread of every emotion there is, and of each of its strengths, as NAME@STRENGTH.

    Clips with a voice count three times: heard, seen, and both; the others are only seen.
    """
    net.eval()
    streams = ((True, False), (False, True), (True, True))
    found = [embed(net, recordings, heard=heard, seen=seen).mean for heard, seen in streams]
    priors: dict[str, Prior] = {}
    for number in recordings.emotions.unique().tolist():
        of_kind = recordings.emotions == number
        for strength in (None, *recordings.strengths[of_kind].unique().tolist()):
            chosen = of_kind if strength is None else of_kind & (recordings.strengths == strength)
            means = [found[1][chosen], found[0][chosen & recordings.heard], found[2][chosen & recordings.heard]]
            name = NAMES[number] if strength is None else f"{NAMES[number]}@{strength:g}"
            priors[name] = prior_of(torch.cat(means).numpy())
    return priors

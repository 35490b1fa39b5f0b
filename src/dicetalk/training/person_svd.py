"""Fine-tuning of the svd backbone: how one person speaks and feels, as small changes of a checkpoint's streams."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dicetalk.data.clip import Clip, Missing, Prepared
from dicetalk.data.encoded import SvdPreparation
from dicetalk.data.latents import LatentClip, read_clips
from dicetalk.data.person import PREPARED, check_alone, claim_person, read_person
from dicetalk.data.prepare import prepare
from dicetalk.errors import ConfigError, InputError
from dicetalk.low_rank import leave_out
from dicetalk.rates import LATENT_FPS
from dicetalk.svd.model import stream_layers
from dicetalk.svd.placement import pick_device
from dicetalk.training.loop import STATE, train
from dicetalk.training.person_motion import Personal, Watched
from dicetalk.training.processes import Processes
from dicetalk.training.stage2_svd import check_start, open_task
from dicetalk.training.svd_checkpoint import write_svd
from dicetalk.training.svd_recipe import Stage2Svd

KEPT_BACK = 0.2
"""Share of each video, its end, by which the result is judged."""
APART = round(LATENT_FPS)
"""Frames between what is learned from and what is kept back."""


class PersonEncoding(SvdPreparation):
    """Films of one person, encoded."""

    def make(self, clip: Clip, out: Path) -> Prepared | Missing:
        """As `SvdPreparation`.

        Raises:
            InputError: the video shows several people.
        """
        if clip.video is not None and self.known(clip, out) is None:
            check_alone(clip.video)
        return super().make(clip, out)


def finetune_svd(
    videos: Sequence[Path],
    out: Path,
    recipe: Stage2Svd,
    emotion: str = "neutral",
    watched: Watched | None = None,
    side: int = 512,
) -> Personal:
    """Learn how a person speaks and feels, or go on; gives what became of it.

    The folder is a checkpoint of some MB, which needs that of `recipe.start`.

    Args:
        videos: of nobody else.
        out: the folder.
        recipe: how; its `learned` is "lora".
        emotion: what is felt in the videos, as typed.
        watched: gives what is told of the watching of videos and of the steps of learning.
        side: of the square around the face [px].

    Raises:
        InputError: the videos cannot be used.
        CheckpointError: the checkpoint to begin with cannot be read, or the folder holds another state.
        ConfigError: a loss is not finite, the recipe is for many people, the device does not reckon in its precision,
            or the folder is the checkpoint to begin with.
    """
    if recipe.learned != "lora" or recipe.shards or recipe.held_out:
        raise ConfigError("one person is learned by learned=lora, without shards and held_out; leave these as they are")
    device = pick_device("auto")
    start = check_start(recipe, device)
    corpus = read_person(videos, emotion)
    told = {"rank": recipe.rank, "frames": recipe.frames}
    claim_person(corpus, start.folder, start.file("unet"), out, (out / STATE).exists(), **told)
    way = PersonEncoding(checkpoint=Path(recipe.start), side=side)
    report = prepare(corpus, out / PREPARED, way, watched and watched("watching"))
    if report.dropped:
        raise InputError(f"{report.dropped[0].reason}; give another video, or leave this one out")
    learned, kept_back = apart(read_clips([out / PREPARED]), recipe.frames)
    task = open_task(learned, kept_back, recipe, device)
    before = task.validation()["held out error"]
    train(task, recipe.loop, out, watched and watched("learning"), Processes(device=device))
    after = task.validation()["held out error"]
    if after >= before:
        leave_out(stream_layers(task.net.unet.unet))
    write_svd(out, task.net.state_dict(), recipe, sorted({clip.corpus for clip in learned}))
    seconds = tuple(sum(clip.frames for clip in part) / LATENT_FPS for part in (learned, kept_back))
    return Personal(out, (seconds[0], seconds[1]), before, after)


def apart(clips: Sequence[LatentClip], window: int) -> tuple[list[LatentClip], list[LatentClip]]:
    """The beginnings of clips, and windows of so many frames from their ends; a second between lies in neither.

    Raises:
        InputError: none is long enough for both.
    """
    learned, kept_back = [], []
    for clip in clips:
        count = max(round(clip.frames * KEPT_BACK) // window, 1) if clip.frames >= 2 * window + APART else 0
        cut = clip.frames - count * window
        learned.append(clip.part(0, cut - APART if count else cut))
        kept_back += [clip.part(cut + n * window, cut + (n + 1) * window) for n in range(count)]
    if not kept_back:
        least = (2 * window + APART) / LATENT_FPS
        raise InputError(f"no video is {least:.1f} s long, of which a part can be kept back; give a longer one")
    return learned, kept_back

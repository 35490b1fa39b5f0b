"""Recipes by name: everything a run needs but its data. `--set a.b=c` changes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dicetalk.data.ravdess import HELD_OUT
from dicetalk.diffusion.model import MotionSizes
from dicetalk.emotion.bank import BankSizes
from dicetalk.emotion.embedder import EmbedderSizes
from dicetalk.errors import ConfigError, require
from dicetalk.training.audience import AudienceRecipe, train_audience
from dicetalk.training.caption import CaptionRecipe, train_caption
from dicetalk.training.conversation import ConversationRecipe, train_conversation
from dicetalk.training.frontend import FrontEnd, train_frontend
from dicetalk.training.hearing import HearingRecipe, train_hearing
from dicetalk.training.loop import LoopOptions, Progress
from dicetalk.training.manners import MannerRecipe, train_manners
from dicetalk.training.motion_recipe import Stage2Motion
from dicetalk.training.processes import ALONE, Processes
from dicetalk.training.scene import SceneRecipe, train_scene
from dicetalk.training.stage1_embedder import Stage1, train_embedder
from dicetalk.training.stage2_motion import train_motion
from dicetalk.training.svd_recipe import Stage2Svd, SvdWeights
from dicetalk.training.text_small import TextRecipe, train_text
from dicetalk.training.turns import TurnRecipe, train_turns_on
from dicetalk.training.viewers import ViewerRecipe, train_viewers
from dicetalk.training.voice import VoiceRecipe, train_voice
from dicetalk.training.voice_net import VoiceSizes
from dicetalk.training.voice_strength import VoiceStrengthRecipe, train_voice_strength

Recipe = (
    Stage1 | HearingRecipe | FrontEnd | Stage2Motion | Stage2Svd | TextRecipe | ConversationRecipe | SceneRecipe
    | TurnRecipe | AudienceRecipe | CaptionRecipe | VoiceStrengthRecipe | ViewerRecipe | MannerRecipe | VoiceRecipe
)  # fmt: skip

SMALL = EmbedderSizes(inner=96, layers=2, heads=4, rank=8, stride=4, dropout=0.3)

FACES_SMALL = Stage1(
    sizes=SMALL, loop=LoopOptions(steps=600, rate=2e-3), people=12, frames=96, spread=0.5, smoothing=0.1
)
"""Virtual actors say where each emotion lies, for two processor cores."""

HEARING_SMALL = HearingRecipe(held_out=tuple(sorted(HELD_OUT)), loop=LoopOptions(steps=800, rate=3e-3, decay=0.0))
"""Voices into the space that ships, from some thousand clips; most of it is no matter of steps."""

EMBEDDER_SMALL = Stage1(
    held_out=tuple(sorted(HELD_OUT)),
    sizes=SMALL,
    loop=LoopOptions(steps=1200, rate=2e-3),
    people=12,
    frames=96,
    drop_speech=0.1,
    drop_motion=0.7,
    between=0.5,
    spread=0.5,
)
"""Both at once, for two processor cores and a thousand clips."""

EMBEDDER = Stage1(sizes=EmbedderSizes(), loop=LoopOptions(steps=20_000, rate=3e-4), people=12, frames=100)
"""Wide and slow, for MEAD; no weights of it are shipped."""

FRONTEND_SMALL = FrontEnd(loop=LoopOptions(steps=2000, rate=2e-3, save_every=50), batch=16, seconds=2.5)
"""What hears phones in any language, for two processor cores and seven hours of synthesised speech."""

MOTION_SMALL = Stage2Motion(
    loop=LoopOptions(steps=4600, rate=1.2e-3, warmup=200, decay=0.01, save_every=100, average=0.998), compiled=True
)
"""What moves a face, for two processor cores, seventy minutes and seven hours of synthesised speech."""

CONVERSATION_SMALL = ConversationRecipe(
    held_out=tuple(sorted(HELD_OUT)), loop=LoopOptions(steps=2400, rate=3e-3, save_every=400)
)
"""What is felt in the turns of conversations, from forty thousand labelled lines and a thousand acted clips."""

MOTION_TINY = Stage2Motion(
    sizes=MotionSizes(
        width=24, inner=48, layers=2, heads=2, bank=BankSizes(width=16, hidden=16, tokens=2, codes=8, heads=2)
    ),
    loop=LoopOptions(steps=60, rate=3e-3, warmup=10, save_every=20, average=0.9),
    batch=4,
    frames=40,
)
"""The same at the size of a test."""

SVD = Stage2Svd(
    fresh=True,
    loop=LoopOptions(steps=40_000, rate=1e-5, warmup=10, decay=0.01, save_every=500, average=0.9999, accumulate=4),
)
"""The paper's denoiser from SVD-XT's weights, for eight large GPUs."""

SVD_FINETUNE = Stage2Svd(
    learned="streams",
    loop=LoopOptions(steps=4000, rate=1e-5, warmup=10, decay=0.01, save_every=200, average=0.999, accumulate=4),
)
"""Speech and emotion of a checkpoint that was imported, on own clips, for one GPU of 24 GB by count."""

SVD_PERSON = Stage2Svd(
    learned="lora",
    loop=LoopOptions(steps=1000, rate=1e-4, warmup=10, decay=0.01, save_every=100, average=0.99, accumulate=4),
    weights=SvdWeights(classes=0.0),
)
"""How one person speaks and feels: small changes of a checkpoint's streams, for one GPU of 24 GB by count."""

SVD_TINY = Stage2Svd(
    loop=LoopOptions(steps=2000, rate=1e-3, warmup=50, decay=0.01, save_every=200, average=0.99),
    batch=4,
    frames=16,
    precision="float32",
    checkpointing=False,
)
"""A denoiser of the size of a test, for minutes of a processor."""

SCENE_SMALL = SceneRecipe()
"""What reads objects in scenes, from scenes that it draws itself; half a minute."""

CAPTION_SMALL = CaptionRecipe()
"""What says in words what a face shows, from virtual actors that it draws itself; some minutes of one core."""

TURNS = TurnRecipe()
"""What is felt in the lines of a dialogue, from DailyTalk; no matter of steps."""

AUDIENCE_SMALL = AudienceRecipe()
"""What viewers answer, from CREMA-D's votes; some seconds."""

AUDIENCE_AFFEC = ViewerRecipe()
"""What single viewers answer, by gaze, pupils and personality, from AFFEC; no weights of it are shipped."""

TEXT_SMALL = TextRecipe()
"""What reads feelings in English text: half a minute of one core, and no torch."""

VOICE = VoiceRecipe()
"""What says a line in another style, as published; it needs ESD, and VCTK before it, which do not ship, and a GPU."""

VOICE_TINY = VoiceRecipe(
    loop=LoopOptions(steps=200, rate=3e-3, decay=1e-4, clip=5.0, save_every=100),
    sizes=VoiceSizes(width=16, inner=8, style=8, prenet=16, memory=24, attention=8, postnet=8, judge=2),
    batch=2,
)
"""The same at the size of a test."""

MANNERS = MannerRecipe()
"""How voices change with feelings, as means over pairs of RAVDESS; no torch, and no matter of steps."""

VOICE_STRENGTH = VoiceStrengthRecipe(held_out=tuple(sorted(HELD_OUT)))
"""How strongly a voice tells an emotion, from actors who act it twice; minutes, nearly all of them for listening."""

RECIPES: dict[str, Recipe] = {
    "text-small": TEXT_SMALL,
    "faces-small": FACES_SMALL,
    "hearing-small": HEARING_SMALL,
    "embedder-small": EMBEDDER_SMALL,
    "embedder": EMBEDDER,
    "frontend-small": FRONTEND_SMALL,
    "conversation-small": CONVERSATION_SMALL,
    "motion-tiny": MOTION_TINY,
    "motion-small": MOTION_SMALL,
    "svd-tiny": SVD_TINY,
    "svd-finetune": SVD_FINETUNE,
    "svd": SVD,
    "scene-small": SCENE_SMALL,
    "turns": TURNS,
    "audience-small": AUDIENCE_SMALL,
    "caption-small": CAPTION_SMALL,
    "voice-strength": VOICE_STRENGTH,
    "audience-affec": AUDIENCE_AFFEC,
    "manners": MANNERS,
    "voice": VOICE,
    "voice-tiny": VOICE_TINY,
}


def recipe(name: str) -> Recipe:
    """A recipe by name.

    Raises:
        ConfigError: no such recipe.
    """
    if name not in RECIPES:
        raise ConfigError(f"no recipe is called {name!r}; expected one of: {', '.join(RECIPES)}")
    return RECIPES[name]


def train_by(
    recipe: Recipe, data: Sequence[Path], out: Path, progress: Progress | None = None, processes: Processes = ALONE
) -> Path:
    """Train what a recipe is of; arguments and errors as `train_embedder` and its peers.

    Raises:
        ConfigError: there are no data, or some for a recipe that draws its own.
    """
    if isinstance(recipe, SceneRecipe):
        if data:
            raise ConfigError(f"scenes to learn from are drawn; leave {', '.join(map(str, data))} out")
        return train_scene(out, recipe, progress, processes)
    if isinstance(recipe, CaptionRecipe):
        if data:
            raise ConfigError(f"clips to caption are drawn; leave {', '.join(map(str, data))} out")
        return train_caption(out, recipe, progress, processes)
    if not data and not (isinstance(recipe, Stage2Svd) and recipe.shards):
        raise ConfigError("there is nothing to learn from; give the folders that `dicetalk prepare` wrote")
    if isinstance(recipe, TextRecipe):
        return train_text(data, out, recipe)
    if isinstance(recipe, AudienceRecipe):
        return train_audience(data, out, recipe)
    if isinstance(recipe, ViewerRecipe):
        return train_viewers(data, out, recipe, progress, processes)
    if isinstance(recipe, HearingRecipe):
        return train_hearing(data, out, recipe, progress, processes)
    if isinstance(recipe, FrontEnd):
        return train_frontend(data, out, recipe, progress, processes)
    if isinstance(recipe, Stage2Motion):
        return train_motion(data, out, recipe, progress, processes)
    if isinstance(recipe, Stage2Svd):
        require("diffusers", "svd")
        from dicetalk.training.stage2_svd import train_svd  # with libraries that take seconds to load

        return train_svd(data, out, recipe, progress, processes)
    if isinstance(recipe, ConversationRecipe):
        return train_conversation(data, out, recipe, progress, processes)
    if isinstance(recipe, TurnRecipe):
        return train_turns_on(data, out, recipe, progress)
    if isinstance(recipe, VoiceRecipe):
        return train_voice(data, out, recipe, progress, processes)
    if isinstance(recipe, MannerRecipe):
        return train_manners(data, out, recipe, progress)
    if isinstance(recipe, VoiceStrengthRecipe):
        return train_voice_strength(data, out, recipe, progress)
    return train_embedder(data, out, recipe, progress, processes)


def worth(recipe: Recipe) -> str:
    """What a run by a recipe took, as it is told at its end."""
    if isinstance(recipe, AudienceRecipe):
        return "on all votes"
    if isinstance(recipe, VoiceStrengthRecipe | MannerRecipe):
        return "on all voices"
    return "on all texts" if isinstance(recipe, TextRecipe | TurnRecipe) else f"{recipe.loop.steps} steps"

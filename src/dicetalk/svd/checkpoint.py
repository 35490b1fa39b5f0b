"""An svd checkpoint folder: which modules it holds, how they are built from its config, and loading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKLTemporalDecoder
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from dicetalk.checkpoints import Checkpoint
from dicetalk.emotion.bank import EmotionBank
from dicetalk.emotion.road import NamedPriors
from dicetalk.emotion.vocabulary import NEUTRAL, PUBLISHED
from dicetalk.errors import CheckpointError
from dicetalk.low_rank import apply_changes
from dicetalk.modules import load_module, read_tensors
from dicetalk.svd import parts
from dicetalk.svd.interpolate import Interpolator
from dicetalk.svd.lean import lean_layers
from dicetalk.svd.model import StreamedUNet, stream_layers
from dicetalk.svd.projectors import FaceRegionEncoder, SpeechProjector
from dicetalk.svd.sizes import FULL_PRECISION, SvdSizes

EMOTIONS = parts.EMOTIONS
LORA, CHANGES = "lora", "changes"
"""The file of a checkpoint that is but a small change of another one, and the entry of its config which says of which,
by its place beside the folder."""


@dataclass(frozen=True)
class SvdModules:
    """All networks of the backbone, and the stored emotion priors.

    Attributes:
        unet: the denoiser.
        vae: pictures to latents and back.
        clip: picture embedding.
        speech_encoder: whisper's encoder.
        speech_projector: speech features to tokens.
        face_region: face mask to features.
        bank: emotion priors to tokens.
        interpolator: 12.5 to 25 frames a second.
        priors: of the named emotions.
    """

    unet: StreamedUNet
    vae: AutoencoderKLTemporalDecoder
    clip: CLIPVisionModelWithProjection
    speech_encoder: WhisperEncoder
    speech_projector: SpeechProjector
    face_region: FaceRegionEncoder
    bank: EmotionBank
    interpolator: Interpolator
    priors: NamedPriors


def build_modules(config: Mapping[str, Any]) -> dict[str, nn.Module]:
    """All modules of a config without memory behind their weights, by the name of their file."""
    sizes = SvdSizes.of(config)
    check_stock(config)
    for part in ("vae", "clip", "whisper"):
        if not isinstance(config.get(part), Mapping):  # dict() of an empty list would be a default
            found = f"{part} is {type(config.get(part)).__name__}"
            raise CheckpointError(f"the config of the svd checkpoint is damaged ({found}); import it again")
    with init_empty_weights(include_buffers=False), _told_as_damage():
        return {
            "unet": StreamedUNet(sizes.unet),
            "vae": _vae(config["vae"]),
            "clip": CLIPVisionModelWithProjection(CLIPVisionConfig.from_dict(dict(config["clip"]))),
            "speech_encoder": WhisperEncoder(WhisperConfig.from_dict(dict(config["whisper"]))),
            "speech_projector": SpeechProjector(**asdict(sizes.speech)),
            "face_region": FaceRegionEncoder(sizes.unet.block_out_channels[0], sizes.region_widths),
            "bank": EmotionBank(sizes.bank),
            "interpolator": Interpolator(),
        }


MOST_LAYERS, LARGEST = 256, 1_000_000
"""Of a stock model's config: what is larger is damage, and would fill the memory."""


def check_stock(value: Any, name: str = "") -> None:
    """Look at every number of a config.

    Raises:
        CheckpointError: one is too large.
    """
    inner = value.items() if isinstance(value, Mapping) else ((name, each) for each in value)
    for key, item in inner:
        if isinstance(item, Mapping | list | tuple):
            check_stock(item, key)
        elif isinstance(item, int | float) and not abs(item) <= (MOST_LAYERS if "layer" in key else LARGEST):
            raise CheckpointError(f"the config of the svd checkpoint is damaged ({key} is {item:g}); import it again")


@contextmanager
def _told_as_damage() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the stock libraries raise nearly every class on configs that make no sense
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise CheckpointError(f"the config of the svd checkpoint is damaged ({reason}); import it again") from None


def _vae(config: Mapping[str, Any]) -> AutoencoderKLTemporalDecoder:
    vae = AutoencoderKLTemporalDecoder.from_config(dict(config))
    lean_layers(vae)
    return vae


def inner_of(name: str) -> str:
    """Attribute of a module that its file fills: the stock U-Net inside ours, the module itself otherwise."""
    return "unet" if name == "unet" else ""


def load_modules(checkpoint: Checkpoint, dtype: torch.dtype, device: str) -> SvdModules:
    """Load all modules of an svd checkpoint.

    Args:
        checkpoint: an opened folder, as `svd.parts.open_svd` gives it.
        dtype: floating-point type of the large modules.
        device: where the weights go.

    Raises:
        CheckpointError: the checkpoint is incomplete or damaged.
    """
    modules: dict[str, Any] = {}
    whole = changed_by(checkpoint)
    for name, module in build_modules(whole.config).items():
        wanted = torch.float32 if name in FULL_PRECISION else dtype
        modules[name] = load_module(module, whole.file(name), wanted, device, inner_of(name))
    if whole is not checkpoint:
        file = checkpoint.file(LORA)
        apply_changes(stream_layers(modules["unet"].unet), read_tensors(file), str(file))
    return SvdModules(**modules, priors=load_priors(whole))


def changed_by(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with all modules: itself, or that which it is a small change of.

    Raises:
        CheckpointError: that is not there.
    """
    if CHANGES not in checkpoint.config:
        return checkpoint
    place = checkpoint.folder / str(checkpoint.config[CHANGES])
    if not place.is_dir():
        raise CheckpointError(
            f"{checkpoint.folder} is a small change of a checkpoint that is not at {place}; put that one there again"
        )
    return parts.open_svd(place)


def load_priors(checkpoint: Checkpoint) -> NamedPriors:
    """The stored emotion priors, in the order of the checkpoint's own vocabulary.

    Raises:
        CheckpointError: an emotion is missing or of another size.
    """
    path = checkpoint.file(EMOTIONS)
    return priors_of(path, read_tensors(path), checkpoint.config)


def priors_of(path: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> NamedPriors:
    """The priors of a file, in the order of the vocabulary that a config tells.

    Raises:
        CheckpointError: as `load_priors`.
    """
    found = {name: tensor.float().flatten() for name, tensor in tensors.items()}
    names = tuple(config.get("vocabulary", PUBLISHED))
    if NEUTRAL not in names:
        raise CheckpointError(f"the vocabulary of {path.parent} lacks {NEUTRAL}; it has: {', '.join(names)}")
    missing = [name for name in names if name not in found]
    if missing:
        raise CheckpointError(f"{path} lacks {', '.join(missing)}; expected one prior per emotion, import again")
    widths = sorted({len(found[name]) for name in names})
    if widths != [SvdSizes.of(config).bank.prior]:
        raise CheckpointError(f"{path} holds priors of {widths} numbers; expected {config['bank']['prior']}")
    means = torch.stack([found[name] for name in names]).numpy()
    return NamedPriors(names, means, np.zeros_like(means), config.get("space", ""))

"""An svd checkpoint folder: which modules it holds, how they are built from its config, and loading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import init_empty_weights
from diffusers import AutoencoderKLTemporalDecoder
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from dicetalk.checkpoints import Checkpoint
from dicetalk.emotion.bank import BankSizes, EmotionBank
from dicetalk.emotion.road import NamedPriors
from dicetalk.emotion.vocabulary import NEUTRAL, PUBLISHED
from dicetalk.errors import CheckpointError
from dicetalk.modules import load_module, read_tensors
from dicetalk.svd.interpolate import Interpolator
from dicetalk.svd.lean import lean_layers
from dicetalk.svd.model import StreamedUNet, UNetSizes
from dicetalk.svd.projectors import FaceRegionEncoder, SpeechProjector

KIND, VERSION = "svd", 1
EMOTIONS = "emotions"
FULL_PRECISION = ("speech_encoder", "speech_projector", "bank", "interpolator")
"""Small modules that stay in float32, as in the release (whose interpolator runs in half precision; it costs
nothing here)."""


STOCK = {
    "vae": {
        "block_out_channels": [128, 256, 512, 512],
        "layers_per_block": 2,
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "latent_channels": 4,
        "sample_size": 768,
        "scaling_factor": 0.18215,
        "force_upcast": True,
    },
    "clip": {
        "hidden_size": 1280,
        "intermediate_size": 5120,
        "num_hidden_layers": 32,
        "num_attention_heads": 16,
        "image_size": 224,
        "patch_size": 14,
        "projection_dim": 1024,
        "hidden_act": "gelu",
    },
    "whisper": {
        "d_model": 384,
        "encoder_layers": 4,
        "decoder_layers": 4,
        "encoder_attention_heads": 6,
        "decoder_attention_heads": 6,
        "encoder_ffn_dim": 1536,
        "decoder_ffn_dim": 1536,
    },
}
"""Configs of SVD-XT's VAE, its CLIP and whisper-tiny, for predictions where no checkpoint is at hand."""


@dataclass(frozen=True, kw_only=True)
class SpeechSizes:
    """Sizes of the speech projector; see `SpeechProjector`."""

    rows: int = 10
    layers: int = 5
    channels: int = 384
    hidden: int = 1024
    tokens: int = 32
    width: int = 1024


@dataclass(frozen=True, kw_only=True)
class SvdSizes:
    """Sizes of all modules that are not stock; the defaults are the published ones."""

    unet: UNetSizes = field(default_factory=UNetSizes)
    speech: SpeechSizes = field(default_factory=SpeechSizes)
    bank: BankSizes = field(default_factory=BankSizes)
    region_widths: tuple[int, ...] = (16, 32, 96, 256)

    @staticmethod
    def of(config: Mapping[str, Any]) -> SvdSizes:
        """The sizes a checkpoint's config tells.

        Raises:
            CheckpointError: the config lacks a size or has one that is not known.
        """
        try:
            unet: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in config["unet"].items()}
            return SvdSizes(
                unet=UNetSizes(**unet),
                speech=SpeechSizes(**config["speech"]),
                bank=BankSizes(**config["bank"]),
                region_widths=tuple(config["region_widths"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"the config of the svd checkpoint is damaged ({error}); import it again") from None

    def to_config(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


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


def published_config() -> dict[str, Any]:
    """The config of a checkpoint at the published sizes."""
    return SvdSizes().to_config() | STOCK


def build_modules(config: Mapping[str, Any]) -> dict[str, nn.Module]:
    """All modules of a config without memory behind their weights, by the name of their file."""
    sizes = SvdSizes.of(config)
    with init_empty_weights(include_buffers=False):
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
        checkpoint: an opened folder, as `dicetalk import-official` writes it.
        dtype: floating-point type of the large modules.
        device: where the weights go.

    Raises:
        CheckpointError: the checkpoint is incomplete or damaged.
    """
    modules: dict[str, Any] = {}
    for name, module in build_modules(checkpoint.config).items():
        wanted = torch.float32 if name in FULL_PRECISION else dtype
        modules[name] = load_module(module, checkpoint.file(name), wanted, device, inner_of(name))
    return SvdModules(**modules, priors=load_priors(checkpoint))


def load_priors(checkpoint: Checkpoint) -> NamedPriors:
    """The stored emotion priors, in the order of the checkpoint's own vocabulary.

    Raises:
        CheckpointError: an emotion is missing or of another size.
    """
    path = checkpoint.file(EMOTIONS)
    found = {name: tensor.float().flatten() for name, tensor in read_tensors(path).items()}
    names = tuple(checkpoint.config.get("vocabulary", PUBLISHED))
    if NEUTRAL not in names:
        raise CheckpointError(f"the vocabulary of {checkpoint.folder} lacks {NEUTRAL}; it has: {', '.join(names)}")
    missing = [name for name in names if name not in found]
    if missing:
        raise CheckpointError(f"{path} lacks {', '.join(missing)}; expected one prior per emotion, import again")
    widths = sorted({len(found[name]) for name in names})
    if widths != [SvdSizes.of(checkpoint.config).bank.prior]:
        raise CheckpointError(f"{path} holds priors of {widths} numbers; expected {checkpoint.config['bank']['prior']}")
    means = torch.stack([found[name] for name in names]).numpy()
    return NamedPriors(names, means, np.zeros_like(means), checkpoint.config.get("space", ""))

"""Sizes of the svd networks, as a checkpoint's config tells them. Loads no network library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dicetalk.emotion.bank import BankSizes
from dicetalk.errors import CheckpointError

KIND, VERSION = "svd", 1

LARGEST, LONGEST = 65_536, 8
"""Of a size, and of a list of sizes: what is larger is damage, and would fill the memory."""


@dataclass(frozen=True, kw_only=True)
class UNetSizes:
    """Sizes of the U-Net in diffusers' words; the defaults are those of SVD-XT.

    Attributes:
        block_out_channels: width of each level; each level but the last halves the resolution.
        num_attention_heads: attention heads of each level.
        cross_attention_dim: width of image, speech and emotion tokens.
        addition_time_embed_dim: width of each of the three added ids' embeddings.
        projection_class_embeddings_input_dim: three times that.
    """

    block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280)
    num_attention_heads: tuple[int, ...] = (5, 10, 20, 20)
    cross_attention_dim: int = 1024
    addition_time_embed_dim: int = 256
    projection_class_embeddings_input_dim: int = 768

    def to_stock(self) -> dict[str, Any]:
        """What diffusers takes: these, and the kinds of blocks of so many levels, the innermost without attention."""
        attending = len(self.block_out_channels) - 1
        down = ("CrossAttnDownBlockSpatioTemporal",) * attending + ("DownBlockSpatioTemporal",)
        up = ("UpBlockSpatioTemporal",) + ("CrossAttnUpBlockSpatioTemporal",) * attending
        return asdict(self) | {"down_block_types": down, "up_block_types": up}


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
            unet = {name: _size(value) for name, value in config["unet"].items()}
            return SvdSizes(
                unet=UNetSizes(**unet),
                speech=SpeechSizes(**{name: _size(value) for name, value in config["speech"].items()}),
                bank=BankSizes(**{name: _size(value) for name, value in config["bank"].items()}),
                region_widths=tuple(_size(config["region_widths"])),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise CheckpointError(f"the config of the svd checkpoint is damaged ({error}); import it again") from None

    def to_config(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


def _size(value: Any) -> Any:
    """A size, or a list of them as a tuple.

    Raises:
        ValueError: it is none.
    """
    sizes = value if isinstance(value, list | tuple) else [value]
    if len(sizes) > LONGEST or not all(type(size) is int and 0 < size <= LARGEST for size in sizes):
        raise ValueError(f"a size is {str(value)[:60]}")
    return tuple(value) if isinstance(value, list) else value


def published_config() -> dict[str, Any]:
    """The config of a checkpoint at the published sizes."""
    return SvdSizes().to_config() | STOCK

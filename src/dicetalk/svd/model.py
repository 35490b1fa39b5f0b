"""The denoiser: a stock diffusers U-Net that hears speech, shows emotion and knows where the face is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import UNetSpatioTemporalConditionModel
from torch import Tensor, nn

from dicetalk.svd.lean import lean_layers
from dicetalk.svd.sizes import UNetSizes
from dicetalk.svd.streams import SpatialStreams, Stream, StreamContext, TemporalStreams, prepare


@dataclass(frozen=True)
class UNetConditions:
    """All that one call of the U-Net knows beside the noisy latents.

    Attributes:
        image: CLIP embedding of the portrait, one token, `(B, 1, D)`; zeros are "no image".
        speech: speech tokens.
        emotion: emotion tokens.
        time_ids: frames a second, head-motion bucket, expression-motion bucket, `(B, 3)`.
        region: face-region features, `(B or 1, T or 1, C0, h, w)`; None adds nothing.
    """

    image: Tensor
    speech: Stream
    emotion: Stream
    time_ids: Tensor
    region: Tensor | None = None


class StreamedUNet(nn.Module):
    """Stable Video Diffusion's U-Net with speech and emotion streams and the face region.

    The inner `unet` is the stock diffusers model; its state dict has exactly the published keys.
    """

    def __init__(self, sizes: UNetSizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes or UNetSizes()
        self.context = StreamContext()
        self.unet = UNetSpatioTemporalConditionModel(**self.sizes.to_stock())
        attach_streams(self.unet, self.context)
        lean_layers(self.unet)
        self.unet.conv_in.register_forward_hook(self._add_region)

    def forward(self, latents: Tensor, timestep: Tensor, conditions: UNetConditions) -> Tensor:
        """Predict v.

        Args:
            latents: noisy latents and image latents, `(B, T, 8, h, w)`.
            timestep: 0.25 ln sigma, a scalar or `(B,)`.
            conditions: what the call knows.

        Returns:
            The prediction, `(B, T, 4, h, w)`.
        """
        levels = len(self.sizes.block_out_channels)
        height, width = latents.shape[-2:]
        streams = (conditions.speech, conditions.emotion)
        self.context.streams = tuple(prepare(stream, height, width, levels) for stream in streams)
        self.context.region = conditions.region
        if self.unet.is_gradient_checkpointing and torch.is_grad_enabled():
            self.unet.enable_gradient_checkpointing(self.context.checkpointed)  # stock's knows nothing of streams
        out: Tensor = self.unet(latents, timestep, conditions.image, conditions.time_ids, return_dict=False)[0]
        return out

    def _add_region(self, _module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        region = self.context.region
        if region is None:
            return output
        batch, frames = self.context.streams[0].stream.index.shape
        return (output.unflatten(0, (batch, frames)) + region.to(output.dtype)).flatten(0, 1)


def attach_streams(unet: UNetSpatioTemporalConditionModel, context: StreamContext) -> None:
    """Give every cross-attention of a stock U-Net a processor that reads the streams from `context`."""
    for name, module in unet.named_modules():
        if name.endswith("attn2"):
            kind = TemporalStreams if "temporal_transformer_blocks" in name else SpatialStreams
            module.set_processor(kind(module, context))


def start_streams(unet: UNetSpatioTemporalConditionModel) -> None:
    """Start every stream from its layer's own key and value projections, as training does."""
    for module in unet.modules():
        if isinstance(getattr(module, "processor", None), SpatialStreams | TemporalStreams):
            module.processor.start_from(module)


def stream_layers(unet: UNetSpatioTemporalConditionModel) -> dict[str, nn.Linear]:
    """The projections of all streams, by their names in a stock U-Net."""
    return {
        f"{name}.{inner}": layer
        for name, module in unet.named_modules()
        if isinstance(module, SpatialStreams | TemporalStreams)
        for inner, layer in module.named_modules()
        if isinstance(layer, nn.Linear)
    }

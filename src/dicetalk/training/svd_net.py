"""All networks that stage 2 of the svd backbone learns together."""

from __future__ import annotations

from torch import Tensor, nn

from dicetalk.emotion.bank import EmotionBank
from dicetalk.emotion.discriminator import EmotionDiscriminator
from dicetalk.low_rank import add_low_rank
from dicetalk.svd.model import StreamedUNet, UNetConditions, start_streams, stream_layers
from dicetalk.svd.projectors import FaceRegionEncoder, SpeechProjector
from dicetalk.svd.sizes import SvdSizes
from dicetalk.training.learned_bank import LearnedBank
from dicetalk.training.svd_recipe import Stage2Svd

LEARNED = ("unet", "speech_projector", "face_region", "bank")
"""Modules of a checkpoint that are learned; its others stay as they are."""


class SvdNet(LearnedBank):
    """The denoiser, what brings speech, face and emotion to it, and the discriminator that reads its middle."""

    def __init__(self, sizes: SvdSizes) -> None:
        super().__init__()
        channels = sizes.unet.block_out_channels
        self.unet = StreamedUNet(sizes.unet)
        self.speech_projector = SpeechProjector(
            sizes.speech.rows,
            sizes.speech.layers,
            sizes.speech.channels,
            sizes.speech.hidden,
            sizes.speech.tokens,
            sizes.speech.width,
        )
        self.face_region = FaceRegionEncoder(channels[0], sizes.region_widths)
        self.hold(EmotionBank(sizes.bank))
        self.discriminator = EmotionDiscriminator(channels[-1])
        self._middle: list[Tensor] = []
        self.unet.unet.mid_block.register_forward_hook(self._keep_middle)

    def predict(self, latents: Tensor, timestep: Tensor, conditions: UNetConditions) -> tuple[Tensor, Tensor]:
        """What the denoiser predicts, `(B, T, 4, h, w)`, and the features of its middle block, `(B * T, C, h', w')`."""
        v = self.unet(latents, timestep, conditions)
        return v, self._middle.pop()

    def _keep_middle(self, _block: nn.Module, _inputs: object, features: Tensor) -> None:
        self._middle[:] = [features]

    def prepare_for(self, recipe: Stage2Svd, priors: Tensor) -> None:
        """Start streams and the bank's entries anew, freeze what does not learn, and save memory, as a recipe says.

        Args:
            recipe: what says so.
            priors: the means of the named emotions, `(N, prior)`, where entries start.
        """
        if recipe.checkpointing:
            self.unet.unet.enable_gradient_checkpointing()
        if recipe.fresh:
            start_streams(self.unet.unet)
            self.bank.codebook.start_from(priors)
        if recipe.learned == "lora":
            add_low_rank(self, stream_layers(self.unet.unet), recipe.rank)
            self.discriminator.requires_grad_(recipe.weights.classes > 0)  # which is no part of what is used
            return
        for name, parameter in self.unet.named_parameters():
            # The portrait is one token, over which attention is 1 whatever its key.
            idle = "attn2.to_k" in name
            parameter.requires_grad_(not idle and (recipe.learned == "all" or "processor" in name))

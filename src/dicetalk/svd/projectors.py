"""The two small networks beside the U-Net: speech features to tokens, and the face mask to features of
`conv_in`'s shape.

Parameter names are those of the published weights, so that they load strictly.
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.emotion.bank import TokenNetwork


class SpeechProjector(TokenNetwork):
    """A window of speech features -> speech tokens. No speech is the projection of zeros, not zero tokens.

    Args:
        rows: rows of the encoder in one window (50 a second).
        layers: hidden states of the encoder.
        channels: width of the encoder.
        hidden: width of the inner layers.
        tokens: tokens per video frame.
        width: width of a token.
    """

    def __init__(
        self,
        rows: int = 10,
        layers: int = 5,
        channels: int = 384,
        hidden: int = 1024,
        tokens: int = 32,
        width: int = 1024,
    ) -> None:
        super().__init__(rows * layers * channels, hidden, tokens, width)
        self.window = (rows, layers, channels)

    def forward(self, windows: Tensor) -> Tensor:
        """Turn windows `(B, T, rows, layers, channels)` into tokens `(B, T, tokens, width)`."""
        return super().forward(windows.flatten(-3))


class FaceRegionEncoder(nn.Module):
    """White face box on black -> features that are added to `conv_in`'s output. Starts as a no-op (zero last layer).

    Args:
        width_out: channels of `conv_in`.
        widths: channels of the stages; each but the first halves the resolution.
    """

    def __init__(self, width_out: int = 320, widths: tuple[int, ...] = (16, 32, 96, 256)) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for narrow, wide in itertools.pairwise(widths):
            self.blocks.append(nn.Conv2d(narrow, narrow, 3, padding=1))
            self.blocks.append(nn.Conv2d(narrow, wide, 3, padding=1, stride=2))
        self.conv_out = nn.Conv2d(widths[-1], width_out, 3, padding=1)
        for parameter in self.conv_out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, mask: Tensor) -> Tensor:
        """Turn face masks `(B, 3, H, W)` in [0, 1] into `(B, width_out, H/8, W/8)`."""
        x = fn.silu(self.conv_in(mask))
        for block in self.blocks:
            x = fn.silu(block(x))
        features: Tensor = self.conv_out(x)
        return features

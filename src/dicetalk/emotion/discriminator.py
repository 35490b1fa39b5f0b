"""Which emotion do a denoiser's features show? The auxiliary classifier of training (paper, section 3.3)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as fn

CLASSES = 22  # neutral + 7 emotions x 3 levels, MEAD's labels


class EmotionDiscriminator(nn.Module):
    """Adaptive average pooling and three linear layers; parameter names are those of the published weights."""

    def __init__(self, width: int = 1280, classes: int = CLASSES) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 512)
        self.fc2 = nn.Linear(512, 256)
        self.fc3 = nn.Linear(256, classes)
        self.dropout = nn.Dropout(0.1)

    def forward(self, features: Tensor) -> Tensor:
        """Turn image-like features `(B, width, h, w)` into logits `(B, classes)`."""
        x = fn.adaptive_avg_pool2d(features, 1).flatten(1)
        x = self.dropout(fn.relu(self.fc1(x)))
        x = self.dropout(fn.relu(self.fc2(x)))
        logits: Tensor = self.fc3(x)
        return logits

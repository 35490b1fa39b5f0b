"""All networks of stage 2: the denoiser, the Emotion Bank and the discriminator."""

from __future__ import annotations

from dicetalk.diffusion.model import MotionDenoiser, MotionSizes
from dicetalk.emotion.bank import EmotionBank
from dicetalk.emotion.discriminator import EmotionDiscriminator
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.training.learned_bank import LearnedBank


class Stage2Net(LearnedBank):
    """All that is learned together."""

    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__()
        self.denoiser = MotionDenoiser(sizes)
        self.hold(EmotionBank(sizes.bank))
        self.discriminator = EmotionDiscriminator(sizes.width, len(NAMES))

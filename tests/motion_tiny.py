"""A motion model at the size of a test, with weights that were drawn: written as training writes one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from dicetalk.diffusion.channels import MOTION
from dicetalk.diffusion.model import MotionSizes
from dicetalk.diffusion.standard import Standard
from dicetalk.emotion.bank import BankSizes
from dicetalk.emotion.space import shipped_space
from dicetalk.training.motion_checkpoint import write_motion
from dicetalk.training.motion_net import Stage2Net
from dicetalk.training.motion_recipe import Stage2Motion

SIZES = MotionSizes(
    width=24, inner=32, layers=2, heads=2, bank=BankSizes(width=16, hidden=16, tokens=2, codes=8, heads=2)
)


def drawn_net(sizes: MotionSizes = SIZES) -> Stage2Net:
    """A network no part of which is 0, as numbers of 16 bits."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = Stage2Net(sizes)
        for parameter in net.parameters():
            parameter.data = (parameter + 0.1 * torch.randn_like(parameter)).half().float()
    return net.eval()


def write_tiny(folder: Path) -> Stage2Net:
    """Write its checkpoint into a folder; gives the network."""
    folder.mkdir(parents=True, exist_ok=True)
    net = drawn_net()
    standard = Standard(np.full(MOTION, 0.1, np.float32), np.full(MOTION, 0.05, np.float32))
    write_motion(folder, net, Stage2Motion(sizes=SIZES), standard, shipped_space())
    return net

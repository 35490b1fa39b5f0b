"""Frame interpolation against the published computation, and its stream."""

from __future__ import annotations

import torch
from golden_data import facts, needs_golden, recipe_weights, relative, tensors

from dicetalk.svd.interpolate import Interpolator, double_rate, middle_of, warp


@needs_golden
@torch.inference_mode()
def test_the_middle_frame_is_the_published_one() -> None:
    told = facts("modules")["modules"]["rife_ifnet"]
    network = Interpolator()
    weights = recipe_weights("rife_ifnet", told["weight_seed"], told["gain"])
    network.load_state_dict({k: v for k, v in weights.items() if not k.startswith("block_tea.")})
    data = tensors("rife")
    found = network(data["img0"], data["img1"])
    for name, tensor in (("flow", found.flow), ("mask", found.mask), ("merged", found.frame)):
        assert relative(tensor, data[name]) < 1e-5, name


def test_n_frames_become_two_n_minus_one_and_keep_their_own() -> None:
    torch.manual_seed(0)
    frames = [torch.rand(3, 40, 50) for _ in range(4)]
    doubled = list(double_rate(iter(frames), Interpolator()))
    assert len(doubled) == 7
    for own, kept in zip(frames, doubled[::2], strict=True):
        assert own is kept
    assert all(x.shape == frames[0].shape for x in doubled)


def test_the_middle_of_equal_frames_does_not_depend_on_their_order() -> None:
    torch.manual_seed(0)
    network = Interpolator()
    first, second = torch.rand(2, 3, 32, 64)
    like = torch.zeros(1)
    there, back = middle_of(first, second, network, like), middle_of(second, first, network, like)
    torch.testing.assert_close(there, back, rtol=1e-4, atol=1e-5)


def test_warp_moves_by_whole_pixels() -> None:
    frame = torch.rand(1, 3, 8, 9)
    flow = torch.zeros(1, 2, 8, 9)
    flow[:, 0] = 2
    torch.testing.assert_close(warp(frame, flow)[..., :-2], frame[..., 2:], rtol=1e-4, atol=1e-5)

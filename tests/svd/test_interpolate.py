"""Frame interpolation against the published computation, and its stream."""

from __future__ import annotations

import torch
from golden_data import facts, needs_golden, recipe_weights, relative, tensors

from dicetalk.svd.interpolate import Interpolator, double_rate, middles_of, warp


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


def test_pairs_seen_at_once_have_the_middles_that_each_has_alone() -> None:
    torch.manual_seed(0)
    frames, network = list(torch.rand(6, 3, 40, 50)), Interpolator()
    alone = list(double_rate(iter(frames), network))
    for at_once in (2, 5, 9):
        for found, wanted in zip(double_rate(iter(frames), network, at_once), alone, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert list(double_rate(iter([]), network, 3)) == []
    assert list(double_rate(iter(frames[:1]), network, 3)) == frames[:1]


def test_the_middle_of_equal_frames_does_not_depend_on_their_order() -> None:
    torch.manual_seed(0)
    network = Interpolator()
    first, second = torch.rand(2, 3, 32, 64)
    there, back = middles_of(torch.stack([first, second, first]), network)
    torch.testing.assert_close(there, back, rtol=1e-4, atol=1e-5)


def test_warp_moves_by_whole_pixels() -> None:
    frame = torch.rand(1, 3, 8, 9)
    flow = torch.zeros(1, 2, 8, 9)
    flow[:, 0] = 2
    torch.testing.assert_close(warp(frame, flow)[..., :-2], frame[..., 2:], rtol=1e-4, atol=1e-5)

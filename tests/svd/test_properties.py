"""What must hold for the streamed U-Net and its loop with any weights."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from diffusers import UNetSpatioTemporalConditionModel
from diffusers.models.attention import FeedForward
from golden_data import relative
from svd_reference import LiteralClip, LiteralUNet, literal_loop
from svd_tiny import SIZES, tiny_config
from torch import Tensor

from dicetalk.svd.checkpoint import build_modules
from dicetalk.svd.denoiser import ClipConditions, ClipDenoiser, TokenTable, noisy_start
from dicetalk.svd.encoders import decode_latents
from dicetalk.svd.model import StreamedUNet, UNetConditions, start_streams
from dicetalk.svd.options import PRESETS, SvdOptions
from dicetalk.svd.presets import guidance_of, is_guided, padding_of, sample, scales_of, sigmas_of, windows_of
from dicetalk.svd.sizes import UNetSizes
from dicetalk.svd.streams import Stream, prepare

WIDTH, FRAMES, SIDE = 32, 3, 16


@cache
def unet() -> StreamedUNet:
    torch.manual_seed(0)
    return StreamedUNet(SIZES.unet).eval()


def streams(scale: float = 1.0, mask: Tensor | None = None, seed: int = 1) -> tuple[Stream, Stream]:
    generator = torch.Generator().manual_seed(seed)
    speech, emotion = (torch.randn(2, FRAMES, 4, WIDTH, generator=generator) for _ in range(2))
    return Stream.per_frame(speech, mask, scale), Stream.per_frame(emotion, mask, scale)


def arguments(seed: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sample = torch.randn(2, FRAMES, 8, SIDE, SIDE, generator=generator)
    return sample, torch.tensor(0.3), torch.randn(2, 1, WIDTH, generator=generator)


def call(both: tuple[Stream, Stream], model: StreamedUNet | None = None, region: Tensor | None = None) -> Tensor:
    latents, timestep, image = arguments()
    ids = torch.tensor([[12.5, 8.0, 16.0]]).expand(2, -1)
    return (model or unet())(latents, timestep, UNetConditions(image, *both, ids, region))


@torch.inference_mode()
def test_without_streams_it_is_the_stock_model() -> None:
    stock = UNetSpatioTemporalConditionModel(**vars(SIZES.unet)).eval()
    weights = {k: v for k, v in unet().unet.state_dict().items() if "processor" not in k}
    stock.load_state_dict(weights)
    latents, timestep, image = arguments()
    expected = stock(latents, timestep, image, torch.tensor([[12.5, 8.0, 16.0]]).expand(2, -1)).sample
    assert relative(call(streams(0.0)), expected) < 1e-5
    speech, emotion = (Stream(torch.zeros_like(s.tokens), s.index) for s in streams())
    # No bias: zero tokens have zero values.
    assert relative(call((speech, emotion)), expected) < 1e-5
    assert relative(call(streams()), expected) > 1e-3


def test_lean_layers_compute_what_stock_ones_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from dicetalk.svd import lean

    model = StreamedUNet(SIZES.unet).eval()
    recorded = call(streams(), model).detach()  # while gradients are recorded layers work as the stock ones
    monkeypatch.setattr(lean, "LARGEST", 3000)  # several slices in every layer, the last one shorter
    with torch.inference_mode():
        assert relative(call(streams(), model), recorded) < 1e-5
    kinds = {type(module) for module in model.modules()}
    assert {lean.LeanFeedForward, lean.LeanBlender} <= kinds and FeedForward not in kinds


@torch.inference_mode()
@pytest.mark.parametrize("shape", [(3, 64, 9, 7), (2, 64, 5, 6, 7)])
def test_groups_are_normalised_as_they_lie(shape: tuple[int, ...]) -> None:
    from dicetalk.svd.lean import LAST, channels_come_last, normalise_groups

    torch.manual_seed(0)
    norm = torch.nn.GroupNorm(32, 64)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    x = (3 + torch.randn(shape) * torch.rand(shape[0], 64, *[1] * (len(shape) - 2))).to(memory_format=LAST[len(shape)])
    found = normalise_groups(x, norm)
    assert relative(found, norm(x)) < 1e-5 and channels_come_last(found)
    assert channels_come_last(x) and not channels_come_last(x.contiguous()) and not channels_come_last(x.flatten(2))
    for dtype, near in ((torch.float16, 2e-3), (torch.bfloat16, 1e-2)):
        half = normalise_groups(x.to(dtype), norm)
        assert half.dtype == dtype and relative(half.float(), norm(x.to(dtype).float())) < near


@torch.inference_mode()
def test_a_film_decoded_with_channels_last_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from dicetalk.svd import lean

    config = tiny_config()
    vae: Any = build_modules(config | {"vae": config["vae"] | {"layers_per_block": 2}})["vae"]
    vae.to_empty(device="cpu").eval()
    torch.manual_seed(0)
    for p in vae.parameters():
        torch.nn.init.normal_(p, std=0.1)
    latents = torch.randn(3, 4, 8, 8)
    plain = torch.cat(list(decode_latents(vae, latents, 3)))
    lie: list[bool] = []

    def as_on_a_gpu(norm: torch.nn.GroupNorm, x: Tensor) -> Tensor:
        lie.append(lean.channels_come_last(x))
        return lean.normalise_groups(x, norm)

    monkeypatch.setattr(lean.LeanGroupNorm, "forward", as_on_a_gpu)
    assert relative(torch.cat(list(decode_latents(vae, latents, 3))), plain) < 1e-4
    assert any(lie)  # not all: films convolved on the processor lie as stock has them


@torch.inference_mode()
def test_a_mask_of_zeros_silences_spatial_layers_only() -> None:
    silent = call(streams(mask=torch.zeros(1, 1, 8 * SIDE, 8 * SIDE)))
    assert relative(silent, call(streams(0.0))) > 1e-4
    spatial_off = StreamedUNet(SIZES.unet).eval()
    weights = dict(unet().unet.state_dict())
    for key in weights:
        if "processor.to_v_ip" in key and "temporal" not in key:
            weights[key] = torch.zeros_like(weights[key])
    spatial_off.unet.load_state_dict(weights)
    assert relative(silent, call(streams(), spatial_off)) < 1e-5


@torch.inference_mode()
def test_a_mask_of_ones_is_no_mask() -> None:
    assert relative(call(streams(mask=torch.ones(1, 1, 8 * SIDE, 8 * SIDE))), call(streams())) < 1e-5


@torch.inference_mode()
def test_shared_tokens_are_the_same_as_copies() -> None:
    tokens, index = torch.randn(3, 4, WIDTH), torch.tensor([[0, 1, 1], [2, 0, 2]])
    shared = Stream(tokens, index)
    copies = Stream.per_frame(tokens[index])
    torch.testing.assert_close(shared.frame_mean(), copies.frame_mean())
    assert relative(call((shared, shared)), call((copies, copies))) < 1e-5


@torch.inference_mode()
def test_the_batch_is_a_stack_of_single_calls() -> None:
    both = streams()
    whole = call(both)
    latents, timestep, image = arguments()
    ids = torch.tensor([[12.5, 8.0, 16.0]])
    for i in range(2):
        speech, emotion = (Stream(s.tokens, s.index[i : i + 1]) for s in both)
        alone = unet()(latents[i : i + 1], timestep, UNetConditions(image[i : i + 1], speech, emotion, ids))
        assert relative(alone, whole[i : i + 1]) < 1e-5


@torch.inference_mode()
def test_region_features_are_added_to_every_frame() -> None:
    region = torch.randn(1, 1, 32, SIDE, SIDE)
    everywhere = call(streams(), region=region.expand(2, FRAMES, -1, -1, -1))
    assert relative(call(streams(), region=region), everywhere) < 1e-6
    assert relative(call(streams()), everywhere) > 1e-3


def test_masks_fit_every_token_grid() -> None:
    mask = torch.rand(1, 1, 72, 104)
    prepared = prepare(Stream(torch.zeros(1, 1, 1), torch.zeros(1, 1, dtype=torch.long), mask), 9, 13, 4)
    assert sorted(prepared.masks) == [2 * 2, 3 * 4, 5 * 7, 9 * 13]


def test_streams_start_from_the_layers_own_projections() -> None:
    model = StreamedUNet(SIZES.unet)
    start_streams(model.unet)
    state = model.unet.state_dict()
    keys = [key for key in state if "processor.to_k_ip" in key]
    assert len(keys) == 64
    for key in keys:
        assert torch.equal(state[key], state[key.split("processor")[0] + "to_k.weight"])


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 8e-2), (torch.float16, 1e-2)])
@torch.inference_mode()
def test_half_precision_stays_near(dtype: torch.dtype, tolerance: float) -> None:
    half = StreamedUNet(SIZES.unet).eval()
    half.unet.load_state_dict(unet().unet.state_dict())
    half.to(dtype)
    latents, timestep, image = arguments()
    speech, emotion = (Stream(s.tokens.to(dtype), s.index) for s in streams())
    ids = torch.tensor([[12.5, 8.0, 16.0]]).expand(2, -1)
    found = half(latents.to(dtype), timestep, UNetConditions(image.to(dtype), speech, emotion, ids))
    assert relative(found.float(), call(streams())) < tolerance  # the golden set's tolerance for half precision


@pytest.mark.slow
def test_gradient_checkpointing_gives_the_same_gradients() -> None:
    grads = []
    for checkpointing in (False, True):
        model = StreamedUNet(SIZES.unet)
        model.unet.load_state_dict(unet().unet.state_dict())
        if checkpointing:
            model.unet.enable_gradient_checkpointing()
        model.train()
        call(streams(), model).square().mean().backward()
        grads.append({name: p.grad for name, p in model.unet.named_parameters() if p.grad is not None})
    assert grads[0].keys() == grads[1].keys()
    assert sum("processor" in name for name in grads[0]) == 128
    assert all(relative(grads[1][name], grads[0][name]) < 1e-3 for name in grads[0] if grads[0][name].norm() > 1e-6)


@pytest.mark.parametrize("kind", ["SpatioTemporalResBlock", "BasicTransformerBlock", "LeanTemporalBlock"])
def test_every_kind_of_layer_runs_again_on_the_way_back(kind: str) -> None:
    model = StreamedUNet(SIZES.unet)
    runs: list[str] = []
    for name, module in model.unet.named_modules():
        if type(module).__name__ == kind and "mid_block" not in name:
            inner = next(one for one in module.modules() if isinstance(one, torch.nn.Linear | torch.nn.Conv2d))
            inner.register_forward_hook(lambda *_, name=name: runs.append(name))
    model.unet.enable_gradient_checkpointing()
    call(streams(), model.train()).square().mean().backward()
    assert runs and all(runs.count(name) == 2 for name in runs)


@pytest.mark.slow
def test_gradient_checkpointing_keeps_apart_what_two_calls_see() -> None:
    """Two forward passes, then one backward pass, as where a batch is gathered from several."""
    grads = []
    for checkpointing in (False, True):
        model = StreamedUNet(SIZES.unet)
        model.unet.load_state_dict(unet().unet.state_dict())
        if checkpointing:
            model.unet.enable_gradient_checkpointing()
        model.train()
        outs = torch.stack([call(streams(seed=seed), model) for seed in (1, 2)])
        outs.square().mean().backward()
        grads.append({name: p.grad for name, p in model.unet.named_parameters() if p.grad is not None})
    assert all(relative(grads[1][name], grads[0][name]) < 1e-3 for name in grads[0] if grads[0][name].norm() > 1e-6)


# --- the loop ---------------------------------------------------------------------------------------------


def tiny_clip(width: int = WIDTH, frames: int = 30, size: tuple[int, int] = (8, 16)) -> LiteralClip:
    generator = torch.Generator().manual_seed(3)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    mask = torch.zeros(1, 1, 8 * size[0], 8 * size[1])
    mask[..., 16:48, 30:80] = 1
    return LiteralClip(
        draw(1, 4, *size),
        draw(1, width),
        draw(frames, 4, width),
        draw(4, width),
        draw(4, width),
        draw(4, width),
        mask,
        draw(1, 32, *size),
    )


def loop(
    model: Any, clip: LiteralClip, options: SvdOptions, batch: int = 3, dtype: torch.dtype = torch.float32
) -> Tensor:
    plan, frames = options.plan, len(clip.speech)
    padding = padding_of(plan)
    emotion = clip.emotion.expand(frames, -1, -1)
    known = ClipConditions(
        clip.image_latents,
        clip.image,
        TokenTable.build(clip.speech.to(dtype), clip.no_speech.to(dtype), padding),
        TokenTable.build(emotion.to(dtype), clip.no_emotion.to(dtype), padding),
        torch.tensor([[12.5, 8.0, 16.0]]),
        clip.mask,
        clip.region[None].to(dtype),
    )
    guidance = guidance_of(plan, scales_of(options))
    denoiser = ClipDenoiser(model, known, windows_of(plan, frames), guidance, batch, dtype)
    noise = torch.randn(1, frames + 25, *clip.image_latents.shape[1:], generator=torch.Generator().manual_seed(4))
    start = noisy_start(clip.image_latents, noise[:, : frames + padding], 700.0)
    return sample(plan, denoiser, start, None)


@pytest.mark.slow
@torch.inference_mode()
def test_best_is_the_literal_loop() -> None:
    literal = LiteralUNet(SIZES.unet).eval()
    literal.unet.load_state_dict(unet().unet.state_dict())
    clip = tiny_clip()
    noise = torch.randn(1, 55, 4, 8, 16, generator=torch.Generator().manual_seed(4))
    expected = literal_loop(literal, clip, noise, 3)
    assert relative(loop(unet(), clip, SvdOptions(preset="best", steps=3)), expected) < 1e-4


@pytest.mark.slow
@torch.inference_mode()
@pytest.mark.parametrize("preset", PRESETS)
def test_the_batch_changes_nothing(preset: str) -> None:
    options = SvdOptions(preset=preset, steps=2)
    clip = tiny_clip()
    assert relative(loop(unet(), clip, options, 1), loop(unet(), clip, options, 7)) < 1e-4


@pytest.mark.slow
@torch.inference_mode()
def test_four_branches_at_equal_scales_are_three() -> None:
    clip = tiny_clip()
    three = loop(unet(), clip, SvdOptions(preset="best", steps=2))
    # A hair of difference makes the fourth branch appear; the result must not jump.
    hair = SvdOptions(preset="best", steps=2, emotion_scale=6.0 + 1e-6)
    assert relative(loop(unet(), clip, hair), three) < 1e-4
    apart = SvdOptions(preset="best", steps=2, emotion_scale=2.0)
    assert relative(loop(unet(), clip, apart), three) > 1e-3


@torch.inference_mode()
def test_branches_that_are_not_needed_are_not_computed() -> None:
    calls: list[int] = []

    def fake(latents: Tensor, _timestep: Tensor, _conditions: UNetConditions) -> Tensor:
        calls.append(len(latents))
        return latents[:, :, :4]

    clip = tiny_clip(frames=25)
    for steps, preset, predictions in ((2, "best", 2 + 3 + 2 * 3), (2, "fast", 1 + 2)):
        calls.clear()
        loop(fake, clip, SvdOptions(preset=preset, steps=steps))
        assert sum(calls) == predictions
    none = SvdOptions(preset="best", steps=1, image_scale=1, speech_scale=1, emotion_scale=1)
    calls.clear()
    loop(fake, clip, none)
    assert sum(calls) == 2


@torch.inference_mode()
def test_more_frames_of_padding_are_not_denoised_in_fast() -> None:
    seen: list[int] = []

    def fake(latents: Tensor, _timestep: Tensor, _conditions: UNetConditions) -> Tensor:
        seen.append(latents.shape[0] * latents.shape[1])
        return latents[:, :, :4]

    loop(fake, tiny_clip(frames=100), SvdOptions(preset="fast", steps=1))
    assert sum(seen) == 100


@pytest.mark.slow
@torch.inference_mode()
def test_the_loop_takes_half_the_time_of_the_literal_one() -> None:
    sizes = UNetSizes(
        block_out_channels=(32, 32, 64, 64),
        num_attention_heads=(1, 2, 4, 4),
        cross_attention_dim=1024,  # as published; with narrower tokens less is saved
        addition_time_embed_dim=16,
        projection_class_embeddings_input_dim=48,
    )
    torch.manual_seed(0)
    ours, literal = StreamedUNet(sizes).eval(), LiteralUNet(sizes).eval()
    literal.unet.load_state_dict(ours.unet.state_dict())
    clip = replace(tiny_clip(1024, 25, (8, 8)), speech=torch.randn(25, 32, 1024), emotion=torch.randn(32, 1024))
    clip = replace(
        clip, no_speech=torch.randn(32, 1024), no_emotion=torch.randn(32, 1024), mask=torch.ones(1, 1, 64, 64)
    )
    noise = torch.randn(1, 50, 4, 8, 8, generator=torch.Generator().manual_seed(4))
    took: dict[str, float] = {}
    for _ in range(2):
        for name, run in (
            ("literal", lambda: literal_loop(literal, clip, noise, 1)),
            ("ours", lambda: loop(ours, clip, SvdOptions(preset="best", steps=1))),
        ):
            begin = time.process_time()
            run()
            took[name] = min(took.get(name, 1e9), time.process_time() - begin)
    assert took["ours"] < 0.5 * took["literal"], took


@pytest.mark.parametrize(("dtype", "off"), [(torch.float16, 3e-2), (torch.bfloat16, 6e-2)])
@torch.inference_mode()
def test_the_loop_in_half_precision_stays_near(dtype: torch.dtype, off: float) -> None:
    """Latents stay float32 from step to step; only the network works in half precision."""
    clip, options = tiny_clip(frames=3, size=(8, 8)), SvdOptions(preset="fast", steps=2)
    half = StreamedUNet(SIZES.unet).eval()
    half.unet.load_state_dict(unet().unet.state_dict())
    whole = loop(unet(), clip, options)
    found = loop(half.to(dtype), clip, options, dtype=dtype)
    assert found.dtype == torch.float32 and 0 < relative(found, whole) < off


@pytest.mark.parametrize("name", [name for name in PRESETS if PRESETS[name].solver == "second-order"])
def test_the_solver_looks_not_back_over_where_guidance_begins_or_ends(name: str) -> None:
    """What a guided and an unguided step predict lie apart: a line through both leads nowhere."""
    plan = PRESETS[name]
    levels = sigmas_of(plan)
    guided = [is_guided(plan, sigma) for sigma in levels.tolist()][: plan.steps]
    switches = [step for step in range(1, plan.steps) if guided[step] != guided[step - 1]]
    assert len(switches) == 2
    met: list[Tensor] = []

    def denoise(x: Tensor, _sigma: float, step: int) -> Tensor:
        met.append(x)
        return torch.full_like(x, 1e3 if guided[step] else 2.0)

    sample(plan, denoise, torch.full((1, 1), 500.0), None)
    for step in switches:  # the step from a switch is one of first order: straight to what is seen there
        seen = 1e3 if guided[step] else 2.0
        straight = seen + (met[step] - seen) * levels[step + 1] / levels[step]
        torch.testing.assert_close(met[step + 1], straight, rtol=1e-4, atol=1e-3)


def test_the_start_carries_the_portrait() -> None:
    latents, noise = torch.ones(1, 4, 2, 2), torch.zeros(1, 3, 4, 2, 2)
    torch.testing.assert_close(noisy_start(latents, noise, 700.0), torch.full((1, 3, 4, 2, 2), 0.18215))

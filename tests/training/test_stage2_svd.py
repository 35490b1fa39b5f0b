"""Stage 2 of the svd backbone at tiny size: it learns, goes on, reaches every parameter, and gives a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("diffusers")
from latents_made import made_latents
from safetensors.torch import load_file
from svd_tiny import write_checkpoint

from dicetalk.data.latents import LatentClip, read_clips
from dicetalk.emotion.discriminator import UNLABELLED
from dicetalk.emotion.road import NamedPriors
from dicetalk.errors import CheckpointError, ConfigError, InputError
from dicetalk.low_rank import merge_low_rank
from dicetalk.media import read_video
from dicetalk.sampling import clean_from_v, scale_input
from dicetalk.svd.backbone import load_svd
from dicetalk.svd.model import stream_layers
from dicetalk.svd.options import SvdOptions
from dicetalk.svd.sizes import SvdSizes
from dicetalk.training.loop import LoopOptions, train
from dicetalk.training.recipes import SVD_TINY
from dicetalk.training.stage2_svd import Kept, SvdTask, open_task, train_svd
from dicetalk.training.svd_checkpoint import write_svd
from dicetalk.training.svd_net import SvdNet
from dicetalk.training.svd_recipe import Precision, Stage2Svd, SvdDrops, SvdWeights

TINY = replace(
    SVD_TINY, batch=2, frames=2, reach=4, loop=LoopOptions(steps=2, rate=3e-3, warmup=1, save_every=1, average=0.5)
)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("svd") / "tiny")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_latents(tmp_path_factory.mktemp("latents") / "made")


@pytest.fixture(scope="module")
def sizes() -> SvdSizes:
    from svd_tiny import SIZES

    return SIZES


def task_of(
    sizes: SvdSizes, clips: list[LatentClip], recipe: Stage2Svd, held_out: Sequence[LatentClip] = ()
) -> SvdTask:
    rng = np.random.default_rng(0)
    means = rng.standard_normal((3, 256)).astype(np.float32)
    torch.manual_seed(0)
    priors = NamedPriors(("neutral", "happy", "angry"), means, 0 * means)
    return SvdTask(SvdNet(sizes), clips, priors, recipe, held_out=held_out)


@pytest.mark.slow
def test_it_learns_goes_on_exactly_and_is_loaded(start: Path, data: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, start=str(start))
    train_svd([data], tmp_path / "whole", recipe)
    with pytest.raises(KeyboardInterrupt):
        train_svd([data], tmp_path / "halves", recipe, stop_half_way)
    train_svd([data], tmp_path / "halves", recipe)
    for name in ("unet", "bank", "speech_projector", "face_region"):
        one, other = (load_file(tmp_path / run / f"{name}.safetensors") for run in ("whole", "halves"))
        assert all(torch.equal(one[key], other[key]) for key in one), name
        assert any((one[key] != tensor).any() for key, tensor in load_file(start / f"{name}.safetensors").items())
    config = load_svd(tmp_path / "whole", SvdOptions(device="cpu")).config
    assert config["learned"] == ["made"] and config["recipe"]["held_out"] == ["person0"]
    header, *rows = (tmp_path / "whole" / "curves.csv").read_text().splitlines()
    assert {"diffusion", "bank", "classes", "held out error"} <= set(header.split(",")) and len(rows) == 2
    looks = [list(read_video(tmp_path / "whole" / "looks" / f"00000{step}.mp4")) for step in (1, 2)]
    assert [np.shape(frames) for frames in looks] == [(4, 128, 128, 3)] * 2  # two windows, true above made
    true, made = (np.array(looks, int)[:, :, rows] for rows in (slice(64), slice(64, None)))
    assert (
        np.abs(np.diff(true, axis=0)).mean() < 5 < np.abs(true - made).mean()
    )  # the same each time, but for the codec


def stop_half_way(done: int, _total: int) -> None:
    if done == 1:
        raise KeyboardInterrupt


@pytest.mark.slow
def test_the_loss_falls(sizes: SvdSizes, data: Path) -> None:
    clips = read_clips([data])[:1]
    task = task_of(sizes, clips, replace(TINY, drops=SvdDrops(all=0, voice=0, emotion=0)))
    optimizer = torch.optim.AdamW(task.net.parameters(), lr=3e-3)
    told = []
    for step in range(24):
        losses = task.losses(torch.Generator().manual_seed(step % 2))
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
        told.append(losses["diffusion"].item())
    assert np.mean(told[-4:]) < 0.8 * np.mean(told[:4])


@pytest.mark.slow
def test_gradients_reach_every_parameter(sizes: SvdSizes, data: Path) -> None:
    task = task_of(sizes, read_clips([data]), TINY)
    torch.nn.init.normal_(task.net.face_region.conv_out.weight)  # which starts at 0, and lets nothing through
    for seed in range(6):  # both ways of reading the bank, labelled and not
        task.losses(torch.Generator().manual_seed(seed))["loss"].backward()
    learns = {name: p.grad for name, p in task.net.named_parameters() if p.requires_grad}
    assert [name for name, grad in learns.items() if grad is None or not grad.abs().sum() > 0] == []


def test_streams_alone_learn_where_a_recipe_says_so(sizes: SvdSizes, data: Path) -> None:
    task = task_of(sizes, read_clips([data]), replace(TINY, learned="streams"))
    learns = {name for name, p in task.net.unet.named_parameters() if p.requires_grad}
    assert learns and all("processor" in name for name in learns)
    assert all(p.requires_grad for p in task.net.bank.parameters())


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_sixteen_bits_reckon_about_the_same(sizes: SvdSizes, data: Path, precision: Precision) -> None:
    clips, told = read_clips([data]), []
    for each in ("float32", precision):
        task = task_of(sizes, clips, replace(TINY, precision=each))
        told.append(task.losses(torch.Generator().manual_seed(0))["loss"])
    torch.testing.assert_close(*told, rtol=0.03, atol=0.0)  # eight bits of a number are kept, and errors add up
    assert task.is_scaled == (precision == "float16")
    if precision == "float16":  # the other one goes wrong on the processor, where it is refused
        told[1].backward()
        assert all(p.grad.isfinite().all() for p in task.net.parameters() if p.grad is not None)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_held_out_clips_are_looked_at_in_sixteen_bits(sizes: SvdSizes, data: Path, precision: Precision) -> None:
    clips, told = read_clips([data]), []
    for each in ("float32", precision):
        task = task_of(sizes, clips[1:], replace(TINY, precision=each), clips[:1])
        told.append(task.validation()["held out error"])
        true, made = task._look(clips[0])
        assert made.shape == true.shape and made.isfinite().all()
    assert told[1] == pytest.approx(told[0], rel=0.03)


def test_small_changes_alone_learn_and_are_none_at_first(sizes: SvdSizes, data: Path) -> None:
    clips = read_clips([data])
    lora = replace(TINY, learned="lora", rank=2, weights=SvdWeights(classes=0.0))
    plain, task = task_of(sizes, clips, TINY), task_of(sizes, clips, lora)
    told = [each.losses(torch.Generator().manual_seed(0))["diffusion"] for each in (plain, task)]
    torch.testing.assert_close(*told, atol=1e-5, rtol=1e-5)  # sums are added up in another order
    told[1].backward()
    learns = {name for name, p in task.net.named_parameters() if p.grad is not None}
    assert learns and all(name.endswith((".up", ".down")) and ".processor.to_" in name for name in learns)
    assert all(task.net.get_parameter(name).grad.any() for name in learns if name.endswith(".up"))  # type: ignore[union-attr]


@pytest.mark.slow
def test_small_changes_are_a_small_file_beside_the_checkpoint(start: Path, data: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, learned="lora", rank=2, start=str(start), loop=replace(TINY.loop, average=0.0))
    task = open_task(read_clips([data]), [], recipe)
    train(task, recipe.loop, tmp_path / "me")
    write_svd(tmp_path / "me", task.net.state_dict(), recipe, ["made"])
    assert {file.name for file in (tmp_path / "me").glob("*.safetensors")} == {"lora.safetensors", "state.safetensors"}
    state = load_file(tmp_path / "me" / "state.safetensors")
    assert not any(name.endswith("original") for name in state)  # what is frozen is not kept twice
    changed, plain = (load_svd(folder, SvdOptions(device="cpu")).modules.unet for folder in (tmp_path / "me", start))
    merge_low_rank(stream_layers(task.net.unet.unet))
    learned = task.net.unet.unet.state_dict()
    for name, tensor in changed.unet.state_dict().items():
        torch.testing.assert_close(tensor, learned[name], atol=1e-4, rtol=1e-3)  # changes are kept in 16 bits
        assert "_ip" in name or torch.equal(tensor, plain.unet.state_dict()[name])
    assert any((changed.unet.state_dict()[name] != tensor).any() for name, tensor in plain.unet.state_dict().items())
    with pytest.raises(ConfigError, match="small change of another"):
        train_svd([data], tmp_path / "more", replace(recipe, start=str(tmp_path / "me")))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "me").rename(tmp_path / "elsewhere" / "me")
    with pytest.raises(CheckpointError, match="put that one there again"):
        load_svd(tmp_path / "elsewhere" / "me", SvdOptions(device="cpu"))


def test_entries_of_the_bank_start_anew_where_streams_do(sizes: SvdSizes, data: Path) -> None:
    kept, anew = (task_of(sizes, read_clips([data]), replace(TINY, fresh=fresh)) for fresh in (False, True))
    losses = [task.net.bank.codebook(torch.from_numpy(task.priors.means)[None]).loss for task in (kept, anew)]
    assert losses[1] < 1e-10 < losses[0]


def test_the_target_is_the_one_that_the_sampler_undoes(sizes: SvdSizes, data: Path) -> None:
    """A network that told the true v would hand the sampler the clean latents."""
    task = task_of(sizes, read_clips([data]), TINY)
    batch = task.drawn(torch.Generator().manual_seed(0))
    sigma = torch.tensor([0.5, 20.0])
    seen: dict[str, torch.Tensor] = {}

    def predict(entering, timestep, _conditions):  # type: ignore[no-untyped-def]
        seen.update(entering=entering, timestep=timestep)
        return torch.zeros_like(batch.latents), torch.zeros(4, 64, 1, 1)

    task.net.predict = predict  # type: ignore[method-assign]
    ones = torch.ones(2)
    loss = task.losses_at(batch, sigma, Kept(ones, ones, ones), torch.Generator().manual_seed(1))["diffusion"]
    noise = torch.randn(batch.latents.shape, generator=torch.Generator().manual_seed(1))
    errors = []
    for number, level in enumerate(sigma.tolist()):
        noisy = batch.latents[number] + level * noise[number]
        torch.testing.assert_close(seen["entering"][number][:, :4], scale_input(noisy, level))
        v = (noisy / (level**2 + 1) - batch.latents[number]) * (level**2 + 1) ** 0.5 / level
        torch.testing.assert_close(clean_from_v(v, noisy, level), batch.latents[number], atol=1e-3, rtol=1e-3)
        errors.append(v.square().mean())
    torch.testing.assert_close(loss, torch.stack(errors).mean(), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(seen["timestep"], 0.25 * sigma.log())


def test_unlabelled_and_dropped_windows_have_no_class(sizes: SvdSizes, data: Path) -> None:
    clips = read_clips([data])
    task = task_of(sizes, [clip for clip in clips if not clip.emotion], TINY)
    batch = task.drawn(torch.Generator().manual_seed(0))
    assert (batch.classes == UNLABELLED).all()
    labelled = task_of(sizes, [clip for clip in clips if clip.emotion], TINY)
    one, none = torch.ones(2), torch.zeros(2)
    batch = labelled.drawn(torch.Generator().manual_seed(0))
    told = [
        labelled.losses_at(batch, one, Kept(one, one, kept), torch.Generator().manual_seed(0))["classes"]
        for kept in (one, none)
    ]
    assert told[0] > 0 and told[1] == 0


@pytest.mark.slow
def test_accumulated_batches_are_a_larger_batch(sizes: SvdSizes, data: Path, start: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, start=str(start), batch=1)
    train_svd([data], tmp_path / "run", replace(recipe, loop=replace(recipe.loop, accumulate=2, steps=1)))
    assert (tmp_path / "run" / "config.json").exists()


def test_what_cannot_be_trained_is_told(start: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="start="):
        train_svd([data], tmp_path, TINY)
    with pytest.raises(CheckpointError, match="no folder"):
        train_svd([data], tmp_path, replace(TINY, start=str(tmp_path / "none")))
    with pytest.raises(InputError, match="holds no latents"):
        train_svd([start], tmp_path, replace(TINY, start=str(start)))
    with pytest.raises(InputError, match="held out"):
        train_svd([data], tmp_path, replace(TINY, start=str(start), held_out=("person0", "person1", "person2")))
    with pytest.raises(ConfigError, match="on the processor gradients in bfloat16 are wrong"):
        train_svd([data], tmp_path, replace(TINY, start=str(start), precision="bfloat16"))
    with pytest.raises(ConfigError, match="precision"):
        replace(TINY, precision="float8")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="learned"):
        replace(TINY, learned="lips")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="shares"):
        SvdDrops(all=0.9, voice=0.2)

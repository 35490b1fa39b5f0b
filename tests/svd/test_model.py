"""The U-Net with streams against the published computation, and properties that hold for any weights."""

from __future__ import annotations

import json

import pytest
import torch
from golden_data import GOLDEN, facts, needs_golden, recipe, relative, tensors
from golden_networks import golden_unet
from torch import Tensor

from dicetalk.emotion.bank import EmotionBank
from dicetalk.emotion.discriminator import EmotionDiscriminator
from dicetalk.svd.model import StreamedUNet, UNetConditions
from dicetalk.svd.projectors import FaceRegionEncoder, SpeechProjector
from dicetalk.svd.streams import Stream

TOLERANCE = 1e-5  # measured rounding floor of these nets 1.0e-6 to 1.5e-6
TINY_CASES = (
    "square_rect",
    "wide_rect",
    "tall_allones",
    "allzero_mask",
    "soft_border",
    "two_masks_25f",
    "no_mask",
    "tokens_7_5",
)


def run(name: str, case: dict[str, Tensor], timestep: Tensor, scales: tuple[float, float] = (1.0, 1.0)) -> Tensor:
    batch, frames = case["sample"].shape[:2]
    image = case["image_embeds"].unflatten(0, (batch, frames))
    assert (image == image[:, :1]).all()
    speech, emotion = (
        Stream.per_frame(case[f"{k}_tokens"].unflatten(0, (batch, frames)), case.get(f"mask_{k}"), scale)
        for k, scale in zip(("audio", "emotion"), scales, strict=True)
    )
    conditions = UNetConditions(image[:, 0], speech, emotion, case["added_time_ids"], case.get("pose_features"))
    return golden_unet(name)(case["sample"], timestep, conditions)


def tiny_case(name: str) -> dict[str, Tensor]:
    return {k.removeprefix(f"{name}."): v for k, v in tensors("unet_tiny_cases").items() if k.startswith(f"{name}.")}


@needs_golden
@torch.inference_mode()
@pytest.mark.parametrize("name", TINY_CASES)
def test_single_calls_give_the_published_prediction(name: str) -> None:
    case = tiny_case(name)
    assert relative(run("tiny", case, case["timestep"]), case["out"]) < TOLERANCE


@needs_golden
@torch.inference_mode()
def test_stream_scales_are_the_published_ones() -> None:
    case = tiny_case("square_rect")
    found = run("tiny", case, case["timestep"], (0.5, 1.75))
    assert relative(found, case["out_adapter_scales_0.5_1.75"]) < TOLERANCE
    del case["pose_features"]
    found = run("tiny", case, case["timestep"], (0.0, 0.0))
    assert relative(found, case["out_adapter_scales_0_0_no_pose"]) < TOLERANCE


@needs_golden
@torch.inference_mode()
@pytest.mark.parametrize("name", ["w0", "w1"])
def test_wide_calls_give_the_published_prediction(name: str) -> None:
    told = facts("unet")["cases"][f"wide.{name}"]
    arrays = recipe()["unet_inputs"](
        name, facts("unet")["base_seed"], facts("unet")["config"]["wide"], told["frames"], *told["latent"]
    )
    mask = tensors("unet_wide_cases")[f"{name}.mask"]
    case = {k: torch.from_numpy(v) for k, v in arrays.items()} | {"mask_audio": mask, "mask_emotion": mask}
    found = run("wide", case, torch.tensor(told["timestep"]))
    assert relative(found, tensors("unet_wide_cases")[f"{name}.out"]) < TOLERANCE


@needs_golden
def test_full_size_modules_have_the_published_layout() -> None:
    published = json.loads((GOLDEN / "official_layout.json").read_text())["modules"]
    with torch.device("meta"):
        bank = EmotionBank().state_dict()
        bank |= {f"classifier.{k}": v for k, v in EmotionDiscriminator().state_dict().items()}
        ours = {
            "unet": StreamedUNet().unet.state_dict(),
            "pose_guider": FaceRegionEncoder().state_dict(),
            "audio_linear": SpeechProjector().state_dict(),
            "emo_model": bank,
        }
    for name, state in ours.items():
        told = {k: tuple(v["shape"]) for k, v in published[name]["state_dict"].items()}
        assert {k: tuple(v.shape) for k, v in state.items()} == told

"""The svd backbone at tiny size with seeded random weights, as a checkpoint of ours and as a published release."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dicetalk.checkpoints import write_config
from dicetalk.emotion.bank import BankSizes
from dicetalk.emotion.discriminator import EmotionDiscriminator
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.modules import save_tensors
from dicetalk.svd.checkpoint import EMOTIONS, build_modules, inner_of
from dicetalk.svd.interpolate import FlowBlock
from dicetalk.svd.sizes import KIND, VERSION, SpeechSizes, SvdSizes, UNetSizes

WIDTH = 32
SIZES = SvdSizes(
    unet=UNetSizes(
        block_out_channels=(32, 32, 64, 64),
        num_attention_heads=(1, 2, 4, 4),
        cross_attention_dim=WIDTH,
        addition_time_embed_dim=16,
        projection_class_embeddings_input_dim=48,
    ),
    speech=SpeechSizes(layers=3, channels=16, hidden=24, tokens=4, width=WIDTH),
    bank=BankSizes(width=WIDTH, hidden=24, tokens=4, codes=6, heads=2),
    region_widths=(8, 8, 12, 16),
)
VAE = {
    "_class_name": "AutoencoderKLTemporalDecoder",
    "block_out_channels": [32, 32, 32, 32],
    "layers_per_block": 1,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "latent_channels": 4,
    "sample_size": 64,
    "scaling_factor": 0.18215,
    "force_upcast": True,
}
CLIP = {
    "architectures": ["CLIPVisionModelWithProjection"],
    "model_type": "clip_vision_model",
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 224,
    "patch_size": 56,
    "projection_dim": WIDTH,
}
WHISPER = {
    "architectures": ["WhisperForConditionalGeneration"],
    "model_type": "whisper",
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
}


def tiny_config() -> dict[str, Any]:
    return SIZES.to_config() | {"vae": VAE, "clip": CLIP, "whisper": WHISPER}


def random_state(module: nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
    """Weights of about unit gain: every part of the network speaks."""
    state = {}
    for name, p in module.state_dict().items():
        if p.ndim > 1:
            state[name] = torch.randn(p.shape, generator=generator) / p[0].numel() ** 0.5
        else:
            one = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            state[name] = one + 0.1 * torch.randn(p.shape, generator=generator)
    return state


def random_states(seed: int = 0) -> dict[str, dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    modules = build_modules(tiny_config())
    return {name: random_state(module.get_submodule(inner_of(name)), generator) for name, module in modules.items()}


def random_priors(seed: int = 0, names: Sequence[str] = NAMES) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(1, 256, generator=generator) for name in names}


def write_checkpoint(folder: Path, seed: int = 0) -> Path:
    """A checkpoint of ours, as those were before they told their vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, state in random_states(seed).items():
        save_tensors(folder / f"{name}.safetensors", state)
    write_vocabulary(folder, NAMES, seed, tiny_config())
    return folder


def write_vocabulary(folder: Path, names: Sequence[str], seed: int, config: dict[str, Any]) -> None:
    """The emotions of a checkpoint, and the config that completes it."""
    save_tensors(folder / f"{EMOTIONS}.safetensors", random_priors(seed, names))
    write_config(folder, KIND, VERSION, config)


def write_release(folder: Path, seed: int = 0) -> Path:
    """The folder of the published release, with the same weights."""
    states = random_states(seed)
    own = folder / "DICE-Talk"
    (own / "emo").mkdir(parents=True)
    classifier = {f"classifier.{k}": v for k, v in EmotionDiscriminator(64).state_dict().items()}
    torch.save(states["unet"], own / "unet.pth")
    torch.save(states["speech_projector"], own / "audio_linear.pth")
    torch.save(states["face_region"], own / "pose_guider.pth")
    torch.save(states["bank"] | classifier, own / "emo_model.pth")
    teacher = {f"block_tea.{k}": v for k, v in FlowBlock(14).state_dict().items()}
    (folder / "RIFE").mkdir()
    wrapped = {f"module.{k}": v for k, v in (states["interpolator"] | teacher).items()}
    torch.save(wrapped, folder / "RIFE" / "flownet.pkl")
    svd = folder / "stable-video-diffusion-img2vid-xt"
    _write_stock(svd / "vae", VAE, states["vae"], "diffusion_pytorch_model.fp16")
    _write_stock(svd / "image_encoder", CLIP, states["clip"], "model.fp16")
    whisper = {f"model.encoder.{k}": v for k, v in states["speech_encoder"].items()}
    _write_stock(folder / "whisper-tiny", WHISPER, whisper | {"model.decoder.x": torch.zeros(1)}, "model")
    for name, prior in random_priors(seed).items():
        value = np.empty((), object)
        value[()] = {"mu": prior.numpy()}
        np.save(own / "emo" / f"{name}.npy", value, allow_pickle=True)
    return folder


def _write_stock(folder: Path, config: dict[str, Any], state: dict[str, Tensor], stem: str) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_tensors(folder / f"{stem}.safetensors", state)

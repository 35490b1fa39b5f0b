"""The ablations at a few steps: every row learns and is measured, a command goes on, the report has all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ablation
import numpy as np
import pytest
import torch
from ablated import ROWS, GruDenoiser, NoBank, RetrievingBank
from ablation_measures import without
from ablation_report import apart, interval
from actor_priors import same_actor_contrast
from motion_tiny import SIZES
from numpy.typing import NDArray
from safetensors.numpy import save_file

from dicetalk.data.passages import read_acted
from dicetalk.diffusion.channels import AHEAD, BACK, MOTION
from dicetalk.diffusion.model import Told
from dicetalk.emotion.bank import BankSizes
from dicetalk.emotion.space import SHIPPED
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.speech.stream import SPEECH

pytestmark = pytest.mark.skipif(not SHIPPED.is_dir(), reason="no embedder is shipped")

TINY = [
    f"--set={option}"
    for option in (
        *("loop.steps=3", "loop.warmup=1", "batch=4", "frames=30", "half=false"),
        *("sizes.width=24", "sizes.inner=32", "sizes.layers=2", "sizes.heads=2"),
        *("sizes.bank.width=16", "sizes.bank.hidden=16", "sizes.bank.tokens=2", "sizes.bank.codes=8"),
        "sizes.bank.heads=2",
    )
]
BANK = BankSizes(prior=8, width=12, hidden=16, tokens=2, codes=8, heads=2)


@pytest.fixture(scope="module")
def acted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Passages of two voices, one of them held out, by three actors in all emotions."""
    folder = tmp_path_factory.mktemp("acted")
    (folder / "passages").mkdir()
    drawn = np.random.default_rng(0)
    actors = drawn.uniform(0, 0.1, (3, 52)).astype(np.float16)
    for number in range(12):
        felt = np.eye(len(NAMES))[(number + np.arange(4)) % len(NAMES)]
        sample: dict[str, NDArray[Any]] = {
            "speech": drawn.normal(0, 1, (2, 150, SPEECH)),
            "motion": drawn.uniform(0, 0.5, (4, 150, MOTION)),
            "feelings": np.repeat(felt[:, None], 150, 1),
            "resting": actors[(number + np.arange(4)) % 3],
        }
        voice = "flite en rms" if number >= 8 else "flite en slt"
        half = {name: value.astype(np.float16) for name, value in sample.items()}
        save_file(half, folder / "passages" / f"{number}.safetensors", {"voice": voice})
    return folder


def ablate(acted: Path, out: Path, *more: str) -> None:
    ablation.main([str(acted), "-o", str(out), "--windows=3", "--faces-steps=2", "--threads=1", *TINY, *more])


@pytest.mark.slow
def test_every_row_is_learned_and_measured_and_the_same_command_goes_on(acted: Path, tmp_path: Path) -> None:
    ablate(acted, tmp_path, "--seeds=0", "--few-shot=contempt")
    files = sorted(tmp_path.glob("*-0.json"))
    assert len(files) == len(ROWS) + 2
    full = json.loads((tmp_path / "full-0.json").read_text())
    assert len(full["figures"]["emotion"]) == 3
    report = (tmp_path / "ablation.md").read_text()
    assert all(row.says in report for row in ROWS.values())
    assert "contempt | full, never learned" in report
    assert (tmp_path / "ablation.png").stat().st_size > 5000
    assert (tmp_path / "bank-sharing.png").stat().st_size > 5000
    before = {file: file.stat().st_mtime_ns for file in files}
    ablate(acted, tmp_path, "--seeds=0", "--few-shot=contempt")
    assert {file: file.stat().st_mtime_ns for file in files} == before
    with pytest.raises(SystemExit, match="another budget"):
        ablate(acted, tmp_path, "--seeds=1", "--set=loop.steps=4")


def test_without_an_emotion_nobody_feels_it(acted: Path) -> None:
    everything = read_acted([acted])
    some = without(everything, "sad")
    assert (everything.feelings[..., NAMES.index("sad")] > 0).any()
    assert not (some.feelings[..., NAMES.index("sad")] > 0).any()
    assert some.speech.shape == everything.speech.shape
    assert some.motion.shape == everything.motion.shape
    assert some.resting.shape == everything.resting.shape


def test_without_the_bank_its_entries_do_not_matter() -> None:
    prior, bank = torch.randn(3, 1, 8), NoBank(BANK)
    before = bank(prior)
    bank.codebook.codebook.weight.data += 1
    torch.testing.assert_close(bank(prior), before)


def test_the_retrieving_bank_is_used_as_it_was_trained() -> None:
    prior, bank = torch.randn(3, 1, 8), RetrievingBank(BANK)
    torch.testing.assert_close(bank(prior), bank.retrieve(prior)[0])
    assert not torch.allclose(bank(prior), super(RetrievingBank, bank).forward(prior))


def test_the_gru_sees_no_later_frame() -> None:
    net = GruDenoiser(SIZES)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    speech = net.speech_memory(torch.randn(1, BACK + 20 + AHEAD, SPEECH))
    emotion = net.emotion_memory(torch.randn(1, 2, SIZES.bank.width))
    condition = net.condition(torch.tensor([0.5]), torch.zeros(1, 52), torch.ones(1, 2))
    feels = torch.ones(1, 20, 2, dtype=torch.bool)
    past, gone = torch.zeros(1, 2, 0, 48), torch.zeros(0, dtype=torch.bool)
    told = Told(speech, net.near(speech), emotion, feels, condition, past, gone)
    noisy = torch.randn(1, 20, MOTION)
    changed = noisy.clone()
    changed[:, 12] += 1
    one, other = (net(each, torch.tensor([0.5]), told)[0] for each in (noisy, changed))
    torch.testing.assert_close(one[:, :12], other[:, :12])
    assert not torch.allclose(one[:, 12:], other[:, 12:])


def test_positives_of_the_same_actor_draw_only_those_together() -> None:
    emotions, identities = torch.tensor([1, 1, 1, 2]), torch.tensor([0, 0, 1, 0])
    apart_, together = torch.eye(4), torch.eye(4)
    together[1] = together[0]
    assert same_actor_contrast(together, emotions, identities) < same_actor_contrast(apart_, emotions, identities)
    others = torch.eye(4)
    others[2] = others[0]
    same = [same_actor_contrast(each, emotions, identities) for each in (others, apart_)]
    torch.testing.assert_close(same[0], same[1])


def test_intervals_hold_what_they_are_of() -> None:
    values = np.random.default_rng(0).normal(3, 1, (3, 200))
    mean, low, high = interval(values)
    assert low < mean < high
    assert high - low < 0.5
    assert apart("happy", "sad") > 150

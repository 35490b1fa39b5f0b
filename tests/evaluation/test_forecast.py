"""What svd would cost here, told before anything is loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from svd_tiny import tiny_config

from dicetalk.checkpoints import write_config
from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.evaluation.forecast import Forecast, forecast, svd_forecast
from dicetalk.svd.sizes import KIND, VERSION


@pytest.mark.slow
def test_costs_are_told_before_anything_is_loaded() -> None:
    costs = forecast(10.0, "cpu", tiny_config()).costs
    assert [(c.preset, c.memory) for c in costs][:3] == [("fast", "normal"), ("balanced", "normal"), ("best", "normal")]
    assert len(costs) == 6 and costs[0].petaflop < costs[1].petaflop < costs[2].petaflop
    assert all(low.gpu_peak_gb <= normal.gpu_peak_gb for low, normal in zip(costs[3:], costs[:3], strict=True))
    assert all(cost.fits and cost.predicted_s > 0 and cost.peak_gb > 0 for cost in costs)


def plain(found: Forecast) -> Forecast:
    """Without what another measurement of the machine changes."""
    return replace(found, free_gb=0, costs=[replace(cost, predicted_s=0) for cost in found.costs])


@pytest.mark.slow
def test_a_checkpoint_is_told_from_its_config_alone(tmp_path: Path) -> None:
    write_config(tmp_path, KIND, VERSION, tiny_config())
    assert plain(svd_forecast(tmp_path, 10.0, "cpu")) == plain(forecast(10.0, "cpu", tiny_config()))


def test_without_a_checkpoint_the_published_sizes_are_told() -> None:
    found = svd_forecast(None, 10.0, "cpu")
    assert (found.device, found.precision, found.seconds) == ("cpu", "float32", 10.0)
    assert found.costs[0].petaflop > 50 * forecast(10.0, "cpu", tiny_config()).costs[0].petaflop
    assert all(4 < cost.gpu_peak_gb < 10 for cost in found.costs)


@pytest.mark.slow
def test_what_does_not_fit_says_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicetalk.svd.cost.free_bytes", lambda _device: 10**9)
    found = forecast(10.0, "cpu", tiny_config())
    assert not found.able and found.free_gb == 1.0
    assert found.advice == "preset balanced with memory low and short_side 256 fits"
    monkeypatch.undo()
    assert forecast(10.0, "cpu", tiny_config()).advice == ""


def test_what_is_no_checkpoint_and_no_device(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        svd_forecast(tmp_path, 10.0, "cpu")
    with pytest.raises(ConfigError, match="there is no cuda:99 here"):
        svd_forecast(None, 10.0, "cuda:99")

"""Several processes of one run: each its own batch, one network, one writer. And: alone nothing changes."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from acted_passages import write_acted
from learning import Line, files, steps_done
from places import TESTS
from safetensors.numpy import load_file

from dicetalk.config import changed
from dicetalk.diffusion.checkpoint import read_model
from dicetalk.errors import MissingExtraError
from dicetalk.training import loop
from dicetalk.training.loop import RANKS_APART, STATE, LoopOptions, _gradients, train
from dicetalk.training.processes import ALONE, LAUNCHERS, launched

needs_accelerate = pytest.mark.skipif(find_spec("accelerate") is None, reason="accelerate is not installed")

RUN = """
import sys
from pathlib import Path

from safetensors.torch import save_file
from learning import Line, steps_done

from dicetalk.training.loop import LoopOptions, train
from dicetalk.training.processes import launched, leave


def stop(done, total):
    if done == 6:
        raise InterruptedError


folder, options = Path(sys.argv[1]), LoopOptions(steps=8, save_every=4)
processes = launched()
task = Line()
train(task, options, folder / "two", processes=processes)
save_file(task.net.state_dict(), folder / f"rank{processes.rank}.safetensors")
try:
    train(Line(), options, folder / "parts", stop, processes)
except InterruptedError:
    train(Line(), options, folder / "parts", None, processes)
leave(processes)
"""


def launch(count: int, *words: object, **told: str) -> subprocess.CompletedProcess[str]:
    """Start a Python program as that many processes on the processor, as `torchrun` and `accelerate launch` do."""
    line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(count), *words]
    paths = os.pathsep.join([str(TESTS), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", **told}
    return subprocess.run(list(map(str, line)), env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.slow
@needs_accelerate
def test_two_processes_keep_one_network_and_learn_from_both_batches(tmp_path: Path) -> None:
    """And a run that goes on after 4 steps is the uninterrupted one."""
    (tmp_path / "run.py").write_text(RUN)
    done = launch(2, tmp_path / "run.py", tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (load_file(tmp_path / f"rank{rank}.safetensors") for rank in (0, 1))
    train(Line(), LoopOptions(steps=8, save_every=4), tmp_path / "one")
    together, alone = (load_file(tmp_path / name / STATE) for name in ("two", "one"))
    for name in first:
        assert np.array_equal(first[name], second[name]) and np.array_equal(first[name], together[f"net.{name}"])
        assert not np.array_equal(first[name], alone[f"net.{name}"])
    assert steps_done(tmp_path / "two") == 8
    assert files(tmp_path / "parts") == files(tmp_path / "two")


MOTION = """
import sys
from pathlib import Path

from safetensors.torch import save_file

from dicetalk.config import changed
from dicetalk.training import stage2_motion
from dicetalk.training.processes import launched, leave
from dicetalk.training.recipes import MOTION_TINY

folder, kept, processes = Path(sys.argv[1]), [], launched()
recipe = changed(MOTION_TINY, ["loop.steps=4", "loop.save_every=2", "batch=4", "half=false"])
train = stage2_motion.train
stage2_motion.train = lambda task, *rest: (kept.append(task.net), train(task, *rest))
stage2_motion.train_motion([folder / "acted"], folder / "run", recipe, None, processes)
save_file({k: v.contiguous() for k, v in kept[0].state_dict().items()}, folder / f"rank{processes.rank}.safetensors")
leave(processes)
"""


@pytest.mark.slow
@needs_accelerate
def test_two_processes_learn_motion_together(tmp_path: Path) -> None:
    """Weights, and what is counted of the bank, are the same in both; one of them writes the model."""
    write_acted(tmp_path / "acted")
    (tmp_path / "motion.py").write_text(MOTION)
    done = launch(2, tmp_path / "motion.py", tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (load_file(tmp_path / f"rank{rank}.safetensors") for rank in (0, 1))
    assert [name for name in first if not np.array_equal(first[name], second[name])] == []
    assert steps_done(tmp_path / "run") == 4 and read_model(tmp_path / "run").levels[-1] == 0


SVD = """
import sys
from pathlib import Path

from dicetalk.config import changed
from dicetalk.training.processes import launched, leave
from dicetalk.training.recipes import SVD_TINY
from dicetalk.training.stage2_svd import train_svd

folder, processes = Path(sys.argv[1]), launched()
recipe = changed(SVD_TINY, [f"start={sys.argv[2]}", "loop.steps=3", "loop.warmup=1", "frames=4", "looks=0"])
train_svd([folder / "made"], folder / "two", recipe, None, processes)
leave(processes)
"""


@pytest.mark.slow
@needs_accelerate
def test_two_processes_learn_video_as_one_does_of_both_batches(
    tiny_svd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process whose steps are of two batches, drawn by the seeds of two processes: the same but for rounding."""
    pytest.importorskip("diffusers")
    from latents_made import made_latents

    from dicetalk.training.recipes import SVD_TINY
    from dicetalk.training.stage2_svd import train_svd

    # Of latents 8 wide the innermost are one wide: normalised over two numbers, which makes a chaos of rounding.
    made_latents(tmp_path / "made", people=4, side=16)
    (tmp_path / "svd.py").write_text(SVD)
    done = launch(2, tmp_path / "svd.py", tmp_path, tiny_svd)
    assert done.returncode == 0, done.stderr[-2000:]
    monkeypatch.setattr(loop, "PARTS_APART", RANKS_APART)
    options = ["loop.steps=3", "loop.warmup=1", "frames=4", "looks=0", "loop.accumulate=2"]
    train_svd([tmp_path / "made"], tmp_path / "one", changed(SVD_TINY, [f"start={tiny_svd}", *options]))
    one, two = (np.loadtxt(tmp_path / run / "curves.csv", delimiter=",", skiprows=1) for run in ("one", "two"))
    assert len(one) == 3 and np.allclose(one, two, rtol=1e-5, atol=0)
    before = load_file(tiny_svd / "unet.safetensors")
    after = [load_file(tmp_path / run / STATE) for run in ("one", "two")]
    names = {name: f"net.unet.unet.{name}" for name in before if f"net.unet.unet.{name}" in after[0]}
    way = sum(np.square(after[0][name] - before[short]).sum() for short, name in names.items()) ** 0.5
    apart = sum(np.square(after[0][name] - after[1][name]).sum() for name in names.values()) ** 0.5
    print(f"weights of the U-Net {apart / way:.1e} of their way apart")
    assert apart < 1e-3 * way


PARTS = """
import sys
from pathlib import Path

from learning import Line

from dicetalk.training.loop import LoopOptions, train
from dicetalk.training.processes import launched, leave


class Parts(Line):
    @property
    def blocks(self):
        return [self.net[0], self.net[2], self.net]


def stop(done, total):
    if done == 6:
        raise InterruptedError


folder, options = Path(sys.argv[1]), LoopOptions(steps=8, save_every=4, average=0.5)
processes = launched()
assert processes.sharded == (sys.argv[2] == "parts")
if processes.sharded:
    try:
        train(Parts(), options, folder / "parts", stop, processes)
    except InterruptedError:
        pass
train(Parts(), options, folder / sys.argv[2], None, processes)
leave(processes)
"""


@pytest.mark.slow
@needs_accelerate
def test_a_network_in_parts_learns_what_a_whole_one_does(tmp_path: Path) -> None:
    """As `accelerate launch --use_fsdp` starts them; and a run that goes on is the uninterrupted one."""
    (tmp_path / "parts.py").write_text(PARTS)
    for name, sharded in (("wholes", "false"), ("parts", "true")):
        done = launch(2, tmp_path / "parts.py", tmp_path, name, ACCELERATE_USE_FSDP=sharded)
        assert done.returncode == 0, done.stderr[-2000:]
    one, other = (load_file(tmp_path / name / STATE) for name in ("wholes", "parts"))
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-4, atol=1e-6, err_msg=name)  # sums in another order


def test_without_a_launcher_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)
    assert launched() == ALONE and ALONE.writes


def test_a_launcher_needs_accelerate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LAUNCHERS[0], "2")
    monkeypatch.setattr("dicetalk.errors.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="accelerate"):
        launched()


def test_no_two_processes_draw_the_same_batch() -> None:
    """Torch keeps the lower 32 bits of a seed: between those of two of 500 processes lie a million steps."""
    seeds = np.sort([rank * RANKS_APART % 2**32 for rank in range(500)])
    assert np.diff([*seeds, seeds[0] + 2**32]).min() > 1_000_000
    draws = [torch.rand(4, generator=torch.Generator().manual_seed(rank * RANKS_APART)) for rank in range(3)]
    assert not any(torch.equal(draws[0], other) for other in draws[1:])


def test_gradients_of_unused_parameters_count_as_zero() -> None:
    """Another process may have used them: all must average the same tensors."""
    net = torch.nn.ModuleDict({"used": torch.nn.Linear(1, 1), "not": torch.nn.Linear(1, 1)})
    net["used"](torch.ones(1)).sum().backward()
    assert [float(gradient.sum()) for gradient in _gradients(net)] == [1.0, 1.0, 0.0, 0.0]

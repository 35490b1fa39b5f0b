"""What holds for all tests: those of the svd backbone need its extra."""

from importlib.util import find_spec

import pytest

collect_ignore_glob: list[str] = []
if find_spec("torch") is None or find_spec("diffusers") is None:
    collect_ignore_glob += ["test_svd_*", "test_official_*", "test_emotion_bank.py", "test_sampling.py"]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads of several processes on few cores wait for each other: one is faster here, and steadier."""
    if find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)

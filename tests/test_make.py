"""README's two commands: what each installs, and that CI runs both as a newcomer does."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

from places import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HEAVY = {"torch", "jax", "matplotlib", "mediapipe", "diffusers", "transformers", "onnx"}


def rule(target: str) -> tuple[list[str], str]:
    """What a target depends on, and its recipe."""
    found = re.search(rf"^{re.escape(target)}:([^\n#]*)[^\n]*\n((?:\t[^\n]*\n)*)", MAKEFILE, re.MULTILINE)
    assert found, target
    return found[1].split(), found[2]


def installed_by(target: str) -> str:
    """The recipes of everything that a target depends on."""
    needs, recipe = rule(target)
    return recipe + "".join(installed_by(need) for need in needs if need not in ("pyproject.toml", "constraints.txt"))


def name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return found.group().lower().replace("-", "_")


def test_the_demo_needs_nothing_heavy() -> None:
    recipe = installed_by("demo")
    assert "--editable ." in recipe and "torch" not in recipe and "[" not in recipe
    assert {name(line) for line in PROJECT["dependencies"]}.isdisjoint(HEAVY)


def test_the_tests_install_what_they_need() -> None:
    recipe = installed_by("test")
    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", recipe)
    assert set(extras.split(",")) == {"dev", "eval", "provenance", "ray", "svd", "train", "voice", "web"}
    # PyTorch by itself first: else another package's range may take a build of several gigabytes.
    assert recipe.index("$(PIP) torch") < recipe.index("'.[")
    assert "pytest" in rule("test")[1] and "-k" not in rule("test")[1] and "--ignore" not in rule("test")[1]


def test_ci_runs_both_in_fresh_clones_before_anything_else() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lines = [line.strip() for line in script.splitlines() if line.strip() and not line.startswith(("#", " "))]
    makes = [line for line in lines if line.startswith(("fresh ", "make ", "pip "))]
    assert makes[:2] == ["fresh demo", "fresh test"] and makes[2].endswith(" check")
    assert lines[-1].endswith(" slow") and "--cov-fail-under" in lines[-1]
    assert 'git clone --quiet . "$clones/$1"' in script


def test_ci_leaves_no_test_out() -> None:
    """Slow ones are left out by `make test`, which is run by hand; what CI runs behind it are those."""
    assert "--slow" not in rule("test")[1]
    assert rule("slow")[1].split("pytest")[1].split() == [
        *rule("test")[1].split("pytest")[1].split(),
        "--slow",
        "-m",
        "slow",
    ]
    for target in ("full", "coverage"):
        options = rule(target)[1].partition("pytest")[2].split()
        assert "--slow" in options and {"-k", "-m", "--ignore", "--deselect"}.isdisjoint(options)


def test_every_package_is_pinned_and_bounded() -> None:
    pins = {name(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line}
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    for requirement in [*PROJECT["dependencies"], *extras]:
        assert name(requirement) in pins, requirement
    for requirement in PROJECT["dependencies"]:
        assert ">=" in requirement and "<" in requirement, f"{requirement}: within which versions was it seen to work?"


def test_a_video_is_made_without_what_is_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(done.stdout.split())


PROGRAM = """
import dataclasses, sys
from dicetalk import assets
from dicetalk.media import read_sound
from dicetalk.pipeline import load

sound = read_sound(assets.speech())
short = dataclasses.replace(sound, waveform=sound.waveform[:16000])
next(load()(assets.portrait(), short, emotion="auto", size=128).stream())
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""

"""What there is on this machine; what is missing is found and says what to do."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Any, Literal

import pytest

from dicetalk.evaluation import machine
from dicetalk.evaluation.machine import Check, common_checks, missing_extras, package, required


def found() -> dict[str, Check]:
    return {check.name: check for check in common_checks()}


def test_this_machine_can_run_the_tests() -> None:
    checks = found()
    assert {"python", "face models", "speech models", "H.264 encoder", "AAC encoder", "cores"} <= checks.keys()
    assert all(check.ok and check.found for check in checks.values()), checks
    assert {"numpy", "av"} <= checks.keys() and checks["numpy"].found == metadata.version("numpy")


def test_what_the_package_and_its_extras_require() -> None:
    assert {"numpy", "click"} <= set(required(None)) and "torch" not in required(None)
    assert {"torch", "diffusers", "transformers"} <= set(required("svd")) and required("no-such-extra") == []


def test_a_package_that_is_not_installed() -> None:
    assert package("no-such-package") == Check("no-such-package", False, "not installed", "pip install no-such-package")
    assert package("numpy") == Check("numpy", True, metadata.version("numpy"))


@pytest.mark.parametrize(("where", "what"), [("FACE_MODELS", "face models"), ("SPEECH_MODELS", "speech models")])
def test_a_model_that_is_missing(monkeypatch: pytest.MonkeyPatch, where: str, what: str) -> None:
    monkeypatch.setattr(machine, where, (*getattr(machine, where), "nothing.bin"))
    check = found()[what]
    assert not check.ok and check.found.startswith("nothing.bin is missing in ") and "pip install" in check.hint


def test_a_native_package_that_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    load = importlib.import_module

    def broken(name: str, *given: Any) -> Any:
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open\nshared object file")
        return load(name, *given)

    monkeypatch.setattr("importlib.import_module", broken)
    checks = found()
    assert not checks["cv2 loads"].ok and checks["cv2 loads"].found == "libGL.so.1: cannot open shared object file"
    assert "libGL.so.1" in checks["cv2 loads"].hint and "numba loads" not in checks


@pytest.mark.parametrize(("version", "able"), [((3, 10), False), ((3, 11), True), ((3, 12), True), ((4, 0), False)])
def test_the_version_of_python(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], able: bool) -> None:
    monkeypatch.setattr("sys.version_info", (*version, 0))
    (check,) = machine._python()
    assert check.ok == able


def test_encoders_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    def without(name: str, mode: Literal["r", "w"]) -> Any:
        if name == "libx264":
            raise UnknownCodecError(name)
        return Codec(name, mode)

    monkeypatch.setattr("av.codec.Codec", without)
    checks = found()
    assert not checks["H.264 encoder"].ok and checks["H.264 encoder"].found == "PyAV without libx264"
    assert checks["AAC encoder"].ok


def test_extras_that_lack_something(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, packages in missing_extras().items():
        assert packages and set(packages) <= set(required(name))
    monkeypatch.setattr(machine, "package", lambda name: Check(name, name != "diffusers", ""))
    lacking = missing_extras()
    assert lacking["svd"] == ["diffusers"] and "train" not in lacking

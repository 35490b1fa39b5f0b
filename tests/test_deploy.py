"""The examples under deploy/: what they say parses, and runs commands that there are."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest
from places import ROOT

from dicetalk.cli import cli

yaml = pytest.importorskip("yaml", reason="needs yaml, which `make develop` installs")


# click keeps the help option of a command once it is made: every context must have the real parent.
WHOLE = click.Context(cli, info_name="dicetalk", **cli.context_settings)


def read(name: str) -> list[Any]:
    return list(yaml.safe_load_all((ROOT / "deploy" / name).read_text(encoding="utf-8")))


def parses(arguments: list[str]) -> None:
    name, *rest = arguments
    cli.commands[name].make_context(name, rest, parent=WHOLE)


def test_the_services_of_compose() -> None:
    (found,) = read("compose.yaml")
    for name in ("serve", "batch"):
        parses(found["services"][name]["command"])
    assert (ROOT / "deploy" / found["services"]["batch"]["build"]["context"] / "Dockerfile").resolve().is_file()
    serve = found["services"]["serve"]
    (port,), (volume,) = serve["ports"], serve["volumes"]
    assert port.startswith("127.0.0.1:") and volume.partition(":")[0] in found["volumes"]
    assert "/healthz" in serve["healthcheck"]["test"][-1] and volume.endswith(serve["command"][-1])
    head = found["services"]["ray-head"]
    assert head["healthcheck"]["test"][:2] == ["CMD", "ray"] and head["volumes"] == ["${WORK:-./work}:/work"]


def test_the_job_of_kubernetes() -> None:
    claim, job = read("kubernetes.yaml")
    assert (claim["kind"], job["kind"], job["apiVersion"]) == ("PersistentVolumeClaim", "RayJob", "ray.io/v1")
    script = shlex.split(job["spec"]["entrypoint"])[2]
    parses(shlex.split(script.partition("&& dicetalk ")[2]))
    cluster = job["spec"]["rayClusterSpec"]
    pods = [group["template"]["spec"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]
    for pod in pods:
        (volume,), (mount,) = pod["volumes"], pod["containers"][0]["volumeMounts"]
        assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        assert volume["name"] == mount["name"] and mount["mountPath"] == "/work"
    assert f"ray=={cluster['rayVersion']}\n" in (ROOT / "constraints.txt").read_text()


@pytest.mark.parametrize("name", ["Dockerfile", "deploy/cuda.Dockerfile"])
def test_images_copy_what_there_is(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert 'ENTRYPOINT ["dicetalk"]' in text and "--constraint /opt/dicetalk/constraints.txt" in text
    extras = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for listed in re.findall(r"\[([a-z,]+)\]", text):
        for extra in listed.split(","):
            assert f"\n{extra} = [" in extras

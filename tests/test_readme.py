"""What the pages say is true: commands parse, snippets run, links lead somewhere, the tree exists."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path

import click
import pytest
from PIL import Image
from places import ROOT

from dicetalk.cli import cli
from dicetalk.cli.settings import MARK, read_settings
from dicetalk.emotion.own import is_own
from dicetalk.emotion.timeline import Timeline
from dicetalk.sources.scheme import source_of

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def named(page: Path, language: str) -> list[object]:
    """The blocks of a page as test parameters."""
    return [pytest.param(text, id=f"{page.stem}-{number}") for number, text in enumerate(blocks(page, language))]


LINES = [
    line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines() if not line.startswith("#")
]
COMMANDS = sorted({line for line in LINES if line.startswith("dicetalk ")})
TARGETS = sorted({line.split()[1] for line in LINES if line.startswith("make ")})


# click keeps the help option of a command once it is made: every context here must have the real parent.
WHOLE = click.Context(cli, info_name="dicetalk", **cli.context_settings)


def parse(line: str) -> click.Context:
    """Parse a command line without running it."""
    name, *arguments = shlex.split(line, comments=True)[1:]
    assert name in cli.commands
    return cli.commands[name].make_context(name, arguments, parent=WHOLE)


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_parse(line: str) -> None:
    context = parse(line)
    emotion = context.params.get("emotion")
    if emotion == "text":
        emotion = f"text:{context.params['text']}"
    if emotion and not emotion.endswith(".json") and not is_own(emotion):  # files that are not here
        source_of(emotion)


def test_parsing_is_seen_to_bite() -> None:
    assert len(COMMANDS) >= 8 and len(TARGETS) >= 4
    with pytest.raises(click.UsageError, match="No such option"):
        parse("dicetalk generate face.png speech.wav --mood happy")


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in TARGETS:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("code", [block for page in PAGES for block in named(page, "python")])
def test_snippets_run(code: str, hopper: Path, speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.open(hopper).resize((256, 300)).save(tmp_path / "face.png")
    (tmp_path / "speech.wav").symlink_to(speech)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "snippet", "exec"), {})


@pytest.mark.parametrize("text", [block for page in PAGES for block in named(page, "json")])
def test_timelines_and_settings_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "told.json").write_text(text)
    if MARK in text:
        assert read_settings(tmp_path / "told.json").values["seed"] == 3
    else:
        assert len(Timeline.read(tmp_path / "told.json").keys) > 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def tree() -> list[str]:
    """The paths of the README's project tree."""
    (block,) = re.findall(r"^```\n(src/dicetalk/.*?)^```", README, re.MULTILINE | re.DOTALL)
    paths, folder = [], ""
    for line in block.splitlines():
        name = line.split()[0]
        folder = folder if line.startswith(" ") else name
        paths.append(folder + name if line.startswith(" ") else name)
    return paths


def test_the_tree_is_true() -> None:
    drawn = tree()
    assert all((ROOT / path).exists() for path in drawn)
    there = {path.name for path in (ROOT / "src" / "dicetalk").iterdir() if not path.name.startswith("__pycache__")}
    shown = {Path(path).name for path in drawn if path.startswith("src/dicetalk/")} - {"dicetalk"}
    assert there - shown == {"__main__.py", "py.typed"}


def test_the_page_of_the_command_line_is_current() -> None:
    spec = importlib.util.spec_from_file_location("write_cli_docs", ROOT / "tools" / "write_cli_docs.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run: make docs"


def test_examples_in_the_help_parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {what: {"name": what, "sha256": ""} for what in ("portrait", "speech")}
    (tmp_path / "settings.json").write_text(json.dumps({"dicetalk_settings": 1, "files": files}))  # read while parsed
    monkeypatch.chdir(tmp_path)
    helps = [command.get_help(click.Context(command, parent=WHOLE)) for command in cli.commands.values()]
    examples = re.findall(
        r"^    (dicetalk (?:generate|demo|doctor|emotions|prepare|train).*)", "\n".join(helps), re.MULTILINE
    )
    assert len(examples) > 8
    for line in examples:
        parse(re.sub(r"\s{3,}.*", "", line))  # behind three spaces stands what it is for

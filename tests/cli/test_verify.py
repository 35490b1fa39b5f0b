"""Marks as they are looked at by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import dicetalk
from marks_made import CONSENT, marked

from dicetalk.marks.key import development_key
from dicetalk.marks.marks import Marks

pytest.importorskip("c2pa")


def test_the_exit_code_says_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = marked(tmp_path / "sheet.png", Marks(consent=CONSENT))
    assert dicetalk("verify", str(path)) == 0
    told = capsys.readouterr().out
    assert ": intact: " in told and "for whom nobody vouches" in told and told.count("\n") == 1
    path.write_bytes(path.read_bytes() + b"more")
    assert dicetalk("verify", str(path)) == 3
    assert dicetalk("verify", str(marked(path, Marks(which="none")))) == 4
    assert dicetalk("verify", str(tmp_path / "none.png")) == 2


def test_who_is_not_trusted_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signed, plain = marked(tmp_path / "a.png", Marks()), marked(tmp_path / "b.png", Marks(which="plain"))
    ours, others = tmp_path / "ours.pem", tmp_path / "others.pem"
    ours.write_bytes(development_key().certificates)
    others.write_bytes(ours.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another user"))
        others.write_bytes(development_key().certificates)
    assert dicetalk("verify", str(signed), "--trust", str(ours)) == 0
    assert "nobody" not in capsys.readouterr().out
    assert dicetalk("verify", str(signed), "--trust", str(others)) == 5
    assert f"for whom nobody in {others} vouches" in capsys.readouterr().out
    assert dicetalk("verify", str(plain), "--trust", str(ours), "--json") == 5
    assert json.loads(capsys.readouterr().out)["state"] == "intact"
    others.write_text("nobody")
    assert dicetalk("verify", str(signed), "--trust", str(others)) == 2
    assert "holds no certificates" in capsys.readouterr().err

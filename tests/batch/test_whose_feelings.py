"""Jobs that differ only by whose feelings of one conversation are shown are different jobs."""

from __future__ import annotations

from pathlib import Path

from dicetalk.batch.records import key_of
from dicetalk.jobs import Job


def test_each_speaker_of_a_conversation_is_a_job_of_its_own(tmp_path: Path, hopper: Path, speech: Path) -> None:
    turns = tmp_path / "turns.csv"
    turns.write_text("start,end,speaker,text\n0,1,anna,Hello.\n1,2,ben,Oh no.\n")
    moved = tmp_path / "again.csv"
    moved.write_bytes(turns.read_bytes())

    def key(emotion: str) -> str:
        return key_of(Job(portrait=hopper, speech=speech, output=tmp_path / "a.mp4", emotion=emotion))

    assert key(f"conversation:{turns}#anna") != key(f"conversation:{turns}#ben")
    assert key(f"conversation:{turns}#anna") == key(f"conversation:{moved}#anna")

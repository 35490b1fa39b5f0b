from __future__ import annotations

import time
from pathlib import Path

import pytest

from dicetalk.server.queue import FRESH, MOST_TRIES, FullError, Queue, Upload


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path / "jobs.sqlite")


def add(queue: Queue, id: str, needs: tuple[str, ...] = ()) -> None:
    queue.add(id, {"emotion": "happy"}, None, set(needs), 100)


def test_jobs_are_taken_in_the_order_in_which_they_came(queue: Queue) -> None:
    for id in "abc":
        add(queue, id)
    first = queue.claim("w-0")
    assert first is not None and (first.id, first.status, first.request) == ("a", "running", {"emotion": "happy"})
    waiting = queue.find("c")
    assert waiting is not None and queue.place(waiting.number) == 2
    assert queue.counts() == {"queued": 2, "running": 1, "done": 0, "failed": 0, "cancelled": 0}


def test_a_job_is_claimed_once(queue: Queue) -> None:
    add(queue, "a")
    other = Queue(queue.path)
    assert queue.claim("w-0") is not None and other.claim("v-0") is None


def test_a_full_queue_takes_no_more(queue: Queue) -> None:
    add(queue, "a")
    with pytest.raises(FullError):
        queue.add("b", {}, None, set(), 1)
    assert queue.find("b") is None


def test_a_lost_worker_s_job_waits_again_in_its_old_place_and_is_given_up_in_the_end(queue: Queue) -> None:
    add(queue, "a")
    add(queue, "b")
    for turn in range(MOST_TRIES):
        taken = queue.claim(f"w-{turn}")
        assert taken is not None and taken.id == "a"
        assert queue.lose(f"w-{turn}")
    given_up = queue.find("a")
    assert given_up is not None and given_up.status == "failed" and given_up.error is not None
    assert f"lost {MOST_TRIES} times" in given_up.error["error"] and given_up.ended is not None
    assert not queue.lose("w-0")


def test_what_ran_when_the_server_ended_waits_again_however_often(queue: Queue) -> None:
    add(queue, "a")
    for turn in range(MOST_TRIES + 2):
        assert queue.claim(f"w-{turn}") is not None
        Queue(queue.path).wait_again()
    found = queue.find("a")
    assert found is not None and found.status == "queued"


def test_a_worker_whose_claim_is_not_the_last_changes_nothing(queue: Queue) -> None:
    add(queue, "a")
    queue.claim("old-0")
    queue.wait_again()
    queue.claim("new-0")
    assert not queue.progress("old-0", {"done": 1}) and not queue.finish("old-0", {}, None)
    assert queue.finish("new-0", {"frames": 3}, None)
    found = queue.find("a")
    assert found is not None and (found.status, found.result, found.claim) == ("done", {"frames": 3}, "new-0")
    assert queue.claims() == {"new-0"}


def test_a_cancelled_job_is_nobody_s(queue: Queue) -> None:
    add(queue, "a")
    queue.claim("w-0")
    assert queue.cancel("a") and not queue.cancel("a")
    assert not queue.progress("w-0", {}) and not queue.finish("w-0", {}, None)
    queue.remove("a")
    assert queue.find("a") is None


def test_what_a_waiting_job_needs_does_not_expire(queue: Queue) -> None:
    for id in ("needed", "free"):
        queue.keep(Upload(id, "picture", "", {"bytes": 1}), lambda: None)
    add(queue, "a", ("needed",))
    add(queue, "b", ("free",))
    assert queue.cancel("b")
    removed: list[str] = []
    assert queue.expire(time.time() + 1, lambda upload: removed.append(upload.id)) == []
    assert removed == ["free"] and queue.uploads() == {"needed"}
    assert queue.find("a") is not None and queue.find("b") is None


def test_a_file_that_is_sent_again_or_named_counts_as_used(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Upload("x", "sound", "", {"bytes": 5, "seconds": 1.5})
    queue.keep(sent, lambda: None)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2 * FRESH)
    found = queue.upload("x")
    assert found is not None and found.to_json()["seconds"] == 1.5
    assert queue.expire(now + FRESH, lambda upload: None) == [] and queue.uploads() == {"x"}
    monkeypatch.setattr(time, "time", lambda: now + 5 * FRESH)
    queue.keep(sent, lambda: None)
    assert queue.expire(now + 4 * FRESH, lambda upload: None) == [] and queue.uploads() == {"x"}
    assert queue.upload("y") is None

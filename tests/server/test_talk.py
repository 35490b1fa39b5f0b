from __future__ import annotations

import time
from multiprocessing import Pipe

from dicetalk.server.talk import Ear


def test_what_is_said_is_heard_in_its_order_and_timed_when_it_comes() -> None:
    ours, theirs = Pipe()
    begun = time.monotonic()
    with Ear(theirs) as ear:
        for said in (bytes(1280), {"emotion": "sad"}, bytes(640)):
            ours.send(said)
        assert [ear.take() for _ in range(3)] == [bytes(1280), {"emotion": "sad"}, bytes(640)]
        come = list(ear.pace._came)
        assert [samples for samples, _ in come] == [640, 960] and all(when >= begun for _, when in come)
        assert not ear.is_left
        ours.send(None)
        assert ear.take() is None and ear.is_left


def test_who_leaves_is_not_drawn_for_any_more() -> None:
    ours, theirs = Pipe()
    with Ear(theirs) as ear:
        for said in (*[bytes(1280)] * 50, None):
            ours.send(said)
        while not ear.is_left:
            time.sleep(0.001)
        assert ear.take() is None  # the rest of what was said is not heard


def test_a_talk_that_fails_hears_to_its_end() -> None:
    """What is still said meanwhile is not taken for the next talk."""
    ours, theirs = Pipe()
    with Ear(theirs):
        ours.send(bytes(10))
        ours.send({"finish": True})
        ours.send(None)
        ours.send(("next", {}))
    assert theirs.recv() == ("next", {})


def test_a_server_that_is_gone_ends_it() -> None:
    ours, theirs = Pipe()
    with Ear(theirs) as ear:
        ours.close()
        assert ear.take() is None

"""A service that is asked for a reply: well, and every way in which it fails, in one line that tells no secret."""

from __future__ import annotations

import json
import socket

import pytest
from chat_services import Answer, babbling, dripping, dripping_before, endless, saying, sending, serving, silent

from dicetalk.errors import InputError
from dicetalk.reply.endpoint import KEY, endpoint
from dicetalk.reply.model import Message, model_of

SECRET, SAID = "sk-very-secret", "my cat is called Minka"
CHAT = [Message("system", "be kind"), Message("user", SAID)]


def test_it_completes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, SECRET)
    with serving(saying("hello")) as service:
        assert model_of(service.address, "small").complete(CHAT) == "hello"
    assert service.paths == ["/v1/chat/completions"]
    assert service.keys == [f"Bearer {SECRET}"]
    assert service.asked[0]["model"] == "small"
    assert service.asked[0]["messages"][1] == {"role": "user", "content": SAID}


def test_no_key_is_sent_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    with serving(saying("hello")) as service:
        model_of(f"{service.address}/chat/completions").complete(CHAT)
    assert service.keys == [None]
    assert service.paths == ["/v1/chat/completions"]
    assert "model" not in service.asked[0]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (silent, "did not answer within 0.4 s"),
        (dripping, "did not answer within 0.4 s"),
        (dripping_before, "did not answer within 0.4 s"),
        (endless, "over 1 MB"),
        (babbling, "does not speak HTTP"),
        (sending(b"", 302, Location="http://127.0.0.1:9/steal"), r"sends elsewhere \(302\)"),
        (sending(b"", 307, Location="http://127.0.0.1:9/steal"), r"sends elsewhere \(307\)"),
        (sending(SAID.encode(), 500), r"refused \(500\)"),
        (sending(SAID.encode(), 401), f"set {KEY}"),
        (sending(b"", 429), "too often"),
        (sending(b"<html>no</html>"), "no completion"),
        (sending(b"[" * 100_000), "no completion"),
        (sending(b"\xff\xfe\x00"), "no completion"),
        (sending(b'{"choices": []}'), "no completion"),
        (sending(b'{"choices": [{"message": {"content": null}}]}'), "no completion"),
        (sending(b'{"choices": "none"}'), "no completion"),
        (sending(b"{", Content_Length="400"), "did not answer within|does not speak HTTP|no completion"),
    ],
)
def test_what_fails_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, answer: Answer, line: str) -> None:
    monkeypatch.setenv(KEY, SECRET)
    with serving(answer) as service, pytest.raises(InputError, match=line) as raised:
        endpoint(service.address, "", 0.4 if answer in (silent, dripping, dripping_before) else 5.0).complete(CHAT)
    said = str(raised.value)
    assert "\n" not in said
    assert not any(secret in said for secret in (SECRET, SAID, "127.0.0.1", service.address))
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_one_that_is_down_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(InputError, match="cannot be reached"):
        endpoint(f"http://127.0.0.1:{port}/v1", "", 2).complete(CHAT)


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("http://", "not understood"),
        ("http://[::1", "not understood"),
        ("http://host:99999/v1", "not understood"),
        ("http://ann:word@host/v1", "name or a password"),
        ("http://host/a b", "signs that no address has"),
        ("http://host/\r\nX: y", "signs that no address has"),
        ("ftp://host/v1", "--llm is not understood"),
        ("sometext", "--llm is not understood"),
        ("local:", "names no folder"),
    ],
)
def test_no_address_is_told_without_it(address: str, line: str) -> None:
    with pytest.raises(InputError, match=line) as raised:
        model_of(address)
    assert "word" not in str(raised.value).replace("password", "")


def test_a_key_does_not_go_through_the_network_in_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, SECRET)
    with pytest.raises(InputError, match="https://") as raised:
        endpoint("http://example.org/v1", "", 5)
    assert SECRET not in str(raised.value)
    monkeypatch.setenv(KEY, "two\nlines")
    with pytest.raises(InputError, match="signs that no key has"):
        endpoint("https://example.org/v1", "", 5)


def test_nothing_of_it_is_shown_by_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, SECRET)
    shown = repr(endpoint("https://example.org/v1?token=abc", "small", 5))
    assert SECRET not in shown
    assert "example" not in shown
    assert json.dumps(shown)

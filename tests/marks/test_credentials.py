"""Content credentials, by the library that others read them with."""

from __future__ import annotations

import json
import random
import socket
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from marks_made import CONSENT, ORIGIN, marked

from dicetalk.errors import ConfigError
from dicetalk.marks.credentials import STORE
from dicetalk.marks.key import FILE, NAME, development_key, folder
from dicetalk.marks.marks import Marks
from dicetalk.marks.origin import SOURCE_TYPE
from dicetalk.marks.verdict import verify
from dicetalk.media import read_video

SIGNED = Marks(which="signed", consent=CONSENT)
NAMES = ("out.mp4", "out.m4v", "out.mov")


@pytest.mark.parametrize("name", NAMES)
def test_signed_videos_are_intact(name: str, tmp_path: Path) -> None:
    path = marked(tmp_path / name, SIGNED)
    found = verify(path)
    assert (found.state, found.signed, found.trusted, found.signer) == ("intact", True, False, NAME)
    assert found.origin == ORIGIN.to_json() | {"consent": CONSENT} and found.tool == "DiceTalk 0.1.0"
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert len(list(read_video(path))) == 12


def test_transparent_video_is_signed(tmp_path: Path) -> None:
    assert verify(marked(tmp_path / "out.mov", Marks(), alpha=True)).signed


def test_what_is_signed_is_the_usual(tmp_path: Path) -> None:
    assert verify(marked(tmp_path / "out.mp4", Marks())).signed
    assert not verify(marked(tmp_path / "out.webm", Marks())).signed


def test_others_read_that_it_was_generated(tmp_path: Path) -> None:
    with c2pa.Reader(marked(tmp_path / "out.mp4", SIGNED)) as reader:
        told = json.loads(reader.json())
    assertions = {one["label"]: one["data"] for one in told["manifests"][told["active_manifest"]]["assertions"]}
    action = assertions["c2pa.actions.v2"]["actions"][0]
    assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", SOURCE_TYPE)


@pytest.mark.parametrize("name", NAMES)
def test_any_byte_that_changes_shows(name: str, tmp_path: Path) -> None:
    path = marked(tmp_path / name, SIGNED)
    data, places = path.read_bytes(), random.Random(0)
    for place in [*(places.randrange(40, len(data)) for _ in range(60)), len(data) - 1]:
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        # the padding that signatures are kept in is covered by nothing, and says nothing
        assert verify(path).state == "changed" or data[place] == 0, place


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.999])
def test_what_is_cut_shows(share: float, tmp_path: Path) -> None:
    path = marked(tmp_path / "out.mp4", SIGNED)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert verify(path).state == "changed"


def test_credentials_that_were_taken_off_are_missed(tmp_path: Path) -> None:
    path = marked(tmp_path / "out.mp4", SIGNED)
    data = path.read_bytes()
    path.write_bytes(data.replace(STORE, bytes(16)))
    assert verify(path).state == "changed"
    begin = data.index(STORE)
    begin = data.rindex(b"uuid", 0, begin) - 4
    path.write_bytes(data[:begin] + data[begin + int.from_bytes(data[begin : begin + 4]) :])
    found = verify(path)
    assert (found.state, found.why) == ("changed", "the content credentials that it had are gone")


def test_what_is_encoded_anew_has_no_mark(tmp_path: Path) -> None:
    path, again = marked(tmp_path / "out.mp4", SIGNED), tmp_path / "again.mp4"
    with av.open(str(path)) as given, av.open(str(again), "w") as made:
        stream = made.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for frame in given.decode(video=0):
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    assert verify(again).state == "unmarked"


def test_a_mark_of_another_file_does_not_fit(tmp_path: Path) -> None:
    path, other = marked(tmp_path / "out.mp4", SIGNED), marked(tmp_path / "other.mov", SIGNED)
    mark = other.read_bytes()
    begin = mark.rindex(b"uuid", 0, mark.index(STORE)) - 4
    path.write_bytes(marked(path, Marks(which="none")).read_bytes() + mark[begin:][: int.from_bytes(mark[begin:][:4])])
    assert verify(path).state == "changed"


def test_nothing_is_asked_of_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        plain, path = marked(tmp_path / "plain.mp4", Marks(which="none")), tmp_path / "far.mp4"
        key = development_key()
        with (
            c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", key.certificates, key.private, None)) as signer,
            c2pa.Builder({"claim_generator_info": [{"name": "x"}], "assertions": []}) as builder,
        ):
            builder.set_intent(c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.DIGITAL_CREATION)
            builder.set_no_embed()
            builder.set_remote_url(f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa")
            with plain.open("rb") as source, path.open("w+b") as target:
                builder.sign(signer, "video/mp4", source, target)
        path.write_bytes(path.read_bytes() + STORE)
        assert verify(path).state in ("unmarked", "changed")
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_key_is_kept_for_its_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    made = development_key()
    assert made == development_key() and "PRIVATE" not in repr(made)
    if sys.platform == "linux":
        assert stat.S_IMODE((folder() / FILE).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder().stat().st_mode) == 0o700
        assert [file.name for file in folder().iterdir()] == [FILE]


def test_a_key_that_cannot_be_kept_or_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="cannot be kept"):
        Marks(which="signed").stamp(tmp_path / "out.mp4", ORIGIN)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder().mkdir()
    (folder() / FILE).write_text("nonsense")
    with pytest.raises(ConfigError, match="holds no signing key"):
        Marks(which="signed").stamp(tmp_path / "out.mp4", ORIGIN)


def own(folder: Path, key: CertificateIssuerPrivateKeyTypes, password: bytes | None = None) -> tuple[Path, Path]:
    """A key in a file, and its certificate in another."""
    pem = serialization.Encoding.PEM
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, lock))
    who = x509.Name([x509.NameAttribute(oid, "Ada") for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)])
    now, public = datetime.now(UTC), key.public_key()
    made = x509.CertificateBuilder(who, who, public, x509.random_serial_number(), now, now + timedelta(days=9))
    made = made.add_extension(x509.BasicConstraints(False, None), True)
    made = made.add_extension(x509.KeyUsage(True, *[False] * 8), True)
    made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    (folder / "cert.pem").write_bytes(made.sign(key, digest).public_bytes(pem))
    return folder / "key.pem", folder / "cert.pem"


KEYS: dict[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_of_ones_own_signs(kind: str, tmp_path: Path) -> None:
    key, certificate = own(tmp_path, KEYS[kind]())
    found = verify(marked(tmp_path / "out.mp4", Marks(key=key, certificate=certificate)))
    assert (found.state, found.signer) == ("intact", "Ada")


def test_a_key_that_cannot_sign_is_told(tmp_path: Path) -> None:
    key, certificate = own(tmp_path, KEYS["P-256"](), b"secret")
    with pytest.raises(ConfigError, match="without a password"):
        Marks(key=key, certificate=certificate).signing_key()
    with pytest.raises(ConfigError, match="no certificates"):
        Marks(key=own(tmp_path, KEYS["P-256"]())[0], certificate=key).signing_key()
    (tmp_path / "b").mkdir()
    _, others = own(tmp_path / "b", KEYS["P-256"]())
    with pytest.raises(ConfigError, match="is not that of"):
        Marks(key=key, certificate=others).signing_key()
    key, certificate = own(tmp_path, ec.generate_private_key(ec.SECP256K1()))
    with pytest.raises(ConfigError, match="C2PA does not take"):
        Marks(key=key, certificate=certificate).signing_key()

# SPDX-License-Identifier: MIT
"""STARTTLS and log-in at a real relay with a certificate of our own making: what is wrong has a code of its own, and no
password is ever said in the clear."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alerts.delivery.mail import Mailer
from alerts.model import ChannelKind, Message, Outcome, OutcomeKind
from alerts.net import Guard
from tests.pipeline.test_pipeline import Mailbox

pytestmark = pytest.mark.enable_socket
MESSAGE = Message(channel=ChannelKind.EMAIL, message_id="<1@x>", subject="s", text="t", html="<p>t</p>")


class Relay:
    """A relay that knows one user; `said` is every name and password that it was told."""

    def __init__(self) -> None:
        self.box = Mailbox()
        self.said: list[tuple[bytes, bytes]] = []
        self.port = 0

    def check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.said.append((data.login, data.password))
        return AuthResult(success=data.password == b"open sesame", handled=False)

    def send(self, login: str = "oncowire:open%20sesame@", tls: str = "starttls") -> Outcome:
        mailer = Mailer(
            Guard(frozenset({f"localhost:{self.port}"})),
            f"smtp://{login}localhost:{self.port}?tls={tls}",
            "alerts@example.org",
        )
        try:
            return mailer.send("alice@example.org", MESSAGE)
        finally:
            mailer.close()


Start = Callable[..., Relay]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def started(context: ssl.SSLContext | None, **asked: Any) -> Relay:
            relay = Relay()
            with socket.create_server(("127.0.0.1", 0)) as free:
                relay.port = free.getsockname()[1]
            controller = Controller(
                relay.box,
                hostname="127.0.0.1",
                port=relay.port,
                tls_context=context,
                require_starttls=context is not None,
                authenticator=relay.check,
                auth_required=context is not None,
                **asked,
            )
            controller.start()
            stack.callback(controller.stop)
            return relay

        yield started


def certificate(folder: Path, name: str) -> Path:
    """A file with a key and a certificate that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}.pem"
    file.write_bytes(plain + made.public_bytes(serialization.Encoding.PEM))
    return file


def secured(file: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The relay's side, with a certificate that this machine trusts."""
    file = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return secured(file)


def test_after_starttls_and_log_in_the_mail_goes_out(start: Start, trusted: ssl.SSLContext) -> None:
    relay = start(trusted)
    assert relay.send().kind is OutcomeKind.OK
    assert relay.said == [(b"oncowire", b"open sesame")]
    assert len(relay.box.mails) == 1


def test_a_wrong_password_waits_and_says_so_without_the_password(start: Start, trusted: ssl.SSLContext) -> None:
    relay = start(trusted)
    outcome = relay.send("oncowire:guess@")
    assert (outcome.kind, outcome.code) == (OutcomeKind.TRANSIENT, "smtp_login_refused")
    assert "guess" not in outcome.detail
    assert relay.box.mails == []


def test_a_relay_that_wants_a_log_in_and_got_none_is_told_apart(start: Start, trusted: ssl.SSLContext) -> None:
    relay = start(trusted)
    outcome = relay.send("")
    assert outcome.code == "smtp_530"
    assert relay.box.mails == []


def test_without_tls_neither_password_nor_mail_is_said(start: Start) -> None:
    relay = start(None)
    outcome = relay.send()
    assert (outcome.kind, outcome.code) == (OutcomeKind.TRANSIENT, "smtp_no_starttls")
    assert (relay.said, relay.box.mails) == ([], [])


def test_a_relay_that_knows_no_log_in_is_told_apart(start: Start) -> None:
    assert start(None, auth_require_tls=True).send(tls="none").code == "smtp_no_login"


@pytest.mark.parametrize("name", ["localhost", "other.example.org"])
def test_a_certificate_that_nobody_vouches_for_or_of_another_name_ends_it_before_the_password(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = certificate(tmp_path, name)
    if name != "localhost":
        monkeypatch.setenv("SSL_CERT_FILE", str(file))  # trusted, but of another host
    relay = start(secured(file))
    outcome = relay.send()
    assert (outcome.kind, outcome.code) == (OutcomeKind.TRANSIENT, "smtp_bad_certificate")
    assert (relay.said, relay.box.mails) == ([], [])

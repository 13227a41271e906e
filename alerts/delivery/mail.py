# SPDX-License-Identifier: MIT
"""Mail: settings of the relay, the message as RFC 5322 has it, and a kept SMTP connection through the guard."""

import binascii
import hashlib
import smtplib
import ssl
import threading
import time
from datetime import UTC, datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from email.utils import format_datetime, parseaddr
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from alerts.delivery.outcome import of_smtp
from alerts.errors import InputError, OncowireError
from alerts.model import Message, Outcome, OutcomeKind
from alerts.net import Guard


class Relay(NamedTuple):
    host: str
    port: int
    user: str
    password: str
    tls: str  # starttls · tls · none


def relay(url: str) -> Relay:
    """`smtp://user:pass@host:587?tls=starttls`, `smtps://…`. Raises InputError(bad_smtp_url)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError("bad_smtp_url", "ONCOWIRE_SMTP_URL cannot be read") from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise InputError("bad_smtp_url", "ONCOWIRE_SMTP_URL looks like smtp://user:password@host:587?tls=starttls")
    given = parse_qs(parts.query).get("tls", [""])[0]
    tls = given or ("tls" if parts.scheme == "smtps" or port == 465 else "starttls" if port == 587 else "none")
    if tls not in {"starttls", "tls", "none"}:
        raise InputError("bad_smtp_url", f"tls must be starttls, tls or none, not {tls!r}")
    return Relay(
        parts.hostname,
        port or (465 if tls == "tls" else 587 if tls == "starttls" else 25),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        tls,
    )


class _Plain(UnstructuredHeader):
    """A header for machines, written as it is. The library would fold a long one into RFC 2047 words, which no client that
    looks for List-Unsubscribe reads; RFC 5322 §2.1.1 lets a line have 998 characters."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["parse_tree"], kwds["decoded"] = None, value

    def fold(self, *, policy: "Policy[Any]") -> str:
        header: Any = self  # HeaderRegistry mixes this class into one that has a name
        return f"{header.name}: {self}{policy.linesep}"


class _Headers(HeaderRegistry):
    """Plain where the value is plain already; the library's own classes (RFC 2047 words) for the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._plain = type("_PlainHeader", (_Plain, BaseHeader), {})

    def __call__(self, name: str, value: Any) -> BaseHeader:
        plain = isinstance(value, str) and value.isascii() and "=?" not in value and len(value) < 900
        made: BaseHeader = self._plain(name, value) if plain else super().__call__(name, value)
        return made


POLICY: "EmailPolicy[EmailMessage]" = SMTP.clone(header_factory=_Headers())


def dated(message: Message, sender: str, now: datetime) -> Message:
    """A mail with the headers that must not change when it is sent again: who it is from, and when it was made."""
    return message.model_copy(update={"headers": {"From": sender, "Date": format_datetime(now), **message.headers}})


def letter(message: Message, sender: str, recipient: str) -> bytes:
    """HTML with its text twin; every header goes through the policy, which refuses line ends.

    The same message gives the same bytes, so that a repeat or a replay is what was sent before.
    """
    headers = dict(message.headers)
    mail = EmailMessage(policy=POLICY)
    mail["From"] = _sender(headers.pop("From", sender))
    mail["To"] = Address(addr_spec=recipient).addr_spec  # which refuses what is no address
    mail["Subject"] = message.subject
    mail["Message-ID"] = message.message_id
    mail["Date"] = headers.pop("Date", None) or format_datetime(datetime.now(UTC))
    mail["Auto-Submitted"] = "auto-generated"
    for name, value in headers.items():
        mail[name] = value
    mail["MIME-Version"] = "1.0"
    if not message.html:
        return _with_part(mail, message.text, "plain")
    boundary = b"=_" + hashlib.sha256(message.message_id.encode()).hexdigest()[:32].encode()
    mail["Content-Type"] = f'multipart/alternative; boundary="{boundary.decode()}"'
    text, markup = (
        _with_part(EmailMessage(policy=POLICY), *p) for p in ((message.text, "plain"), (message.html, "html"))
    )
    edge = b"\r\n--" + boundary
    return b"".join((_head(mail), edge[2:], b"\r\n", text, edge, b"\r\n", markup, edge, b"--\r\n"))


def _with_part(head: EmailMessage, text: str, subtype: str) -> bytes:
    """A head with its text. The library quotes and folds line by line in Python, which was three quarters of all the CPU
    that a mail took; what it would give is asked of it in the tests."""
    head["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    head["Content-Transfer-Encoding"] = "quoted-printable"
    plain = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    return _head(head) + binascii.b2a_qp(plain, istext=True).replace(b"\n", b"\r\n")


def _head(mail: EmailMessage) -> bytes:
    return b"".join(POLICY.fold_binary(name, value) for name, value in mail.raw_items()) + b"\r\n"


@lru_cache(maxsize=8)
def _sender(text: str) -> str:
    name, spec = parseaddr(text)
    if "@" not in spec:
        raise InputError("bad_mail_from", f"ONCOWIRE_MAIL_FROM holds no address: {text!r}")
    return str(Address(display_name=name, addr_spec=spec))


class _GuardedSMTP(smtplib.SMTP):
    """smtplib whose socket the guard opens, and whose commands share one deadline: a relay that takes its time over each of
    them must not make a send outlast its lease."""

    def __init__(self, guard: Guard, relay: Relay, context: ssl.SSLContext | None, deadline: float) -> None:
        self._guard, self._relay, self._tls = guard, relay, context
        self.deadline = deadline  # monotonic, of the mail under way
        super().__init__(relay.host, relay.port, timeout=self._left_s())

    def _left_s(self) -> float:
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the relay took too long")
        return left_s

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        made = self._guard.open_socket(host, port, timeout)
        made.settimeout(self._left_s())
        return self._tls.wrap_socket(made, server_hostname=host) if self._tls and self._relay.tls == "tls" else made

    def send(self, s: Any) -> None:
        if self.sock:
            self.sock.settimeout(self._left_s())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock:
            self.sock.settimeout(self._left_s())
        return super().getreply()


class Mailer:
    """One kept connection a thread; opened again when the relay has closed it.

    `limit_s`: for one mail, from connect to answer."""

    def __init__(self, guard: Guard, url: str, sender: str, limit_s: float = 20.0) -> None:
        self._guard, self._url, self._sender, self._limit_s = guard, url, sender, limit_s
        self._local = threading.local()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Made once: it costs more than sending a mail."""
        return ssl.create_default_context()

    def send(self, recipient: str, message: Message) -> Outcome:
        """Never raises for what a relay does. Lost after DATA began: unknown, since the relay may have it."""
        return self._send(recipient, message, time.monotonic() + self._limit_s)

    def _send(self, recipient: str, message: Message, deadline: float) -> Outcome:
        if not self._url:
            return Outcome(kind=OutcomeKind.TRANSIENT, code="smtp_not_configured", detail="ONCOWIRE_SMTP_URL is empty")
        try:
            mail = letter(message, self._sender, recipient)
            connection, fresh = self._connected(deadline)
        except OncowireError as exc:
            return Outcome(kind=OutcomeKind.TRANSIENT, code=exc.code, detail=exc.message)
        except (smtplib.SMTPException, OSError) as exc:  # first: a certificate's fault is a ValueError too
            return self._dropped(_why_not_connected(exc), exc, OutcomeKind.TRANSIENT)
        except (ValueError, IndexError) as exc:
            return Outcome(kind=OutcomeKind.PERMANENT_MESSAGE, code="bad_message", detail=str(exc))
        outcome = self._transact(connection, recipient, mail)
        if not fresh and outcome.kind is OutcomeKind.TRANSIENT and outcome.code in {"smtp_dropped", "smtp_421"}:
            self._local.connection = None  # a relay ends kept connections as it likes: that is no failure yet
            return self._send(recipient, message, deadline)
        return outcome

    def _transact(self, connection: smtplib.SMTP, recipient: str, mail: bytes) -> Outcome:
        in_data = False
        try:
            code, text = connection.mail(parseaddr(self._sender)[1])
            if code != 250:
                return self._reset(connection, of_smtp(code, _words(text), at_recipient=False))
            code, text = connection.rcpt(recipient)
            if code not in {250, 251}:
                return self._reset(connection, of_smtp(code, _words(text), at_recipient=True))
            in_data = True
            code, text = connection.data(mail)
        except smtplib.SMTPDataError as exc:
            return self._reset(connection, of_smtp(exc.smtp_code, _words(exc.smtp_error), at_recipient=False))
        except (smtplib.SMTPException, OSError) as exc:
            return self._dropped("smtp_dropped", exc, OutcomeKind.UNKNOWN if in_data else OutcomeKind.TRANSIENT)
        if code != 250:
            return self._reset(connection, of_smtp(code, _words(text), at_recipient=False))
        return Outcome(kind=OutcomeKind.OK, code="smtp_250", detail=_words(text), provider_id=_words(text)[:200])

    def _connected(self, deadline: float) -> tuple[smtplib.SMTP, bool]:
        """The kept connection, or a new one and True."""
        kept: _GuardedSMTP | None = getattr(self._local, "connection", None)
        if kept is not None:
            kept.deadline = deadline
            return kept, False
        where = relay(self._url)
        made = _GuardedSMTP(self._guard, where, self._context if where.tls == "tls" else None, deadline)
        try:
            made.ehlo_or_helo_if_needed()
            if where.tls == "starttls":
                made.starttls(context=self._context)
                made.ehlo()
            if where.user:
                made.login(where.user, where.password)
        except (smtplib.SMTPException, OSError):
            made.close()
            raise
        self._local.connection = made
        return made, True

    def greet(self) -> Outcome:
        """Connect, secure, log in; nothing is sent. Never raises for what a relay does."""
        try:
            self._connected(time.monotonic() + self._limit_s)
        except OncowireError as exc:
            return Outcome(kind=OutcomeKind.TRANSIENT, code=exc.code, detail=exc.message)
        except (smtplib.SMTPException, OSError) as exc:
            return self._dropped(_why_not_connected(exc), exc, OutcomeKind.TRANSIENT)
        return Outcome(kind=OutcomeKind.OK, code="smtp_ready")

    def _reset(self, connection: smtplib.SMTP, outcome: Outcome) -> Outcome:
        try:
            connection.rset()
        except (smtplib.SMTPException, OSError):
            self._local.connection = None
        return outcome

    def _dropped(self, code: str, exc: Exception, kind: OutcomeKind) -> Outcome:
        self._local.connection = None
        return Outcome(kind=kind, code=code, detail=f"{type(exc).__name__}: {exc}"[:300])

    def close(self) -> None:
        kept: smtplib.SMTP | None = getattr(self._local, "connection", None)
        if kept is not None:
            kept.close()
            self._local.connection = None


def _why_not_connected(exc: Exception) -> str:
    """What ops have to mend: the certificate, TLS, the password, or the relay itself."""
    if isinstance(exc, ssl.SSLCertVerificationError):
        return "smtp_bad_certificate"
    if isinstance(exc, ssl.SSLError):
        return "smtp_tls_failed"
    if isinstance(exc, smtplib.SMTPAuthenticationError):
        return "smtp_login_refused"
    if isinstance(exc, smtplib.SMTPNotSupportedError):
        return "smtp_no_starttls" if "STARTTLS" in str(exc) else "smtp_no_login"
    return "smtp_connect_failed"


def _words(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply

# SPDX-License-Identifier: MIT
"""Mails and webhook posts a second: our channels, stock Apprise, and the bare kept connection, side by side in one run.

    python benchmarks/delivery.py [MESSAGES]

One message after the other to receivers in a process of their own (aiosmtpd; a keep-alive HTTPS server on asyncio with a
certificate made for the run). Ours and the bare connection send the same bytes. Stock Apprise (mailto://, workflows://) gets
a new object for each message, since its own throttle would else wait 5.5 s. Medians of three rounds that take turns.
"""

import asyncio
import json
import os
import smtplib
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apprise
import certifi
import httpx2
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from alerts.config import load
from alerts.delivery import Sender, render
from alerts.delivery.mail import dated, letter
from alerts.model import ChannelKind, OutcomeKind
from tests.conftest import NOW
from tests.delivery import samples

ROUNDS = 3
STOCK_SHARE = 8  # stock Apprise sends this part of the messages: it takes so much longer


class Sink:
    """Takes every mail and forgets it."""

    async def handle_DATA(self, *_: object) -> str:
        return "250 kept"


async def _http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Enough of HTTP/1.1 for posts on a kept connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def certificate(folder: Path) -> Path:
    """A certificate for localhost that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "localhost.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM) + plain)
    return file


async def receive(pem: str) -> None:
    """Print the two ports, then serve for ever."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    mail = await loop.create_server(lambda: SMTP(Sink(), loop=loop), "127.0.0.1", 0)
    web = await asyncio.start_server(_http, "localhost", 0, ssl=context, family=socket.AF_INET)
    print(mail.sockets[0].getsockname()[1], web.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def timed(send: Callable[[], object], count: int) -> tuple[float, float]:
    """(messages a second, milliseconds of CPU a message)"""
    send()
    began, used = time.perf_counter(), time.process_time()
    for _ in range(count):
        send()
    return count / (time.perf_counter() - began), (time.process_time() - used) / count * 1000


def mail_senders(port: int, sender: Sender) -> dict[str, Callable[[], object]]:
    message = dated(render(ChannelKind.EMAIL, samples.approval(), "<1@bench.oncowire>"), "a@example.org", NOW)
    raw = letter(message, "a@example.org", "b@example.org")
    kept = smtplib.SMTP("127.0.0.1", port)
    url = f"mailto://127.0.0.1:{port}?from=a@example.org&to=b@example.org&mode=insecure&smtp=127.0.0.1"

    def ours() -> None:
        made = sender.send(ChannelKind.EMAIL, {"address": "b@example.org"}, message)
        assert made.kind is OutcomeKind.OK, made

    def stock() -> None:
        alone = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
        assert alone.add(url)
        assert alone.notify(title=message.subject, body=message.html, body_format=apprise.NotifyFormat.HTML)

    print(f"mail of {len(raw):,} bytes")
    return {
        "ours": ours,
        "bare smtplib": lambda: kept.sendmail("a@example.org", ["b@example.org"], raw),
        "stock": stock,
    }


def webhook_senders(port: int, sender: Sender) -> dict[str, Callable[[], object]]:
    message = render(ChannelKind.SLACK, samples.approval(), "<1@bench.oncowire>")
    raw = json.dumps(message.payload, ensure_ascii=False).encode()
    kept = httpx2.Client(verify=ssl.create_default_context())
    url = f"https://localhost:{port}/hook"

    def ours() -> None:
        made = sender.send(ChannelKind.SLACK, {"url": url}, message)
        assert made.kind is OutcomeKind.OK, made

    def stock() -> None:
        alone = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
        assert alone.add(f"workflows://localhost:{port}/flow/signature")
        assert alone.notify(title=message.subject, body=message.text)

    print(f"webhook payload of {len(raw):,} bytes")
    headers = {"Content-Type": "application/json"}
    return {"ours": ours, "bare httpx": lambda: kept.post(url, content=raw, headers=headers), "stock": stock}


def compare(what: str, senders: dict[str, Callable[[], object]], count: int) -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in senders}
    for _ in range(ROUNDS):
        for name, send in senders.items():
            found[name].append(timed(send, count // STOCK_SHARE if name == "stock" else count))
    rate = {name: statistics.median(r for r, _ in rounds) for name, rounds in found.items()}
    used = {name: statistics.median(c for _, c in rounds) for name, rounds in found.items()}
    bare = next(name for name in rate if name.startswith("bare"))
    for name in rate:
        print(f"  {what} {name:<14} {rate[name]:8.0f}/s  {used[name]:6.2f} ms CPU each")
    print(f"  {what}: ours / stock = {rate['ours'] / rate['stock']:.1f}, ours / bare = {rate['ours'] / rate[bare]:.2f}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    with tempfile.TemporaryDirectory() as folder:
        pem = str(certificate(Path(folder)))
        bundle = (
            Path(folder) / "bundle.pem"
        )  # as large as a real one, whose loading is most of what a new context costs
        known = ssl.get_default_verify_paths().cafile or certifi.where()
        bundle.write_bytes(Path(known).read_bytes() + Path(pem).read_bytes())
        os.environ |= {"SSL_CERT_FILE": str(bundle), "REQUESTS_CA_BUNDLE": str(bundle)}
        with subprocess.Popen(
            [sys.executable, __file__, "receive", pem], stdout=subprocess.PIPE, text=True
        ) as receivers:
            try:
                run(receivers, count)
            finally:
                receivers.kill()


def run(receivers: "subprocess.Popen[str]", count: int) -> None:
    assert receivers.stdout
    mail, web = map(int, receivers.stdout.readline().split())
    places = f"127.0.0.1:{mail},localhost:{web}"
    given = {"SMTP_URL": f"smtp://127.0.0.1:{mail}", "FETCH_ALLOW": places, "WEBHOOK_HOSTS": places}
    sender = Sender(load({f"ONCOWIRE_{key}": value for key, value in given.items()}))
    compare("mails", mail_senders(mail, sender), count)
    compare("posts", webhook_senders(web, sender), count)
    sender.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["receive"]:
        asyncio.run(receive(sys.argv[2]))
    else:
        main()

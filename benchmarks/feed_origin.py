# SPDX-License-Identifier: MIT
"""A local origin for benchmarks of polling: its own process, thousands of hosts (127.x.y.z), scripted by path.

`/first/N` is a feed with validators, `/same/N` the same without looking at them, `/changed/N` has something new each time,
`/slow/N` answers 304 after five seconds, `/hang/N` never; all on any address of 127.0.0.0/8.
"""

import asyncio
import random
import sys

WORDS = [
    "trial",
    "dose",
    "arm",
    "review",
    "board",
    "label",
    "cohort",
    "response",
    "signal",
    "survey",
    "council",
    "notice",
]


def feed(number: int, entries: int = 40, seed: int = 0) -> bytes:
    """RSS 2.0 with a summary and the article in HTML, about 220 kB as the mean of 200 feeds of the wild; the same for a
    number and seed."""
    dice = random.Random(number * 1000 + seed)
    items = "".join(_item(dice, number, n) for n in range(entries))
    head = f"<title>Feed {number}</title><link>http://example.org/{number}</link>"
    names = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return f'<?xml version="1.0"?><rss version="2.0" {names}><channel>{head}{items}</channel></rss>'.encode()


def _item(dice: random.Random, number: int, n: int) -> str:
    title = " ".join(dice.choices(WORDS, k=9)).capitalize()
    link = f"http://example.org/{number}/{n}"
    date = f"Tue, 24 Nov 2026 {n % 24:02}:00:00 GMT"
    paragraphs = "".join(_paragraph(dice, link) for _ in range(12))
    return (
        f"<item><title>{title} {number}-{n}</title><link>{link}</link><guid>{link}</guid><pubDate>{date}</pubDate>"
        f"<description>{' '.join(dice.choices(WORDS, k=40))}</description>"
        f"<content:encoded><![CDATA[{paragraphs}]]></content:encoded></item>"
    )


def _paragraph(dice: random.Random, link: str) -> str:
    words = " ".join(dice.choices(WORDS, k=40))
    return f'<p class="body"><a href="{link}?x=1">{words[:20]}</a> {words[20:]} <strong>{words[:9]}</strong> &amp; <br/></p>'


class Origin:
    """Enough of HTTP/1.1 for polls: keep-alive, GET, conditions by ETag."""

    def __init__(self) -> None:
        self.bodies: dict[int, bytes] = {}
        self.asked = 0

    def answer(self, path: str, headers: bytes) -> bytes:
        _, kind, number = path.split("/")
        etag = f'"{number}-1"'
        if kind in {"first", "slow"} and f"if-none-match: {etag}".encode() in headers.lower():
            return f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode()
        if kind == "changed":
            self.asked += 1
            body = feed(int(number), 10, self.asked)
        else:
            body = self.bodies.setdefault(int(number), feed(int(number)))
        extra = f"ETag: {etag}\r\n" if kind == "first" else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        return head.encode() + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                await asyncio.sleep({"slow": 5.0, "hang": 60.0}.get(path.split("/")[1], 0.0))
                writer.write(self.answer(path, head))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def main() -> None:
    server = await asyncio.start_server(Origin().serve, "0.0.0.0", 0, backlog=1024)  # noqa: S104 - 127.0.0.0/8
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

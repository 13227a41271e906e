# SPDX-License-Identifier: MIT
"""An origin that is a process of its own, as an outside check would run it: `python -m tests.feeds.outside LOG`.

It prints its port, answers by path on any address of 127.0.0.0/8, and appends each request to LOG as a line of JSON.
"""

import json
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ETAG, MODIFIED = 'W/"a, b";x=\xe9', "yesterday, 10 o'clock"


def feed(*titles: str, head: str = "") -> bytes:
    items = "".join(f"<item><title>{t}</title><guid isPermaLink='false'>{t}</guid></item>" for t in titles)
    return f'<rss version="2.0"><channel><title>Outside</title>{head}{items}</channel></rss>'.encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log_path: Path
    asked: Counter[str] = Counter()
    lock = threading.Lock()

    def do_GET(self) -> None:
        with self.lock:
            self.asked[self.path] += 1
            number = self.asked[self.path]
            line = {"at": time.time(), "path": self.path, "headers": dict(self.headers.items())}
            with self.log_path.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
        getattr(self, "answer_" + self.path.strip("/"))(number)

    def answer_plain(self, number: int) -> None:
        if self.headers.get("If-None-Match") == ETAG and self.headers.get("If-Modified-Since") == MODIFIED:
            self.say(304, ETag=ETAG)
        else:
            self.say(200, feed("plain"), ETag=ETAG, Last_Modified=MODIFIED)

    def answer_old(self, number: int) -> None:
        if number == 1:
            self.say(200, feed("kept"))
        else:
            host = (self.headers.get("Host") or "").replace("127.0.0.2", "127.0.0.3")
            self.say(301, Location=f"http://{host}/new")

    def answer_new(self, number: int) -> None:
        self.say(200, feed("kept", *(["late"] if number > 4 else [])))

    def answer_later(self, number: int) -> None:
        self.say(503 if number == 1 else 200, b"" if number == 1 else feed("later"), Retry_After="6")

    def answer_fresh(self, number: int) -> None:
        self.say(200, feed("fresh"), Cache_Control="max-age=6")

    def answer_ttl(self, number: int) -> None:
        self.say(200, feed("ttl", head="<ttl>1440</ttl>"))

    def answer_gone(self, number: int) -> None:
        self.say(410)

    def answer_slow(self, number: int) -> None:
        time.sleep(4 if number == 1 else 0)
        self.say(200, feed("slow"), ETag='"s"')

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    Handler.log_path = Path(sys.argv[1])
    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)  # all of 127.0.0.0/8
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()

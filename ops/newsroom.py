# SPDX-License-Identifier: MIT
"""News without end for rehearsals: one feed whose items are approvals, each of another drug, cancer or body."""

import hashlib
import itertools
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from worker.demo.formats import Published, rss

DRUGS = """
osimertinib amivantamab lorlatinib alectinib selpercatinib capmatinib tepotinib sotorasib adagrasib ivonescimab
pembrolizumab nivolumab atezolizumab durvalumab cemiplimab tislelizumab toripalimab zolbetuximab ramucirumab fruquintinib
olaparib niraparib talazoparib abemaciclib ribociclib palbociclib elacestrant capivasertib alpelisib inavolisib
enzalutamide darolutamide apalutamide abiraterone cabozantinib lenvatinib axitinib tivozanib belzutifan erdafitinib
venetoclax ibrutinib acalabrutinib zanubrutinib pirtobrutinib daratumumab isatuximab carfilzomib teclistamab elranatamab
blinatumomab inotuzumab gilteritinib midostaurin quizartinib revumenib ziftomenib imetelstat luspatercept momelotinib
""".split()  # noqa: SIM905 - reads better than sixty quoted words
CANCERS = (
    "non-small cell lung cancer",
    "breast cancer",
    "prostate cancer",
    "multiple myeloma",
    "hepatocellular carcinoma",
)
BODIES = ("FDA", "European Commission", "MHRA")


class Piece:
    """One approval; `marks` are the words by which its alert is recognised."""

    def __init__(self, number: int) -> None:
        drug, rest = number % len(DRUGS), number // len(DRUGS)
        self.drug, self.body = DRUGS[drug], BODIES[rest % len(BODIES)]
        self.cancer = CANCERS[(rest // len(BODIES)) % len(CANCERS)]
        self.title = f"{self.body} approves {self.drug} for adults with {self.cancer}"
        self.id = f"rehearsal-{number}"


class Newsroom:
    """Serves /feed.xml with the newest 40 pieces on `address`; `publish()` adds the next one."""

    def __init__(self, address: str) -> None:
        self._numbers = itertools.count()
        self._published: list[tuple[Piece, datetime]] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((address, 0), self._handler())
        self.host = f"{address}:{self._server.server_address[1]}"
        self.url = f"http://{self.host}/feed.xml"
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def publish(self) -> Piece:
        """One more approval stands in the feed from now on."""
        piece = Piece(next(self._numbers))
        with self._lock:
            self._published.append((piece, datetime.now(UTC)))
        return piece

    def document(self) -> bytes:
        with self._lock:
            newest = self._published[:-41:-1]
        items = [
            Published(
                p.id,
                p.title,
                f"<p>The {p.body} approved {p.drug} for {p.cancer}.</p>",
                f"http://{self.host}/{p.id}",
                at,
            )
            for p, at in newest
        ]
        return rss("Rehearsal newsroom", f"http://{self.host}/", items).encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        newsroom = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = newsroom.document()
                etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
                same = self.headers.get("If-None-Match") == etag
                self.send_response(304 if same else 200)
                self.send_header("ETag", etag)
                self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
                self.send_header("Content-Length", "0" if same else str(len(body)))
                self.end_headers()
                if not same:
                    self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Quiet."""

        return Handler

# SPDX-License-Identifier: MIT
"""As much of curl as docs/api.md uses, for machines that have none: `python -m tests.console.curl -sS URL -H … -d …`.

An option that it does not know ends it with an error, so that an example is never sent half.
"""

import argparse
import http.client
import sys
from urllib.parse import urlsplit


def main() -> None:
    """Send one request and print the body of the answer, whatever its status, as curl does."""
    parser = argparse.ArgumentParser(prog="curl", allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-sS", action="store_true", required=True)
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="text")
    parser.add_argument("--data-binary", dest="file", choices=["@-"])
    given = parser.parse_args()
    body = sys.stdin.buffer.read() if given.file else given.text.encode() if given.text is not None else None
    headers = dict(line.split(": ", 1) for line in given.headers)
    url = urlsplit(given.url)
    connection = http.client.HTTPConnection(url.netloc, timeout=30)
    path = url.path + (f"?{url.query}" if url.query else "")
    connection.request(given.method or ("GET" if body is None else "POST"), path, body, headers)
    sys.stdout.buffer.write(connection.getresponse().read())
    connection.close()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Addresses in any script, as they go on the wire: the host by IDNA 2008, the rest percent-encoded UTF-8 (RFC 3987 §3.1).

Strict on purpose: nothing is mapped but case and composition, so that circled digits, wide dots and zero-width
characters, which browsers turn into plain ones, are refused before the guard could see something else in them.
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit

import idna

from alerts.errors import Permanent

SAFE = "%/:?#[]@!$&'()*+,;=~\\"  # what `quote` leaves alone: an address that is encoded already stays as it is
_OTHER_DOTS = re.compile("[\u3002\uff0e\uff61]")


def ascii_url(url: str) -> str:
    """Raises Permanent(address_refused_syntax, address_refused_host). An address in ASCII comes back as it is."""
    if url.isascii():
        return url
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Permanent("address_refused_syntax", "the address cannot be read") from None
    user, at, _ = parts.netloc.rpartition("@")
    netloc = quote(user, safe=SAFE) + at + ascii_host(host) + (f":{port}" if port is not None else "")
    made = parts._replace(netloc=netloc, path=quote(parts.path, safe=SAFE), query=quote(parts.query, safe=SAFE))
    return made._replace(fragment=quote(parts.fragment, safe=SAFE)).geturl()


def ascii_host(host: str) -> str:
    """Raises Permanent(address_refused_host)."""
    if host.isascii():
        return f"[{host}]" if ":" in host else host
    if _OTHER_DOTS.search(host):
        raise Permanent("address_refused_host", "the host is neither a name nor a plain IP address")
    try:
        return idna.encode(unicodedata.normalize("NFC", host.lower()), std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise Permanent("address_refused_host", "the host is no name that IDNA 2008 allows") from None

# SPDX-License-Identifier: MIT
"""Politeness towards a host: what counts as one, and how much it is asked. The claim (store/feeds.py) keeps to it."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

import tld

MAX_AT_A_TIME = 2
GAP_S = 1.05  # a second, and what it takes until a claimed feed is asked


@lru_cache(maxsize=10_000)
def host_key(url: str) -> str:
    """What is polite to together: the registrable domain (public suffix list), an IP address with its port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return str(tld.get_fld(f"http://{host}/", fail_silently=True) or host)
    return parts.netloc.lower()


def public(url: str) -> bool:
    """Is it a host of the open net? There a 429 speaks for the host; a machine of our own may hold anything."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".internal", ".home.arpa"))

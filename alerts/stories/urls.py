# SPDX-License-Identifier: MIT
"""Comparison key of an address. The reader always gets the original link."""

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from url_normalize import url_normalize

_TRACKING = re.compile(
    r"^(?:utm_.*|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|igshid|ref|ref_src|source|src|cmpid|cid|oc|ncid|guccounter|_ga|_gl|amp|outputType|rss|feed|via|trk|mkt_tok|sh|s_cid|spm)$",
    re.I,
)
_WRAPPERS = ("google.com/url", "www.google.com/url", "news.google.com/url")
_AMP = re.compile(r"^(?:[a-z0-9-]+\.)?cdn\.ampproject\.org$")


def url_key(url: str) -> str:
    """Scheme, www/m/amp, tracking, index pages and wrappers removed. Empty for no usable address."""
    try:
        parts = urlsplit(url_normalize(_unwrapped(url.strip()), default_scheme="https") or "")
    except (ValueError, UnicodeError):
        return ""
    host = re.sub(r"^(?:www\d?|m|mobile|amp)\.", "", (parts.hostname or "").lower())
    if not host:
        return ""
    path = re.sub(r"/(?:index|default)\.(?:html?|php|aspx?)$", "", parts.path)
    path = re.sub(r"(?:/amp|\.amp)?/?$", "", path)
    query = sorted((k, v) for k, v in parse_qsl(parts.query) if not _TRACKING.match(k))
    return host + path + (f"?{urlencode(query)}" if query else "")


def _unwrapped(url: str) -> str:
    parts = urlsplit(url)
    if parts.netloc + parts.path in _WRAPPERS:
        inner = dict(parse_qsl(parts.query))
        return inner.get("url") or inner.get("q") or url
    if _AMP.match(parts.netloc):
        return "https://" + re.sub(r"^/[cvi]/(?:s/)?", "", unquote(parts.path))
    return url

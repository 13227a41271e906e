# SPDX-License-Identifier: MIT
"""The main text of an article's page, without menus and ads (trafilatura). Only ever called in the child process."""

from alerts.feeds.parse import MAX_SUMMARY_CHARS, clean


def main_text(body: bytes, url: str) -> str:
    """Cleaned HTML, empty if the page has no main text."""
    import trafilatura  # heavy, and only feeds that read articles need it

    found = trafilatura.extract(body, url=url, output_format="html", include_comments=False, include_tables=True)
    return clean(found or "")[:MAX_SUMMARY_CHARS]

# SPDX-License-Identifier: MIT
"""Logs: one structured line an event on standard error, as JSON or for people; nothing secret, nobody's full address.

Everything that belongs to one piece of news carries the same `trace` (`i<id>` of the story's first item), from the reading of
what a poll stored to its deliveries: it is read from rows, so no message has to carry it. Lines of libraries take the same road.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from alerts.config import Settings

MASK = "***"
_SECRET_KEYS = re.compile(
    r"pass(word)?|secret|token|authorization|cookie|api_?key|smtp_url|webhook|sealed", re.IGNORECASE
)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_WEBHOOK = re.compile(
    r"(https?://(?:hooks\.slack\.com/services|[\w.-]*(?:logic\.azure|powerplatform|powerautomate)[\w.-]*(?::\d+)?)/)[^\s\"']+"
)
_QUERY_SECRET = re.compile(r"([?&](?:sig|token|key|t|s)=)[^&\s\"']+", re.IGNORECASE)
_BOT_TOKEN = re.compile(r"\bxox[a-z]-[\w-]+")
_EMAIL = re.compile(r"\b([A-Za-z0-9])[A-Za-z0-9._%+-]*(@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)\b")


def configure(settings: Settings) -> None:
    """Set up structlog and the standard library's root logger for this process. Calling it again changes nothing."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    last: structlog.types.Processor = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = _ToStderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    # Their INFO lines are about themselves (a line for each sweep); what the stages do is logged by the product.
    for name in ("celery", "kombu", "apprise", "urllib3", "uvicorn", "alembic", "httpx"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class _ToStderr(logging.StreamHandler[TextIO]):
    """Standard error as it is at the moment of writing: it may have been replaced since (by a test, by a daemon)."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: values under secret names and secrets inside texts become `***`."""
    for key, value in event.items():
        event[key] = MASK if _SECRET_KEYS.search(key) and value else _clean(value)
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {k: MASK if _SECRET_KEYS.search(str(k)) and v else _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(part) for part in value]
    return value


def masked(text: str) -> str:
    """`text` without credentials of addresses, webhook paths, signatures, bot tokens, and with mail addresses shortened."""
    text = _USERINFO.sub(f"{MASK}@", text)
    text = _WEBHOOK.sub(rf"\g<1>{MASK}", text)
    text = _QUERY_SECRET.sub(rf"\g<1>{MASK}", text)
    text = _BOT_TOKEN.sub(f"xox-{MASK}", text)
    return _EMAIL.sub(rf"\g<1>{MASK}\g<2>", text)

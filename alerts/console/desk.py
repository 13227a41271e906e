# SPDX-License-Identifier: MIT
"""What every page works with: the store, the caller, templates, answers. `desk: Desk` in an endpoint gives all of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import quote

import jinja2
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup, escape
from sqlmodel import Session

from alerts.config import TEMPLATES, Settings
from alerts.console.access import FORM_COOKIE, Actor, actor, csrf_token, set_cookie
from alerts.console.roles import seat_of
from alerts.console.tables import tally
from alerts.errors import InputError
from alerts.facts import concepts
from alerts.model import Mention
from alerts.store import accounts
from alerts.store.accounts import Who
from alerts.store.engine import Store

SAID_COOKIE = "oncowire-said"
SAID_S = 60
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups; frame-ancestors 'none'"


def drawn_mail(html: str) -> HTMLResponse:
    """A mail as mail programs draw it, in a tab of its own: no script, no form, nothing loaded."""
    return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY, "Cache-Control": "no-store"})


class Desk:
    """One request's view of the service. `actor` is there only behind `needs(…)`."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.settings: Settings = request.app.state.settings
        self.store: Store = request.app.state.store()
        self.now = datetime.now(UTC)

    @property
    def actor(self) -> Actor:
        return actor(self.request)

    @property
    def origin(self) -> str:
        """By which door a change came: api · console."""
        return "api" if self.request.url.path.startswith("/api/") else "console"

    @property
    def is_htmx(self) -> bool:
        """Only a part of the page is wanted."""
        return self.request.headers.get("hx-request") == "true"

    def show(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The page `templates/console/<template>`. Raises TypeError where one of the values is named as what every page has."""
        said = _unsigned(self.store, self.request.cookies.get(SAID_COOKIE))
        text = templates().get_template(f"console/{template}").render(dict(**self._common(), said=said, **values))
        response = HTMLResponse(text, status, {"Cache-Control": "no-store"})
        form_cookie = getattr(self.request.state, "form_cookie", None)
        if form_cookie:
            set_cookie(response, self.settings, FORM_COOKIE, form_cookie, 24 * 3600)
        if said and not self.is_htmx:
            response.delete_cookie(SAID_COOKIE)
        return response

    def _common(self) -> dict[str, Any]:
        who: Who | None = getattr(self.request.state, "who", None)
        signed_in = who is not None and seat_of(who) is not None
        return {
            "me": actor(self.request) if signed_in else None,
            "csrf_value": csrf_token(self.request),
            "now": self.now,
            "path": self.request.url.path,
            "sections": self.request.app.state.sections,
        }

    def go(self, path: str, said: str = "") -> RedirectResponse:
        """Answer of a form that was carried out: on to `path`, where `said` is shown once."""
        response = RedirectResponse(path, 303)
        if said:
            set_cookie(response, self.settings, SAID_COOKIE, _signer(self.store).dumps(said[:1500]), SAID_S)
        return response

    def audit(self, session: Session, action: str, subject: str, **detail: Any) -> None:
        """Note the change in its own transaction."""
        actor = self.actor
        accounts.audit(session, actor.name, action, subject, self.now, team_id=actor.team_id, detail=detail)


def desk(request: Request) -> Desk:
    return Desk(request)


CurrentDesk = Annotated[Desk, Depends(desk)]


def _signer(store: Store) -> URLSafeSerializer:
    return URLSafeSerializer(store.secrets.signing_key("said"))


def _unsigned(store: Store, cookie: str | None) -> str:
    try:
        return str(_signer(store).loads(cookie)) if cookie else ""
    except BadSignature:
        return ""


def not_found(what: str) -> InputError:
    """For objects that are not there, or belong to another team: both look the same."""
    return InputError("not_found", f"There is no such {what}.")


def refusal(exc: InputError) -> str:
    """What the page says of a thing that cannot be done. What is not there is raised again: it has a page of its own."""
    if exc.code == "not_found":
        raise exc
    return exc.message


# ── templates ────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=1)
def templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {
        "name": name,
        "ago": ago,
        "http": lambda url: url if url.startswith(("http://", "https://")) else "",
        "words": lambda code: str(code).replace("_", " "),
        "marked": marked,
        "day": lambda when: f"{when:%d %b %Y}" if when else "",
        "stamp": lambda when: f"{when:%Y-%m-%d %H:%M}" if when else "",
        "tally": tally,
        "count": lambda number: f"{number:,}",
        "quoted": lambda text: quote(str(text), safe=""),
    }
    made.filters |= filters
    return made


def name(concept_id: str) -> str:
    """The preferred name of a concept, the bare id if no vocabulary knows it."""
    ref = concepts().get(concept_id)
    if ref is not None:
        return ref.name
    bare = concept_id.partition(":")[2]
    is_word = concept_id.startswith("novel:") and not any(map(str.isdigit, bare))
    return (bare if is_word else bare.upper()) or concept_id


def ago(then: datetime | date | None, now: datetime) -> str:
    """How long ago, in the largest whole unit."""
    if then is None:
        return "never"
    if not isinstance(then, datetime):
        then = datetime(then.year, then.month, then.day, tzinfo=UTC)
    seconds = (now - then).total_seconds()
    word = "ago" if seconds >= 0 else "from now"
    seconds = abs(seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} {word}"
    return f"{int(seconds)} s {word}"


def marked(text: str, mentions: list[Mention] | tuple[Mention, ...], field: str = "title") -> Markup:
    """The text with the spans of that field marked; everything else escaped."""
    made, at = Markup(), 0
    for start, end in sorted({(m.start, m.end) for m in mentions if m.field == field}):
        if at <= start < end <= len(text):
            made += escape(text[at:start]) + Markup("<mark>") + escape(text[start:end]) + Markup("</mark>")
            at = end
    return made + escape(text[at:])

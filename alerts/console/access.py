# SPDX-License-Identifier: MIT
"""The gate of the console: every route denied unless it says for whom it is, checked before anything of the body is used.

Browser: session cookie, and for what changes something the Origin header and a token in the form (CSRF). Program: bearer
token, which no browser sends by itself, so neither is asked of it.
"""

import hmac
import secrets
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from alerts.config import Settings
from alerts.console.characters import refuse_odd
from alerts.console.roles import Need, Verdict, decide, need_of, seat_of
from alerts.store import accounts
from alerts.store.accounts import Seat, Who
from alerts.store.engine import Store

SAFE = {"GET", "HEAD", "OPTIONS"}
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"


class Refused(Exception):
    """The caller may not do this. `verdict` is the reason; what the answer looks like is decided in pages.py and api/."""

    def __init__(self, verdict: Verdict | str, why: str) -> None:
        super().__init__(why)
        self.code = str(verdict)
        self.why = why


WHY = {
    Verdict.SIGN_IN: "Please log in.",
    Verdict.NO_TEAM: "Your account is in no team yet: an admin has to add it.",
    Verdict.ROLE: "Your role in this team does not allow that. An admin of the team can change it.",
    Verdict.SCOPE: "This token was not given the scope that is needed here.",
}


class GuardedRoute(APIRoute):
    """A route that cannot exist without saying for whom it is."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        need = need_of(endpoint)
        if need is None:
            raise RuntimeError(f"{path}: say @needs(…) or @public(…): a route is denied to all until it does")
        self.need = need
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await admit(request, self.need)
            return await handle(request)

        return guarded


async def admit(request: Request, need: Need) -> None:
    """Let the request pass or raise Refused; afterwards `request.state.who` is known (None: nobody)."""
    bearer = _bearer(request)
    who = await run_in_threadpool(_who, request, bearer)
    request.state.who = who
    verdict = decide(need, who)
    if verdict not in {Verdict.OPEN, Verdict.GRANTED}:
        raise Refused(verdict, WHY[verdict])
    await refuse_odd(request)
    if need.form and bearer is None and request.method not in SAFE:
        await _same_site(request)


def _bearer(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def _who(request: Request, bearer: str | None) -> Who | None:
    store: Store = request.app.state.store()
    now = datetime.now(UTC)
    if bearer is not None:
        return _by_token(store, bearer, now)
    cookie = request.cookies.get(cookie_name(request.app.state.settings))
    if not cookie:
        return None
    with store.read() as session:
        return accounts.by_session(session, cookie, now)


def _by_token(store: Store, token: str, now: datetime) -> Who | None:
    """Its use is noted, to the minute: enough to see which tokens are dead, and most requests then write nothing."""
    with store.read() as session:
        found = accounts.by_token(session, token, now)
    if found is not None and found.used_before(now - timedelta(minutes=1)):
        with store.write() as session:
            accounts.touch_token(session, token, now)
    return found


# ── CSRF ─────────────────────────────────────────────────────────────────────────────────────────


async def _same_site(request: Request) -> None:
    """Raises Refused(cross_site · csrf): the form must come from a page of ours that this very browser was shown."""
    origin = request.headers.get("origin")
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    if fetched not in {"same-origin", "none"} or (origin and not _ours(request, origin)):
        raise Refused("cross_site", "This form was sent from another site, so nothing was done.")
    given = request.headers.get(CSRF_HEADER) or str((await request.form()).get(CSRF_FIELD, ""))
    if not hmac.compare_digest(given.encode(), csrf_token(request).encode()):
        raise Refused("csrf", "This form has expired. Go back, reload the page and send it again.")


def _ours(request: Request, origin: str) -> bool:
    settings: Settings = request.app.state.settings
    asked = urlsplit(origin).netloc
    return asked in {urlsplit(settings.public_url).netloc, request.headers.get("host", "")}


def csrf_token(request: Request) -> str:
    """Bound to the session, or before log-in to a cookie that only this browser has."""
    store: Store = request.app.state.store()
    settings: Settings = request.app.state.settings
    held = request.cookies.get(cookie_name(settings)) or request.cookies.get(FORM_COOKIE) or _new_form_cookie(request)
    return hmac.new(store.secrets.signing_key("csrf"), held.encode(), "sha256").hexdigest()


FORM_COOKIE = "oncowire-form"


def _new_form_cookie(request: Request) -> str:
    if getattr(request.state, "form_cookie", None) is None:
        request.state.form_cookie = secrets.token_urlsafe(24)
    made: str = request.state.form_cookie
    return made


# ── cookies ──────────────────────────────────────────────────────────────────────────────────────


def is_https(settings: Settings) -> bool:
    return settings.public_url.startswith("https:")


def cookie_name(settings: Settings) -> str:
    """`__Host-`: no other host of the domain can set it; only possible over https."""
    return "__Host-oncowire" if is_https(settings) else "oncowire"


def set_cookie(response: Response, settings: Settings, name: str, value: str, max_age_s: int) -> None:
    """HttpOnly, SameSite=Lax, and Secure wherever the console is reached by https."""
    response.set_cookie(
        name, value, max_age=max_age_s, httponly=True, secure=is_https(settings), samesite="lax", path="/"
    )


# ── for endpoints ────────────────────────────────────────────────────────────────────────────────


class Actor:
    """The signed-in caller with the team that is looked at. Only routes behind `needs` may ask for one."""

    def __init__(self, who: Who, seat: Seat) -> None:
        self.who, self.seat = who, seat
        self.team_id, self.user_id = seat.team_id, who.user_id

    @property
    def name(self) -> str:
        """As it stands in the audit log and in histories."""
        return f"{self.who.email} (token {self.who.label})" if self.who.scopes is not None else self.who.email

    def may(self, role: str) -> bool:
        """For templates: show what the role allows."""
        order = accounts.ROLES
        return order.index(self.seat.role) >= order.index(role)


def actor(request: Request) -> Actor:
    who: Who | None = request.state.who
    seat = seat_of(who) if who is not None else None
    if who is None or seat is None:
        raise Refused(Verdict.SIGN_IN, WHY[Verdict.SIGN_IN])
    return Actor(who, seat)


CurrentActor = Annotated[Actor, Depends(actor)]

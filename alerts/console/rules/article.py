# SPDX-License-Identifier: MIT
"""“Paste an article or its address: who would be told, who not, and why”, by the very code of the pipeline."""

from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import ValidationError

from alerts import __version__
from alerts.config import Settings
from alerts.errors import InputError
from alerts.facts import concepts, reader
from alerts.feeds import Selectors, sandbox
from alerts.model import Facts, Match, NewsItem
from alerts.net import Client, Guard
from alerts.store.tables import Subscription
from alerts.subscriptions import Rule, match
from alerts.subscriptions.sentence import words_of

MAX_CHARS = 100_000
BESIDE = "Nothing in it is what the news is about."  # met, if at all, by what is only mentioned
WHOLE_PAGE = Selectors(item="//html", title="string(.//title)")


class Told(NamedTuple):
    """One rule and what it makes of the article."""

    subscription_id: int
    name: str
    state: str
    found: Match

    @property
    def verdict(self) -> str:
        """told · silent (draft or paused) · missed"""
        if not self.found.match:
            return "missed"
        return "told" if self.state == "active" else "silent"

    @property
    def words(self) -> str:
        """The verdict as the page says it."""
        silent = f"no: it is {'a draft' if self.state == 'draft' else self.state}"
        return {"told": "told", "silent": silent, "missed": "no"}[self.verdict]


def pasted(text: str, settings: Settings) -> NewsItem:
    """The article: fetched if the text is an address, else its first line is the title. Raises OncowireError."""
    text = text.strip()
    if not text:
        raise InputError("empty_article", "Paste an article, or the address of one.")
    if len(text) > MAX_CHARS:
        raise InputError("too_long", f"At most {MAX_CHARS:,} characters.")
    if text.startswith(("http://", "https://")) and len(text.split()) == 1:
        return _fetched(text, settings)
    title, _, rest = text.partition("\n")
    return NewsItem(id="pasted", title=title.strip()[:1000], summary=rest.strip(), source="pasted")


def again(read: str) -> NewsItem:
    """An article that was read before, as the page kept it. Raises InputError(bad_article)."""
    try:
        return NewsItem.model_validate_json(read[: 8 * MAX_CHARS])
    except ValidationError as exc:
        raise InputError("bad_article", "This form is broken. Paste the article again.") from exc


def _fetched(url: str, settings: Settings) -> NewsItem:
    """Through the guarded client: no private address can be reached from here."""
    contact = f" (+{settings.contact})" if settings.contact else ""
    client = Client(Guard(settings.fetch_allow), f"Oncowire/{__version__}{contact}")
    try:
        answer = client.get(url)
    finally:
        client.close()
    if answer.status != 200:
        raise InputError("not_fetched", f"The page answered {answer.status}. Paste its text instead.")
    text = sandbox().article(answer.body, answer.url)
    if not text:
        raise InputError("no_article", "No article was found on that page. Paste its text instead.")
    page = sandbox().page(answer.body, answer.url, WHOLE_PAGE, datetime.now(UTC))
    outlet = answer.url.split("/")[2]
    return NewsItem(id="pasted", title=page.title[:1000], summary=text[:MAX_CHARS], link=answer.url, source=outlet)


def tried(item: NewsItem, subscriptions: list[Subscription]) -> tuple[Facts, list[Told]]:
    """What was read, and every rule: those that tell first, then the nearest misses."""
    facts = reader().read(item)
    made = [
        Told(s.id or 0, s.name, s.state, match(Rule.model_validate(s.spec["rule"]), item, facts, concepts()))
        for s in subscriptions
    ]
    order = {"told": 0, "silent": 1, "missed": 2}
    return facts, sorted(made, key=lambda t: (order[t.verdict], len(t.found.failed), t.name.lower()))


def wanted(subscription: Subscription, field: str) -> str:
    """What a rule wants of a field, in words: shown beside a miss."""
    condition = Rule.model_validate(subscription.spec["rule"]).condition(field)
    parts = []
    for words, values in (("one of", condition.any), ("all of", condition.all), ("none of", condition.none)):
        if values:
            names = ", ".join(words_of(field, v, concepts()) for v in values[:6])
            parts.append(
                f"{words} {names}{' …' if len(values) > 6 else ''}" if len(values) > 1 or words != "one of" else names
            )
    return "; ".join(parts)

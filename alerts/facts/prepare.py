# SPDX-License-Identifier: MIT
"""An item's text made ready for matching: markup, advertisements and boiler-plate out, sentences with offsets kept."""

import html
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from alerts.facts.text import Keyed, keyed
from alerts.model import Mention, NewsItem

MIN_CUT = 4  # letters that are left of a word
_LAST_WORDS = (
    "cancer",
    "carcinoma",
    "adenocarcinoma",
    "lymphoma",
    "leukemia",
    "leukaemia",
    "myeloma",
    "melanoma",
    "sarcoma",
    "mesothelioma",
    "glioblastoma",
    "glioma",
    "neuroblastoma",
    "myelofibrosis",
)
_CUT = re.compile(r"\b(?P<word>[A-Za-z]{3,})(?:\s?(?:…|\.{3}))?\s*$")
_BEGINS = {word[:MIN_CUT] for word in _LAST_WORDS}
_TAIL = 60  # characters, more than the longest of these words
MIN_TAGS = 5  # capitals inside words; fewer are names: PharmaMar, mRNA
MAX_CHARS = 60_000  # more adds nothing but time: facts of news stand in its first paragraphs


_MENTION: Callable[[dict[str, str | int]], Mention] = Mention.__pydantic_validator__.validate_python  # made most often


class Part(StrEnum):
    TITLE = "title"
    BODY = "body"
    BOILERPLATE = "boilerplate"  # may name concepts as mentioned, never as primary


class Sentence(NamedTuple):
    """One sentence: clean text, its match key, and where each character stands in the field as given."""

    field: str
    part: Part
    number: int  # 0 is the title, the first of the summary is 1
    text: str
    offsets: Sequence[int]
    keyed: Keyed
    shouting: bool  # all capitals: case tells nothing here
    digits: bool  # any: without them nothing is looked for that has some
    opens: bool = False  # the first to tell of something: what it tells is no background

    def at(self, start: int, end: int) -> tuple[int, int]:
        """Span of key positions → positions in the field as given."""
        return self.offsets[self.keyed.offsets[start]], self.offsets[self.keyed.offsets[end - 1]] + 1

    def mention(self, start: int, end: int, source: str) -> Mention:
        """Span of key positions → span in the field as given."""
        first, last = self.at(start, end)
        return _MENTION({"field": self.field, "start": first, "end": last, "text": source[first:last]})

    def text_span(self, item: NewsItem, start: int, end: int) -> Mention:
        """Span of clean-text positions → span in the field as given."""
        source = item.title if self.field == "title" else item.summary
        first, last = self.offsets[start], self.offsets[end - 1] + 1
        return _MENTION({"field": self.field, "start": first, "end": last, "text": source[first:last]})


_MARKUP = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]{0,2000}>", re.S | re.I
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
_MARKED = re.compile(f"{_MARKUP.pattern}|{_ENTITY.pattern}", re.S | re.I)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_BLOCKS = {
    "p",
    "div",
    "br",
    "li",
    "ul",
    "ol",
    "tr",
    "td",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "section",
    "article",
}
# A full stop ends a sentence unless it stands behind an initial or one of these.
_STOP = re.compile(r"[.!?][\"”’)]*\s+(?=[\"“‘(]?[A-Z0-9])")
_END = re.compile(rf"{_STOP.pattern}|\n+")
_NO_END = re.compile(
    r"(?:\b(?:Inc|Ltd|Corp|Co|vs|Dr|Prof|Mr|Ms|Mrs|No|Nos|St|al|approx|ca|e\.g|i\.e|U\.S|U\.K"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)|\b[A-Z])\.$"
)
# Behind the last dash; small letters and blanks are the sentence going on.
_OUTLET = re.compile(r"[-–—|](?<=\s.)\s(?![a-z]+ [a-z])[^-–—|]{2,40}(?<![.?!])$")
# What a journal's note is about: "[Lung Cancer 211 (2026) 108873]".
_CITED = re.compile(r" ?\[[A-Z][A-Za-z .&]{2,60} \d{1,4} ?\((?:19|20)\d\d\)[^\[\]]*\]?\.?$")
_CITED_ENDS = tuple("0123456789].")
# From such a heading on, nothing is news any more.
_BOILERPLATE = re.compile(
    r"^(?:about (?!\d|half|one|two|three)[\w’' .,&()®™-]{2,60}$|about (?-i:[A-Z®™])|forward[- ]looking statements?"
    r"|cautionary (?:note|statement)|important safety information|indications? and (?:usage|important)"
    r"|(?:media|investor|press) contacts?:?$|references?:?$|related (?:articles?|stories|news|posts)|advertisement"
    r"|tags:?$|.{0,30}\bad (?:slot|placeholder)|see full prescribing)",
    re.I,
)
# A newsletter's list of its other pieces.
_TEASER = re.compile(
    r"\b(?:and|plus),? (?:more|other) (?:\w+ ){0,2}(?:news|stories)\b|^\W*plus,? news (?:about|on|from)\b", re.I
)
_CAPITALS, _SMALLS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz"
_DIGITS, _DIGIT = b"0123456789", re.compile(r"\d")
_NO_LETTER = bytes(b for b in range(256) if chr(b) not in "abcdefghijklmnopqrstuvwxyz0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
# What typesetters write in codes and names of trials: "CodeBreaK\u00a0200", "XYZ\u2011101".
_TYPESET = [
    *((dash, "-") for dash in "\u2010\u2011\u2012"),
    *((blank, " ") for blank in "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"),
]
_RUN_TOGETHER = re.compile(r"[a-z][A-Z][a-z]")
_INNER_CAPITAL = re.compile(r"[A-Z](?<=[a-z].)(?=[a-z])")  # a first look: as many or more


def sentences(item: NewsItem) -> list[Sentence]:
    """Title first, then the summary; a summary that only repeats the title counts once."""
    title = _sentences("title", item.title[:MAX_CHARS], 0)
    told = {_norm(_without_outlet(item.title)), _norm(item.title)}
    body = [s for s in _sentences("summary", item.summary[:MAX_CHARS], 1) if not _repeats(s.text, told)]
    return title + body


def _repeats(text: str, told: set[str]) -> bool:
    """Is it one of these lines? Its beginning tells it of almost every sentence."""
    first = next((c for c in text[:40].lower() if c in _LETTERS), "")
    if first and not any(line.startswith(first) for line in told):
        return False
    begin = _norm(text[:40])
    return any(line.startswith(begin) for line in told) and _norm(text) in told


def _norm(text: str) -> str:
    return text.lower().encode().translate(None, _NO_LETTER).decode()


def _without_outlet(title: str) -> str:
    title = _CITED.sub("", title) if title.endswith(_CITED_ENDS) else title
    dash = _OUTLET.search(title)
    return title[: dash.start() - 1] + title[dash.end() :] if dash else title


def _sentences(field: str, raw: str, first: int) -> list[Sentence]:
    text, offsets = _clean(raw)
    if field == "title":
        text, offsets = _whole(text, offsets)
    if not text.isascii():
        for printed, plain in _TYPESET:
            text = text.replace(printed, plain)
    spans = [(0, len(_without_outlet(text)))] if field == "title" else _split(text)
    made: list[Sentence] = []
    boilerplate = False
    for start, end in spans:
        words = text[start:end]
        boilerplate = boilerplate or (field == "summary" and bool(_BOILERPLATE.match(words.strip())))
        letters = words.encode()
        capitals = _count(letters, _CAPITALS)
        if not words.strip() or (capitals > MIN_TAGS and _is_run_together(words)):
            continue  # a run-together list of tags is no sentence
        key = keyed(words)
        listed = field == "summary" and ("news" in key.key or "stories" in key.key)
        teaser = listed and _TEASER.search(words) is not None
        part = Part.TITLE if field == "title" else Part.BOILERPLATE if boilerplate or teaser else Part.BODY
        shouting = capitals > 12 and capitals > 4 * _count(letters, _SMALLS)
        where = offsets[start : end + 1]
        digits = bool(_count(letters, _DIGITS) if words.isascii() else _DIGIT.search(words))
        made.append(Sentence(field, part, first + len(made), words, where, key, shouting, digits))
    return made


def _whole(title: str, offsets: Sequence[int]) -> tuple[str, Sequence[int]]:
    """A title that was cut inside a cancer's last word, with that word whole: "hormone-sensitive prostate canc"."""
    tail = title[-_TAIL:].lower()
    if tail[-1:].isalpha() and not any(begin in tail for begin in _BEGINS):
        return title, offsets
    cut = _CUT.search(title, max(0, len(title) - _TAIL))
    if cut is None or len(cut["word"]) < MIN_CUT:
        return title, offsets
    rest = next(
        (w[len(cut["word"]) :] for w in _LAST_WORDS if w.startswith(cut["word"].lower()) and w != cut["word"].lower()),
        "",
    )
    end = cut.end("word")
    if not rest and end == len(title):
        return title, offsets
    return title[:end] + rest, [*offsets[:end], *[max(0, offsets[end] - 1)] * len(rest), offsets[end]]


def _count(letters: bytes, kind: bytes) -> int:
    """How many letters of a kind, of those without accents."""
    return len(letters) - len(letters.translate(None, kind))


def _is_run_together(words: str) -> bool:
    most = max(MIN_TAGS, len(words) // 40)
    return len(_INNER_CAPITAL.findall(words)) > most and len(_RUN_TOGETHER.findall(words)) > most


def _split(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    start = 0
    for end in (_END if "\n" in text else _STOP).finditer(text):
        stop = end.start() + (text[end.start()] != "\n")  # the full stop is the sentence's
        if "\n" not in end.group() and _NO_END.search(text[max(0, stop - 8) : stop]):
            continue
        spans.append((start, stop))
        start = end.end()
    return [*spans, (start, len(text))]


def _clean(raw: str) -> tuple[str, Sequence[int]]:
    """Plain text with, for each character, its place in `raw` (one more for the end)."""
    if "<" not in raw and "&" not in raw:
        return raw if raw.isprintable() else _CONTROL.sub(" ", raw), range(len(raw) + 1)
    out: list[str] = []
    offsets: list[int] = []

    def keep(text: str, at: int, *, fixed: bool) -> None:
        out.append(_CONTROL.sub(" ", text))
        offsets.extend([at] * len(text) if fixed else range(at, at + len(text)))

    last = 0
    for found in _MARKED.finditer(raw):
        keep(raw[last : found.start()], last, fixed=False)
        token = found.group()
        if token.startswith("&"):
            keep(html.unescape(token)[:1], found.start(), fixed=True)
        else:
            block = (found.group(2) or "").lower() in _BLOCKS
            keep("\n" if block else "" if found.group(2) else " ", found.start(), fixed=True)
        last = found.end()
    keep(raw[last:], last, fixed=False)
    offsets.append(len(raw))
    return "".join(out), offsets

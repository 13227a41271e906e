# SPDX-License-Identifier: MIT
"""Text as the matcher sees it: a key with the same meaning for every spelling, and an offset back for each character."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# British → American, plurals are left to the matcher. Same spelling on both sides of a match is what counts.
SPELLINGS = (
    ("tumour", "tumor"),
    ("leukaemi", "leukemi"),
    ("haemat", "hemat"),
    ("oesoph", "esoph"),
    ("paediat", "pediat"),
)
_BLANKS = "-‐‑‒–—_/ \t\r\n\u00a0\u202f"
_MARKS = "®™©\u200b\u200c\u200d\u00ad'’`"
_ASCII = bytes(ord(" ") if chr(b) in _BLANKS else ord(chr(b).lower()) for b in range(128)) + bytes(range(128, 256))
# Where the key is not as long as the text, but for runs of blanks: a mark, the one capital that lowers to two characters.
_MARK = re.compile(rf"[{_MARKS}İ]")
# Accents are folded, a letter for a letter: Waldenström, Sézary, Société.
_FOLDED = str.maketrans("àáâãäåçèéêëìíîïñòóôõöøùúûüýÿ", "aaaaaaceeeeiiiinoooooouuuuyy")
_BLANKS_RUN = re.compile("   *")  # two and more: `re` looks for two as a word
_ACCENT = re.compile("[à-ÿ]")
_SPELL_RE = re.compile("|".join(british for british, _ in SPELLINGS))
_SPELL = dict(SPELLINGS)


class Keyed(NamedTuple):
    """`key[i]` stands at `offsets[i]` of the original text; one more offset marks the end."""

    key: str
    offsets: Sequence[int]


def keyed(text: str) -> Keyed:
    """Lower case, dashes and white space to one blank, marks dropped, American spelling; offsets kept."""
    if not ("'" in text or "`" in text if text.isascii() else _MARK.search(text)):
        return _american(*_closed_up(_plain(text), range(len(text) + 1)))
    chars: list[str] = []
    offsets: list[int] = []
    last = 0
    for mark in _MARK.finditer(text):
        new = "i̇" if mark.group() == "İ" else ""
        chars += (text[last : mark.start()], new)
        offsets += [*range(last, mark.start()), *[mark.start()] * len(new)]
        last = mark.end()
    chars.append(text[last:])
    offsets += range(last, len(text) + 1)
    return _american(*_closed_up(_plain("".join(chars)), offsets))


def _closed_up(key: str, offsets: Sequence[int]) -> tuple[str, Sequence[int]]:
    """With single blanks, as most text has them."""
    if "  " not in key:
        return key, offsets
    pieces: list[str] = []
    kept: list[int] = []
    last = 0
    for run in _BLANKS_RUN.finditer(key):
        pieces.append(key[last : run.start() + 1])
        kept += offsets[last : run.start() + 1]
        last = run.end()
    return "".join(pieces) + key[last:], [*kept, *offsets[last:]]


def _plain(text: str) -> str:
    """Lower case, every dash and white space a blank, accents folded; as long as the text."""
    if text.isascii():
        return text.encode().translate(_ASCII).decode()
    lower = text.lower()
    for blank in _BLANKS:  # a look for each is faster than a table for every letter
        if blank in lower:
            lower = lower.replace(blank, " ")
    return lower.translate(_FOLDED) if _ACCENT.search(lower) else lower


def _american(key: str, offsets: Sequence[int]) -> Keyed:
    if "ae" not in key and "oe" not in key and "tumour" not in key:  # a first look
        return Keyed(key, offsets)
    out: list[str] = []
    kept: list[int] = []
    last = 0
    for found in _SPELL_RE.finditer(key):
        new = _SPELL[found.group()]
        out.append(key[last : found.start()] + new)
        kept += offsets[last : found.start() + len(new)]
        last = found.end()
    out.append(key[last:])
    kept += offsets[last:]
    return Keyed("".join(out), kept)


_APART = "\x00"
_RUN = re.compile(" {2,}")
_ASCII_MARKS = "".join(m for m in _MARKS if m.isascii()).encode()


def keys_of(names: Iterable[str]) -> list[str]:
    """The keys of many names; those of plain letters in one go, an order of magnitude faster than one by one."""
    named = list(names)
    plain = [n.isascii() and _APART not in n for n in named]
    joined = _APART.join(n for n, is_plain in zip(named, plain, strict=True) if is_plain)
    key = _RUN.sub(" ", joined.encode().translate(_ASCII, _ASCII_MARKS).decode())
    made = iter(_SPELL_RE.sub(lambda found: _SPELL[found.group()], key).split(_APART))
    return [next(made).strip() if is_plain else key_of(n) for n, is_plain in zip(named, plain, strict=True)]


def key_of(name: str) -> str:
    """The key of a vocabulary name."""
    return keyed(name).key.strip()

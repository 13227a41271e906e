# SPDX-License-Identifier: MIT
"""Which language a text is in, by its script and its function words (ADR 0013: why no library)."""

import re
from collections import Counter

# Function words that are frequent in one language and rare in the others; match keys (accents folded).
_WORDS: dict[str, frozenset[str]] = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the of and for with from is are was were has have been by on at that this which after its their will not to as an or be it in may could more "
        "but new says drug drugs cancer trial data results announces study patients reports health treatment positive phase clinical financial",
        "de": "der die das und den dem des ein eine einer ist sind wurde wird mit fur bei nach auf nicht auch oder als hat sich im zum zur",
        "fr": "la de le les des du une dans pour par sur avec est sont qui que au aux chez cette et ont deja ete ou ce sa ses",
        "es": "la de el los las del una para con por que como su sus es son fue han sido y ya esta este mas o en al",
        "it": "il lo gli della dei delle di una per con che nel nella sono stato stata e al alla dal come anche ha",
        "pt": "de os as do da dos das uma para com que por no na nos nas foi sao ao pela pelo e mais como em",
        "nl": "de het een van en voor met op is zijn werd wordt bij naar niet ook die dat aan door om te",
        "sv": "och det som en ett for med av till ar har inte den de pa i fran vid eller om kan",
        "da": "og det som en et for med af til er har ikke den de pa i fra ved eller om kan der",
        "is": "og ad er vid fyrir til med sem um hefur verid af eda ekki thad",
        "pl": "na do sie jest oraz dla przez nie ze od po przy jak lub",
        "tr": "ve bir bu icin ile olarak olan da de daha gibi sonra",
        "fi": "ja on ei se etta joka myos kuin oli ovat sen",
    }.items()
}
# Those that no other language has.
_ENGLISH = _WORDS["en"] - frozenset().union(*(words for code, words in _WORDS.items() if code != "en"))
_CODES: dict[str, list[str]] = {}  # function word → the languages that have it
for _code, _known in _WORDS.items():
    for _word in _known:
        _CODES.setdefault(_word, []).append(_code)
_LANGUAGES = {word: tuple(codes) for word, codes in _CODES.items()}
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
)
_ANY_SCRIPT = re.compile("[" + "".join(script.pattern.strip("[]") for _, script in _SCRIPTS) + "]")
_TOKEN = re.compile(r"[a-z]{2,}")  # a letter alone is a word in too many languages
MAX_WORDS = 300  # a paragraph shows a language as well as a book
SCRIPT_SHARE = 1 / 3
KANA_SHARE = 1 / 10  # the rest of Japanese is written in Chinese characters
MIN_HITS = 3
MIN_SHARE = 0.06
CLEAR_CHARS = 400
CLEAR_SHARE = 0.2  # so many of these words no other language has: most news is read no further


def language(key: str) -> str | None:
    """ISO 639-1 of a match key; None where too little shows one."""
    head = key[:4000]
    written = _script(head) if not head.isascii() and _ANY_SCRIPT.search(head) else None
    if written is not None:
        return written
    pieces = head[:CLEAR_CHARS].split()
    clear = CLEAR_SHARE * len(pieces)
    if len(_ENGLISH.intersection(pieces)) > clear or sum(map(_ENGLISH.__contains__, pieces)) > clear:
        return "en"
    words = _TOKEN.findall(head)[:MAX_WORDS]
    hits = dict.fromkeys(_WORDS, 0)
    for codes, times in Counter(filter(None, map(_LANGUAGES.get, words))).items():
        for code in codes:
            hits[code] += times
    best = max(hits, key=lambda code: (hits[code], code == "en"))
    if hits[best] < (1 if best == "en" else MIN_HITS) or hits[best] < MIN_SHARE * len(words):
        return None
    return best


def _script(head: str) -> str | None:
    """The language of a script that only one has."""
    letters = sum(map(str.isalpha, head))
    for code, script in _SCRIPTS:
        share = len(script.findall(head)) / letters if letters else 0
        if share > (KANA_SHARE if code == "ja" else SCRIPT_SHARE):
            return code
    return None

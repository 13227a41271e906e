# SPDX-License-Identifier: MIT
"""Trials of an item: registry ids and acronyms, told from drug codes by what stands around them. Words: vocabulary/trials.yaml."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

from alerts.facts.prepare import Part, Sentence
from alerts.facts.short_forms import abbreviates
from alerts.facts.vocabulary import Vocabulary, words
from alerts.model import Mention, NewsItem, TrialFact

_WORDS: dict[str, Any] = words("trials")
MIN_SHOWN = 4  # letters and more
MIN_GROUP = 3  # letters: a shorter one is too often something else
_NO_NAMES = {n.upper() for n in _WORDS["no_names"]}
_TOK = r"(?:\d{1,2}-(?=[A-Z]{2,}-))?[A-Za-zα-ωΑ-Ω][\wα-ω.]*(?:[-‑–][\wα-ω.]+)*"
# A capital behind the first letter; looked for once, without stepping back.
_NAME = rf"(?P<name>(?=[\wα-ω.-][a-z0-9_.α-ωß-öø-ÿ-]*+[A-Z]){_TOK}(?: (?:[A-Z]{{2,5}}-?\d{{1,4}}[A-Z]{{0,2}}|[A-Z]{{2,4}}(?=[\"”]? (?:trial|study|Trial|Study))|\d{{1,3}}[A-Z]{{0,2}}))?)"
_BETWEEN = rf"(?:[\s,]+(?:(?i:{_WORDS['between']})|[(\"“][\w-]+[)\"”])){{0,6}}"
# NAME phase 3 trial; trial, NAME; a journal's "(NAME)", "NAME:" and "from NAME".
_CALLED = re.compile(
    rf"(?<![\w-]){_NAME}[)\"”’]?(?:(?:,| [-–—]) (?:the|an?|its|our))?{_BETWEEN}[\s,-]+(?i:(?:sub-?)?(?:trial|stud(?:y|ies))s?)\b"
)
# "NAME is an open-label phase 2 trial".
_IS_ONE = re.compile(
    rf"(?<![\w-]){_NAME} (?:is|was) an? (?=[^.]{{0,100}}\b(?:phase|randomi[sz]ed|open[- ]label|multicent|prospective|single[- ]arm|observational|double[- ]blind|investigator))[^.]{{0,120}}?\b(?:trial|study)\b"
)
_QUOTED = re.compile(rf"[\"“]{_NAME}[\"”](?=.{{0,40}}\b(?i:trial|study)\b)")
_NAMED = re.compile(
    rf"(?:Trial|trial|Study|study|TRIAL|STUDY)(?<!\w.....)s?(?: \(|, |: |,? called |,? named |,? known as |,? dubbed |[,:]? [\"“]){_NAME}"
)
_BRACKETED = re.compile(rf"\({_NAME}(?:,? (?:NCT\d+|[A-Z]+[\d-]+))?\)(?=[:.,]|\s*$)")
_LEADS = re.compile(rf"^(?:[A-Z]+[- ]?\d+ [-–—] )?{_NAME}:")
# A name with its registry id: "NAME (NCT…) is a …".
_REGISTERED_AS = re.compile(
    rf"(?<![\w-]){_NAME} ?[(\[](?:(?i:clinical ?trials?\.gov)(?i:[ ,]*(?:identifier|number|id|no\.?))?[:,]? ?)?NCT\d"
)
# An ordinary word in brackets: "(Horizon trial)".
_WORD_NAMED = re.compile(
    rf"\((?:the )?(?P<name>(?!(?:{'|'.join(_WORDS['ordinary'])})\b)[A-Z][a-z]{{3,}}(?:[- ]\d{{1,3}})?) (?:[Tt]rial|[Ss]tudy)\)"
)
# An ordinary word that is said to be the name: "a study called Horizon".
_DUBBED = re.compile(
    r"\b(?:[Tt]rial|[Ss]tudy),? (?:which (?:is|was) )?(?:called|named|known as|dubbed) (?P<name>[A-Z][a-z]{3,}(?:[- ]\d{1,3})?)\b"
)
# A company's number of a study: the drug's code goes on.
_STUDY_OF_CODE = re.compile(
    r"(?P<name>[A-Z](?<![\w-].)[A-Z]{1,5}-?\d{3,5}[A-Z]?[-–](?:[A-Z]{0,2}|[IV]+-)\d{2,3})(?![\w-])"
)
# Two names of one trial: "(GROUP067/NAME)".
_ONE_OF_TWO = re.compile(rf"\({_NAME}(?=/[A-Z][\w-]{{3,}}\))")
_OTHER_OF_TWO = re.compile(rf"(?<=\w/){_NAME}(?=\)(?:[:.,]|\s*$))")
_FROM = re.compile(
    rf"(?:from(?<!\w....)|(?:of|in)(?<!\w..))(?: the)? {_NAME}(?=[:.,;]|\s*$| (?:and|at|presented|show|subgroup))"
)
# "Study NAME in …"; "the NAME Randomized Trial", where a capital inside is enough; "the OAK and POPLAR trials"; a name that is spelt out.
_BEHIND = re.compile(
    rf"(?:Trial|trial|Study|study)(?<!\w.....) (?P<name>{_TOK}(?: [A-Z]{{4,}})?)(?= (?:at|in|for|of|on|and|to|with|is|was|has|will|did|met|hit|found|(?:evaluat|test|compar|enrol|show|demonstrat|fail|miss|reach|confirm)\w*)\b|[.,;:]|\s*$)"
)
_SHOWN = re.compile(
    rf"[Tt]he(?<!\w...) {_NAME}(?: (?i:randomi[sz]ed|clinical|controlled|phase \S+)){{0,4}} (?i:trial|study)\b"
)
_PAIRED = re.compile(rf"(?<![\w-])(?P<name>[A-Z]{{3}}[A-Z\d-]*),? and (?:the )?{_TOK}{_BETWEEN} (?i:trials|studies)\b")
_SPELT = re.compile(rf"\b(?:Trial|Study) \({_NAME}[);,]")
_INNER = re.compile(r"[a-zα-ω][A-Z]|[A-Z]{2}[a-z]")
_ORGAN = re.compile(r"^[A-Z][a-z]{3,}-(?:Lung|Breast|Gastric|Bladder|Brain|Colon|Ovarian|Prostate|Myeloma|Lymphoma)$")
_ORGANS = re.compile(rf"(?:(?<=[a-z])|(?<=[-‑ ]))(?:{'|'.join(_WORDS['organs'])})(?![a-z])")
_MIN_FAMILY = 7  # letters: so long a name is one in any case, if its number stands behind it
# A word in capitals and a number, too much of a word for a company's code: COSMIC-313.
_NUMBERED = re.compile(
    r"[A-Z](?<![\w-].)(?:[A-Z]{4,}|[A-Z]*[a-z]+[A-Z][A-Za-z]*)-(?:[A-Z][a-z]+)?\d{1,3}[A-Z]?(?![\w-])"
)
# Roman numbers, genes, securities, addresses, "NIH-funded".
_OTHER_KIND = re.compile(
    r"^(?:Ph[IV]+[ab]?|(?:[A-Z]\.)+[A-Z]?|[IVX]+[ab]?|[A-Z]{1,2}|[A-Z]-?\d|NCT.*|[Aa]nti-.*|[A-Z]{2}\d{8,}|[A-Z][A-Z0-9]\d[A-Z0-9]{8,})$|\.[a-z]|-[a-z]{4,}$|-(?:Based|Funded|Positive|Negative|Mutant|Mutated|Associated|Related|Directed|Targeted|Specific|Year|Cell|Driven|Sponsored|Approved|Led)$"
)
# A group's questionnaire, with letters where its trials have numbers: EORTC QLQ-C30.
_QUESTIONS = re.compile(r"^EORTC[- ][A-Z]+-?[A-Z]{0,2}\d{0,2}$")
_GENE = re.compile(r"[A-Z]{3,5}\d{1,2}[A-Z]?$")  # "of TGFB2 and"
_CODE = re.compile(r"^[A-Z]{2,4}-?[A-Z]?\d{2,}[A-Z]?$")
# The phase and a number behind a word of four letters that can be spoken: HALO-301.
_SERIES = re.compile(r"^(?=[^AEIOUY]*[AEIOUY][^AEIOUY]*[AEIOUY])[A-Z]{4}-[1-4]0[1-9]$")
_GROUP = re.compile(rf"^(?:{'|'.join(_WORDS['groups'])})(?:[- ]?\d|[- /]|$)", re.I)
_PHASE = re.compile(r"\bphase (i{1,3}v?|iv|[1-4])(?:[ab])?(?: (i{1,3}|[1-4])(?:[ab])?\b)?", re.I)
_REGISTERED = re.compile(r"[0-9][0-9]{4}")  # every registry's ids have that much, but for Brazil's RBR-…
# A society or a database gives its short form in brackets, as a trial does.
_OF_A_HOUSE = re.compile(
    r"\b(?:association|society|college|federation|institute|network|database|consortium)\b[^()]{0,60}\($", re.I
)
# Four consonants in a row are spoken by nobody; the drug that a code stands for.
_UNSPOKEN = re.compile(r"^[A-Z]*[B-DF-HJ-NP-TV-XZ]{4}[A-Z]*-?\d")
_DRUG_BEFORE = re.compile(
    r"(?i:\b(?:drug|candidate|antibody|asset|agent|inhibitor|vaccine|compound|molecule|therapy|adc|conjugate|bispecific|degrader),? )[\W]?$"
)
_NUMBER_BEHIND = re.compile(r"[0-9](?:(?<=-.)|(?<=[A-Za-z].)|(?<=[A-Za-z] .))")
_HYPHEN = re.compile(r"-(?<=[A-Za-z].)(?:[A-Z][a-z]+)?\d")
_STUDY_NUMBER = re.compile(r"[-–](?:[A-Z]{0,2}|[IV]+-)\d{2,3}")
_LAST_NUMBER = re.compile(r"\d{3,5}$")
NUMBER = re.compile(r"-(?:\d\w*(?:-\d+)?|(?!A )[A-Z][A-Z\d]{0,7}(?![\w]))")
_SPELLING = re.compile(r"[\s\W_]+")
_STEPS = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}


class _Heads:
    """Words that a trial's name begins with, each with what may follow: one pass finds them all."""

    _FAMILY = re.compile(r"(?:[-: ]?(?:[A-Z][A-Za-z]*)?-?\d{1,4}[A-Z]{0,3})?(?![\w])")
    _NUMBER = re.compile(r"[- ]?(?:[A-Z][a-z]+)?\d{1,4}[A-Z]{0,3}(?![\w])")
    # "the Kestrel phase III trial": a name in small letters, where a trial stands behind.
    _SPOKEN = re.compile(r"(?=(?: [Pp]hase \S+)? (?:[Tt]rial|[Ss]tudy)\b)")
    _HYPHENED = re.compile(r"-\d{1,4}[A-Z]{0,3}(?![\w])")  # "Kestrel-302"
    # A group's numbered trial: JCOG1404, LOGiK 2102, CS-Lung-003, SAKK 16/14, KCSG LU 21-01.
    GROUP = re.compile(r"(?:[- /]?[A-Z]{0,2}\d{3,5}[A-Z]?|[- ](?:[A-Z]{2} ?)?\d{2}[-/]\d{2})(?![\w])", re.I)

    def __init__(self, families: Sequence[str], groups: Sequence[str]) -> None:
        tails: dict[str, dict[re.Pattern[str], None]] = {}
        for family in families:
            tails.setdefault(family, {})[self._FAMILY] = None
            if family.isalpha() and family.isupper() and len(family) > MIN_SHOWN:
                tails.setdefault(family.capitalize(), {}).update(dict.fromkeys((self._HYPHENED, self._SPOKEN)))
            for spelt in _spellings(family) if len(family) >= _MIN_FAMILY and family.isalpha() else ():
                tails.setdefault(spelt, {})[self._NUMBER] = None
        for group in groups:
            for spelt in _spellings(group) if len(group) > MIN_GROUP else ():
                tails.setdefault(spelt, {})[self.GROUP] = None
        self._tails = [tuple(each) for each in tails.values()]
        self._automaton = AhoCorasick(list(tails), implementation=Implementation.DFA)

    def find(self, text: str) -> Iterator[tuple[int, int, bool]]:
        """Start, end, and whether it is a group's."""
        for word, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if start and _goes_on(text[start - 1]):
                continue
            for tail in self._tails[word]:
                hit = tail.match(text, end)
                if hit:
                    yield start, hit.end(), tail is self.GROUP


def _spellings(word: str) -> set[str]:
    return {word, word.lower(), word.upper(), word.capitalize()}


def _goes_on(char: str) -> bool:
    """Does a word go on with it?"""
    return char.isalnum() or char in "_-"


_HEADS = _Heads(_WORDS["families"], _WORDS["groups"])


class Place(NamedTuple):
    """A trial's name in a sentence: text positions."""

    name: str
    sentence: Sentence
    start: int
    end: int


def places(
    parts: Sequence[Sentence], taken: dict[int, list[tuple[int, int, bool]]], known_places: Sequence[Place]
) -> list[Place]:
    """Trial names of title and body: those that the vocabulary knows, then those that their surroundings show.

    `taken`: (start, end, is a drug) of known names, text positions by sentence number.
    """
    made = [p for p in known_places if p.sentence.part is not Part.BOILERPLATE]
    news = [p for p in parts if p.part is not Part.BOILERPLATE]
    for sentence in news:
        made += _free(sentence, _candidates(sentence), taken.get(sentence.number, ()))
    known = {p.name for p in made}
    for sentence in news if known else ():
        held = [(p.start, p.end, True) for p in made if p.sentence is sentence]
        made += _free(sentence, _again(sentence.text, known), [*taken.get(sentence.number, ()), *held])
    return sorted(made, key=lambda p: (p.sentence.number, p.start))


def _again(text: str, known: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Wherever a known name stands as a word of its own."""
    for name in known:
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            if not (start and _goes_on(text[start - 1])) and not (end < len(text) and _goes_on(text[end])):
                yield name, start, end
            start = text.find(name, end)


def _free(
    sentence: Sentence, candidates: Iterable[tuple[str, int, int]], held: Sequence[tuple[int, int, bool]]
) -> list[Place]:
    """Names that no drug and no earlier trial holds; a cancer inside a longer name ("BRUIN CLL-321") is part of it.

    So is the drug's code that a company's number of a study begins with: "QRX-204-301".
    """
    taken = list(held)
    made = []
    for name, start, end in sorted(candidates, key=lambda c: (c[1], -c[2])):
        number = sentence.text[:end]
        if not any(
            (s <= start < e or (drug and start < e and s < end))
            and not (drug and s == start and _STUDY_NUMBER.fullmatch(number, e))
            for s, e, drug in taken
        ):
            taken.append((start, end, True))
            made.append(Place(name, sentence, start, end))
    return made


def _candidates(sentence: Sentence) -> Iterator[tuple[str, int, int]]:
    text = sentence.text
    behind = sentence.digits and _NUMBER_BEHIND.search(text) is not None
    numbered = _NUMBERED.finditer(text) if behind and _HYPHEN.search(text) else ()
    for start, end, of_group in (*_HEADS.find(text), *((h.start(), h.end(), False) for h in numbered)):
        name = text[start:end]
        if not _is_none(name) and (of_group or not _is_code(name, text[:start])):
            yield name, start, end
    if sentence.shouting:
        return
    for pattern in _surroundings(sentence, behind=behind):
        for hit in pattern.finditer(text):
            name, start = hit["name"].rstrip("."), hit.start("name")
            if _is_shown(pattern, name, text[:start]):
                yield name, start, start + len(name)


def _is_shown(pattern: re.Pattern[str], name: str, before: str) -> bool:
    """Is it a name, as this pattern shows it?"""
    if pattern in (_WORD_NAMED, _DUBBED):
        return True
    if pattern is _FROM and _GENE.match(name) and not before.endswith("from "):
        return False
    if pattern is _SHOWN:
        return len(name) > MIN_SHOWN and _is_mixed(name)
    if pattern is _PAIRED:
        return name not in _NO_NAMES and not _OTHER_KIND.search(name)
    if pattern is _SPELT:
        return _is_name(name) and abbreviates(name, before)
    if pattern in (_BRACKETED, _LEADS, _NAMED) and (abbreviates(name, before) or _OF_A_HOUSE.search(before)):
        return _is_numbered(name, before)
    return _is_name(name) or (pattern is _NAMED and _is_number(name, before))


def _is_numbered(name: str, before: str) -> bool:
    """Is it short for the words before and their number: "Thoracic Oncology Group 1909 (TOG1909)"? Then it is a trial's."""
    number = _LAST_NUMBER.search(name)
    return number is not None and before.endswith(f"{number.group()} (")


def _is_number(name: str, before: str) -> bool:
    """Is what looks like a company's code the trial's own number: "a phase 1 trial (QRX901)"? Not short for one that was named."""
    number = _LAST_NUMBER.search(name)
    if number is None or number.group() in before:
        return False
    return (
        before.endswith("(") and _CODE.match(name) is not None and not _is_none(name) and not _OTHER_KIND.search(name)
    )


def _surroundings(sentence: Sentence, *, behind: bool) -> Iterator[re.Pattern[str]]:
    """What may show a name in this sentence. `behind`: a number stands behind letters."""
    text, key = sentence.text, sentence.keyed.key
    bracket = "(" in text
    if "trial" in key or "stud" in key:
        if " is a" in key or " was a" in key:
            yield _IS_ONE
        yield from (_CALLED, _NAMED, _BEHIND, _SHOWN)
        if "called" in key or "named" in key or "known as" in key or "dubbed" in key:
            yield _DUBBED
        if " and " in key and ("trials" in key or "studies" in key):
            yield _PAIRED
        if "rial)" in text or "tudy)" in text:
            yield _WORD_NAMED
        if "Trial (" in text or "Study (" in text:
            yield _SPELT
        if '"' in text or "“" in text:
            yield _QUOTED
        if behind:
            yield _STUDY_OF_CODE
    if bracket and "NCT" in text:
        yield _REGISTERED_AS
    if sentence.part is Part.TITLE:
        if bracket:
            yield _BRACKETED
        if ":" in text:
            yield _LEADS
        if bracket and "/" in text:
            yield from (_ONE_OF_TWO, _OTHER_OF_TWO)
        yield _FROM


def _is_code(name: str, before: str) -> bool:
    """Is it a company's code rather than a word: INBRX-106, or what the text calls a drug?"""
    return _UNSPOKEN.search(name) is not None or _DRUG_BEFORE.search(before) is not None


def _is_mixed(name: str) -> bool:
    """Small letters with a capital among them (MyHealth), of no other kind."""
    if name.upper() in _NO_NAMES or _OTHER_KIND.search(name) or _CODE.match(name):
        return False
    return _INNER.search(name) is not None or _ORGAN.search(name) is not None


def cancer_of(name: str) -> str | None:
    """The cancer that a trial's name tells: "DESTINY-Breast04" → breast cancer."""
    organ = _ORGANS.search(name)
    return _WORDS["organs"][organ.group()] if organ else None


def _is_none(name: str) -> bool:
    """Written as a trial's name would be, but known to be something else."""
    return name.upper() in _NO_NAMES or _QUESTIONS.match(name) is not None


def _is_name(name: str) -> bool:
    """Capitals beyond the first letter, and no abbreviation or code of another kind."""
    first = name.split()[0]
    if first.upper() in _NO_NAMES or _is_none(name) or _OTHER_KIND.search(first):
        return False
    if _CODE.match(first) and not _GROUP.match(first) and not _SERIES.match(first):
        return False  # a company's code: "the CRB-701 study" is a study of that drug
    letters = [c for c in first if c.isalpha()]
    capitals = sum(c.isupper() for c in first)
    inner = any(c.isupper() for c in first[1:])
    return len(letters) >= 2 and len(first) >= 4 and inner and (capitals * 3 >= len(letters) or first[:3].isupper())


def trials(
    item: NewsItem, parts: Sequence[Sentence], named: Sequence[Place], vocabulary: Vocabulary
) -> tuple[TrialFact, ...]:
    """Registry ids and acronyms; the only one of each are one trial."""
    ids: dict[str, list[Mention]] = {}
    names: dict[str, list[Mention]] = {}
    phase = next((p for s in parts if (p := phase_of(s.keyed.key))), None)
    for sentence in parts:
        if sentence.part is not Part.BOILERPLATE and _has_id(sentence):
            for _, pattern in vocabulary.registries[:-2]:
                for hit in pattern.finditer(sentence.text):
                    ids.setdefault(hit.group().replace(" ", ""), []).append(
                        sentence.text_span(item, hit.start(), hit.end())
                    )
    written: dict[str, str] = {}  # the first of several spellings: CheckMate 026, Checkmate-026
    for place in named:
        name = written.setdefault(_SPELLING.sub("", place.name).lower(), place.name)
        names.setdefault(name, []).append(place.sentence.text_span(item, place.start, place.end))
    if len(ids) == 1 and len(names) == 1:
        (number, at), (name, spans) = *ids.items(), *names.items()
        return (TrialFact.of(id=number, acronym=name, phase=phase, mentions=(*spans, *at)),)
    only = phase if len(names) == 1 else None
    return (
        *(TrialFact.of(acronym=n, phase=only, mentions=tuple(m)) for n, m in names.items()),
        *(TrialFact.of(id=n, phase=None if names else phase, mentions=tuple(m)) for n, m in ids.items()),
    )


def _has_id(sentence: Sentence) -> bool:
    return (sentence.digits and _REGISTERED.search(sentence.text) is not None) or "RBR-" in sentence.text


def phase_of(key: str) -> str | None:
    """The first phase that a key names: "3", "1/2"."""
    hit = _PHASE.search(key) if "phase" in key else None
    return "/".join(_STEPS.get(g.lower(), g) for g in hit.groups() if g) if hit else None

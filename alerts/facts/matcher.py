# SPDX-License-Identifier: MIT
"""Names in text: one Aho-Corasick pass over the match key, longest name wins, dangerous surfaces obey their policy."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from alerts.facts.concepts import CANCER
from alerts.facts.kept import kept
from alerts.facts.prepare import Part, Sentence
from alerts.facts.text import key_of, keys_of
from alerts.facts.vocabulary import Drug, Vocabulary, words

MIN_CODE_ALNUM = 5
FIRST_IDEOGRAPH = "\u2e80"  # from here on no blank stands around a Latin name
MIN_PLURAL = 3  # letters: a shorter abbreviation with an s is another word
MAX_SHORT = 6  # characters: up to here a surface may be an abbreviation
# Words that say nothing about which cancer an abbreviation means.
_COMMON = {
    "cancer",
    "cancers",
    "carcinoma",
    "tumor",
    "tumors",
    "tumour",
    "neoplasm",
    "malignant",
    "disease",
    "syndrome",
    "primary",
    "acute",
    "chronic",
    "advanced",
    "metastatic",
    "system",
}


# Stage and line are facts of their own: "refractory mantle cell lymphoma" is mantle cell lymphoma, refractory.
_STAGED = re.compile(
    r"(?:refractory|recurrent|relapsed|metastatic|advanced|locally|unresectable|stage|adult|childhood|early|platinum|castration|hormone)\b",
    re.I,
)


# What shows that an abbreviation stands in news of cancer (policy "case_sensitive+oncology").
_ONCOLOGY = (
    r"\b(?:cancer|oncolog|tumor|metasta|carcinom|sarcom|leukemi|lymphom|myelom|melanom|gliom|malignan|chemother|hematolog|car t\b"
    r"|relapsed|refractory|r r\b|remission|progression free|overall survival|first line|\w+(?:tinib|ciclib|rasib|clax|mab|leucel|deruxtecan)\b)"
)
# A drug of these tiers shows that an abbreviation is a cancer's; where it stands, see `_treated`.
_CANCER_DRUGS = {"approved", "listed", "stem_only"}
_KIND_OF_DISEASE = (
    r"(?:newly diagnosed|relapsed|refractory|r r|advanced|metastatic|recurrent|resistant|smou?ldering|untreated|treated|pretreated|eligible|ineligible"
    r"|mutated|mutant|mutations?|amplified|rearranged|fusion|positive|negative|high|low|lower|higher|ultralow|risk|severe|adult|adults|pediatric|paediatric|early|late|stage"
    r"|front line|frontline|first line|second line|third line|\dl|untransplanted|transfusion dependent|unresponsive|symptomatic|non|keratini[sz]ing|ph|[a-z]+\d\w*\+?|certain|rare|patients|people|with)"
)
_DISEASE_BEFORE = re.compile(rf"\b(?:in|for|of|against|treats?|treating|{_KIND_OF_DISEASE}) (?:{_KIND_OF_DISEASE} )*$")
_DISEASE_BEHIND = re.compile(
    r" (?:drugs?|pill|therapy|therapies|treatments?|medicines?|med|meds|patients|setting|use|indication|nod|label|approval|trials?|study)\b"
)
_BEFORE_CHARS = 80
# Beside an acronym that is an ordinary word.
_STUDY = r"(?:trials?|stud(?:y|ies)|results|data|keynote)\b"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_INSIDE = re.compile(
    r" \([a-z0-9 ]{2,9}\)(?= (?:\w*carcinomas?|cancers?|tumors?|lymphomas?|leukemias?|melanomas?|sarcomas?|gliomas?|neoplasms?|amyloidosis|mastocytosis|macroglobulinemia|disease)\b)"
)
_NOVEL = words("novel")
_PAIR = re.compile("|".join(_NOVEL["pairs"]))
_DESCRIBED = _NOVEL["descriptions"]
_HEADS, _KINDS, _VACCINES = (frozenset(_DESCRIBED[key]) for key in ("heads", "words", "vaccines"))
_ENDS = tuple(_HEADS | _VACCINES)
_TARGET, _PARTED = re.compile(_DESCRIBED["target"]), re.compile(r"[ /-]+")
# "cancers of the larynx and hypopharynx": a head, and the sites behind it.
_OF_SITES = re.compile(
    r"\b(?P<head>cancer|tumor|carcinoma|adenocarcinoma|malignan)(?:s|cy|cies)? of (?:the )?(?=[a-z])"
)
_NEXT_SITE = re.compile(r"(?:,? and|,? or|,)(?: the)? (?=[a-z])")
# A headline on a cancer drug that names the organ alone: "wins in bladder, stalls in lung", "a colorectal nod".
_ORGANS = (
    r"(?:non small cell lung|small cell lung|triple negative breast|lung|breast|prostate|bladder|kidney|liver|stomach|gastric|colon|colorectal|bowel|ovary|ovarian"
    r"|pancreas|pancreatic|endometrial|cervical|thyroid|biliary|brain|head and neck|esophageal|urothelial)"
)
_OF_LINE = (
    r"(?:frontline|front line|(?:first|second|third|1st|2nd) line|\dl|early|early stage|late stage|metastatic|advanced|resectable|the|[a-z]+\d[a-z0-9]*(?: \w+)?"
    r"|(?:her2|hr|er|egfr|kras|alk|psma|brca)(?: (?:positive|negative|low|mutant|mutated))?)"
)
_ORGAN = re.compile(
    rf"\b(?<!scarring )(?<!damage )(?<!inflammation )(?<!spread )(?<!metastases )(?<!injury )(?:in|for|against|into)(?: {_OF_LINE}){{0,3}} (?P<told>{_ORGANS})"
    r"(?= ?$| ?[,;:.?!)]| (?:and|but|or|as|with|after|while|plus|on|at|again|too|alone|by|from|ahead|despite|nod|trial|study|tests?|phase|data|setting)\b)"
    rf"|\b(?P<own>{_ORGANS}) (?:nod|approval|label|indication|use|filing|bid|win|setting|study|trial|readout|green light|okay|clearance|expansion|go ahead|flop|failure|setback|push|data)\b(?! of)"
)
_OF_ORGAN = {"ovary": "ovarian", "pancreas": "pancreatic", "biliary": "biliary tract"}
_SITE = re.compile(r"[a-z]+(?: [a-z]+){0,2}")
_JOINS = (" and ", " or ", " & ", ", ", " other ")
_CELLS = re.compile("[bt] cell ")  # which an "and" joins two kinds of
_AND = re.compile(r",? (?:and|or|&|and or) (?:other )?$|, $")
# A company's letters and a number, as they stand in a match key: "mk 2870", "ucart123". Words and units apart from it are none: "in 10018 men".
_NO_LETTERS = "am|an|as|at|can|cm|co|com|day|etc|for|in|km|la|men|mg|ml|mm|on|pm|who"
_CODE = re.compile(
    rf"(?:(?P<letters>[a-z]{{2,6}}) |(?!(?:{_NO_LETTERS})\d)(?P<joined>[a-z]{{2,6}}))(?P<number>\d{{2,}}[a-z]{{0,2}})"
)
_DIGIT = re.compile(r"\d")
_LIKE_WORDS = re.compile(rf"(?:{_NO_LETTERS})[ -]\d+", re.I)


class Name(NamedTuple):
    """A surface of a concept and the care that it needs."""

    kind: str  # drug · indication · biomarker · body · company · trial
    id: str
    exact: str | None  # must be written exactly so
    strict: bool  # and says nothing in a headline of capitals: NICE, ALL
    context: str | None  # an expression that must hold elsewhere in the item


class Hit(NamedTuple):
    kind: str
    id: str
    sentence: int  # index into the sentences
    start: int  # key positions
    end: int


_START = attrgetter("start")
_expression = cache(re.compile)  # a name's context, made by need: most items ask for none


class Matcher:
    """Finds every concept name in the sentences of an item."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        table = kept("names", vocabulary.stamp, lambda: _table(vocabulary))
        self._names = list(table.values())
        self._cancers = {
            key: n.id for key, names in table.items() for n in names if n.kind == "indication" and n.exact is None
        }
        self._automaton = AhoCorasick(list(table))
        self._cancer_drugs = {d.id for d in vocabulary.drugs.values() if d.tier in _CANCER_DRUGS}

    def hits(self, sentences: list[Sentence], whole_key: str) -> list[Hit]:
        """Longest names, no two overlapping, in order. `whole_key`: key of the whole item, for context."""
        unsure: set[int] = set()
        made = [self._in(at, sentence, whole_key, unsure) for at, sentence in enumerate(sentences)]
        if 0 in unsure and any(hit.id in self._cancer_drugs for hits in made for hit in hits):
            # A headline's short form, of a disease whose drug the text names.
            made[0] = self._in(0, sentences[0], whole_key, unsure, drug_named=True)
        return [hit for hits in made for hit in hits]

    def cancer(self, name: str) -> str | None:
        """The id of the cancer that is called so in plain words."""
        return self._cancers.get(key_of(name))

    def bare_pass(self, text: str) -> int:
        """Only the automaton over a key: the limit that a reader can be compared with (benchmarks)."""
        return len(self._automaton.find_matches_as_indexes(text, overlapping=True))

    def _in(
        self, at: int, sentence: Sentence, whole_key: str, left: set[int], *, drug_named: bool = False
    ) -> list[Hit]:
        """`left`: sentences with short forms that were not taken for cancers are added to it."""
        key = sentence.keyed.key
        found: list[Hit] = []
        unsure: list[Hit] = []
        for pattern, start, end in self._automaton.find_matches_as_indexes(key, overlapping=True):
            last = _bounded(key, start, end)
            if last:
                for name in self._names[pattern]:
                    if last > end and name.exact is not None and len(name.exact) < MIN_PLURAL:
                        continue  # "EVs" are vesicles
                    if name.kind == "indication" and key.endswith("non ", 0, start):
                        continue  # "non-islet cell tumor" is none
                    if (name.exact is None and name.context is None) or _holds(name, sentence, start, end, whole_key):
                        found.append(Hit(name.kind, name.id, at, start, last))
                        break
                    if name.kind == "indication" and _spelt(name, sentence, start, end):
                        unsure.append(Hit(name.kind, name.id, at, start, last))
        if unsure and (drug_named or any(hit.id in self._cancer_drugs for hit in found)):
            found += [hit for hit in unsure if _treated(key, hit)]
        elif unsure:
            left.add(at)
            found += _listed(key, unsure, found)
        if "(" in key:
            found += self._around_brackets(at, key)
        if " of " in key:
            found += self._of_sites(at, key)
        if not found:
            return found
        found.sort(key=_longest)
        taken = _apart(found)
        if len(taken) < len(found):
            taken += [h for h in found if h.kind == "biomarker" and _within(h, taken)]
        for hit in taken[:]:
            if hit.kind == "indication" and key.endswith(_JOINS, 0, hit.start):
                taken += self._coordinated(hit, sentence, taken)
                taken = self._shared(hit, key, taken)
            elif hit.kind == "indication" and _slashed(sentence, hit.start):
                taken += self._coordinated(hit, sentence, taken)
        if sentence.part is Part.TITLE and any(hit.id in self._cancer_drugs for hit in found):
            taken += [h for h in self._of_organs(at, key) if all(t.start >= h.end or t.end <= h.start for t in taken)]
        taken.sort(key=_START)
        return taken

    def _around_brackets(self, at: int, key: str) -> Iterator[Hit]:
        """Cancers whose name has its short form inside: "gastroesophageal junction (GEJ) adenocarcinoma"."""
        for inside in _INSIDE.finditer(key):
            joined = key[: inside.start()] + key[inside.end() :]
            for pattern, start, end in self._automaton.find_matches_as_indexes(joined, overlapping=True):
                last = _bounded(joined, start, end) if start < inside.start() < end else 0
                for name in self._names[pattern] if last else ():
                    if name.kind == "indication" and name.exact is None:
                        yield Hit(name.kind, name.id, at, start, last + len(inside.group()))

    def _of_organs(self, at: int, key: str) -> Iterator[Hit]:
        """Cancers of which a headline on a cancer drug names only the organ."""
        for organ in _ORGAN.finditer(key):
            group = "told" if organ["told"] else "own"
            found = self._cancers.get(f"{_OF_ORGAN.get(organ[group], organ[group])} cancer")
            if found and found != CANCER:
                yield Hit("indication", found, at, *organ.span(group))

    def _of_sites(self, at: int, key: str) -> Iterator[Hit]:
        """Cancers named by site behind one head: "cancers of the breast and ovary"."""
        for head in _OF_SITES.finditer(key):
            start, behind = head.start(), head.end()
            while site := self._site(key, behind, head["head"]):
                found, end = site
                yield Hit("indication", found, at, start, end)
                following = _NEXT_SITE.match(key, end)
                if following is None:
                    break
                start = behind = following.end()

    def _site(self, key: str, start: int, head: str) -> tuple[str, int] | None:
        """The cancer of the site that begins here, and where the site ends; the longest name first."""
        words = _SITE.match(key, start)
        for kind in (head, "cancer"):
            site = words.group() if words else ""
            while site:
                for name in (f"{site} {kind}", f"{kind} of the {site}", f"{kind} of {site}"):
                    found = self._cancers.get(name)
                    if found and found != CANCER:
                        return found, start + len(site)
                site = site.rpartition(" ")[0]
        return None

    def _coordinated(self, hit: Hit, sentence: Sentence, taken: list[Hit]) -> list[Hit]:
        """ "pancreatic and extra-pancreatic neuroendocrine tumors", "ovarian, tubal or peritoneal cancer": those before borrow the last's head."""
        made: list[Hit] = []
        while found := self._borrowed(hit, made[-1].start if made else hit.start, sentence, [*taken, *made]):
            made.append(found)
        return made

    def _borrowed(self, hit: Hit, until: int, sentence: Sentence, taken: list[Hit]) -> Hit | None:
        """The modifier that stands before a comma, an "and" or a slash ahead of `until`, if the head makes a cancer of it."""
        key = sentence.keyed.key
        joined = _AND.search(key[:until])
        end = joined.start() if joined else until - 1 if _slashed(sentence, until) else 0
        head = key[hit.start : hit.end].split()
        first_of_head = len(head) > 1  # of "other cancers" all is borrowed
        words = [*re.finditer(r"[a-z0-9]+", key[:end])][-3:]
        for first in words:  # longest modifier first
            for tail in (head[n:] for n in range(first_of_head, len(head))):
                name = f"{key[first.start() : end]} {' '.join(tail)}"
                found = self._cancers.get(name) or self._cancers.get(name.removesuffix("s"))
                free = all(t.start >= end or t.end <= first.start() for t in taken)
                if found and found != hit.id and free and not key.endswith("non ", 0, first.start()):
                    return Hit("indication", found, hit.sentence, first.start(), end)
        return None

    def _shared(self, hit: Hit, key: str, taken: list[Hit]) -> list[Hit]:
        """ "B-cell leukemias and lymphomas": the second is of the same cells as the first."""
        first = next((t for t in taken if t.kind == "indication" and _AND.fullmatch(key[t.end : hit.start])), None)
        cells = _CELLS.match(key, first.start) if first else None
        found = self._cancers.get(f"{cells.group()}{key[hit.start : hit.end].removesuffix('s')}") if cells else None
        return [t._replace(id=found) if t is hit and found else t for t in taken]


def _table(vocabulary: Vocabulary) -> dict[str, list[Name]]:
    """Match key → the names that are written so."""
    table: dict[str, list[Name]] = {}
    named = [*surfaces(vocabulary)]
    named += [(surface.replace(" and ", " & "), name) for surface, name in named if " and " in surface]
    for key, (_, name) in zip(keys_of(surface for surface, _ in named), named, strict=True):
        entries = table.get(key)
        if entries is None:  # as of most
            table[key] = [name]
        elif not any(e.kind == name.kind and e.exact == name.exact for e in entries):
            entries.append(name)  # the first one wins: see the order in surfaces
    table.pop("", None)
    return table


def _listed(key: str, unsure: Sequence[Hit], found: Sequence[Hit]) -> list[Hit]:
    """Short forms in one list with cancers: "in MCL, CLL, MM and ALL"."""
    sure = [hit for hit in found if hit.kind == "indication"]
    made = [hit for hit in unsure if _stands_beside(key, hit, sure)]
    while made and (more := [u for u in unsure if u not in made and _stands_beside(key, u, made)]):
        made += more
    return made


def _stands_beside(key: str, hit: Hit, others: Iterable[Hit]) -> bool:
    """Does nothing but a comma or an "and" stand between it and one of these?"""
    between = (key[o.end : hit.start] or key[hit.end : o.start] for o in others)
    return any(_AND.fullmatch(words) for words in between)


def _longest(hit: Hit) -> tuple[int, int]:
    return hit.start - hit.end, hit.start


def _apart(found: Iterable[Hit]) -> list[Hit]:
    """Those that overlap none before them."""
    taken: list[Hit] = []
    for hit in found:
        start, end = hit.start, hit.end
        for other in taken:
            if start < other.end and end > other.start:
                break
        else:
            taken.append(hit)
    return taken


def _slashed(sentence: Sentence, start: int) -> bool:
    """Does a slash stand right before: "gastric/gastroesophageal junction cancer"?"""
    return start > 0 and sentence.text[sentence.keyed.offsets[start - 1]] == "/"


def _within(marker: Hit, taken: list[Hit]) -> bool:
    """Does a biomarker stand inside a cancer's name ("HER2-positive breast cancer")? Then it is told as well."""
    return any(t.kind == "indication" and t.start <= marker.start and marker.end <= t.end for t in taken)


def _bounded(key: str, start: int, end: int) -> int:
    """End of the name if it stands between word boundaries (a plural s is part of it), else 0."""
    if start and (char := key[start - 1]).isalnum() and char < FIRST_IDEOGRAPH:
        return 0
    if end == len(key) or not (char := key[end]).isalnum() or char >= FIRST_IDEOGRAPH:
        return end
    plural = key[end] == "s" and (end + 1 == len(key) or not key[end + 1].isalnum())
    return end + 1 if plural else 0


def _holds(name: Name, sentence: Sentence, start: int, end: int, whole_key: str) -> bool:
    return _spelt(name, sentence, start, end) and (
        name.context is None or bool(_expression(name.context).search(whole_key))
    )


def _spelt(name: Name, sentence: Sentence, start: int, end: int) -> bool:
    """Is a name written as it must be?"""
    if name.exact is None:
        return True
    written = sentence.text[sentence.keyed.offsets[start] : sentence.keyed.offsets[end - 1] + 1]
    if sentence.shouting:
        return not name.strict and written in {name.exact, name.exact.upper()}
    return written == name.exact


def _treated(key: str, short: Hit) -> bool:
    """Does an abbreviation stand where the disease of a drug does: "for newly diagnosed AML", "AML drug"?

    In a sentence with a cancer drug that is context enough: a headline hardly ever spells the disease out as well.
    """
    return bool(_DISEASE_BEFORE.search(key, max(0, short.start - _BEFORE_CHARS), short.start)) or bool(
        _DISEASE_BEHIND.match(key, short.end)
    )


def surfaces(v: Vocabulary) -> Iterator[tuple[str, Name]]:
    """Every surface with its name, the most trusted first."""
    named = {d.id: [*_drug_names(d, v.policies)] for d in v.drugs.values() if d.tier != "stem_only"}
    for drug in v.drugs.values():
        if drug.id in named:
            yield from _careful(v, "drug", drug.id, named[drug.id], ())
        elif _PAIR.fullmatch(drug.name):  # or its first half would be taken for the antibody alone
            yield drug.name, Name("drug", drug.id, None, False, None)
    yield from _respelt(named, v.policies)
    ordered = sorted(
        v.indications.values(), key=lambda i: (not i.news, not i.id.startswith("onc:"), not i.id.startswith("doid:"))
    )
    for cancer in ordered:
        if cancer.matchable and not (_STAGED.match(cancer.name) and cancer.oncotree is None):
            words = (cancer.name, *cancer.synonyms)
            names = (n for n in (cancer.name, *cancer.synonyms) if not cancer.never or key_of(n) not in cancer.never)
            yield from _careful(v, "indication", cancer.id, names, words)
            if cancer.news:
                yield from _careful(v, "indication", cancer.id, cancer.abbreviations, words)
    for marker in v.biomarkers.values():
        yield from _careful(v, "biomarker", marker.id, (marker.name, *marker.synonyms), (marker.name, *marker.synonyms))
    for body in v.bodies.values():
        yield from _careful(v, "body", body.id, (body.name, *body.synonyms), (body.name,))
    for company, aliases in v.companies.items():
        for alias in aliases:
            yield alias, Name("company", company, alias, True, None)
    for acronym in sorted(v.trials):
        yield acronym, Name("trial", acronym, acronym, True, None)
    for acronym in sorted(v.trial_words):
        yield acronym, Name("trial", acronym, acronym, True, _beside_study(key_of(acronym)))


def _beside_study(key: str) -> str:
    no_place = rf"(?!,? {_MONTH}| registry| database)"  # a dateline: "BOSTON, Jan. 9"
    return rf"\b{key}{no_place},? (?:\S+ ){{0,3}}{_STUDY}|{_STUDY} (?:\S+ ){{0,3}}{key}\b{no_place}"


def _drug_names(drug: Drug, policies: Mapping[str, str]) -> Iterator[str]:
    """All that a drug is matched by; a code from five letters and digits on, a shorter one, too often something else, by policy."""
    codes = (c for c in drug.codes if alnum_count(c) >= MIN_CODE_ALNUM or c in policies)
    for name in (drug.name, *drug.synonyms, *drug.brands, *codes):
        if (not drug.never or key_of(name) not in drug.never) and not describes(name):
            yield name


def _respelt(named: Mapping[str, Sequence[str]], policies: Mapping[str, str]) -> Iterator[tuple[str, Name]]:
    """Codes as news also writes them: "UCART-123" for UCART123, "MK2870" for MK-2870; after all that sources spell themselves."""
    with_digits = [(drug, name) for drug, names in named.items() for name in names if _DIGIT.search(name)]
    for (drug, name), key in zip(with_digits, keys_of(name for _, name in with_digits), strict=True):
        code = _CODE.fullmatch(key)
        if code and alnum_count(name) >= MIN_CODE_ALNUM and name not in policies:
            other = code["letters"] or f"{code['joined']} "
            yield other + code["number"], Name("drug", drug, None, False, None)


def describes(name: str) -> bool:
    """Does a name only say what kind of agent it is and against what: "anti-CD7 CAR T cells", "tumor cell vaccine"?"""
    if not name.lower().endswith(_ENDS):  # as most
        return False
    *rest, head = _PARTED.split(name.lower())
    if head in _VACCINES:
        return bool(rest) and set(rest) <= _KINDS
    return head in _HEADS and bool(rest) and all(w in _KINDS or _TARGET.fullmatch(w) for w in rest)


def alnum_count(text: str) -> int:
    return sum(map(str.isalnum, text))


def _careful(
    v: Vocabulary, kind: str, concept: str, surfaces: Iterable[str], full: Sequence[str]
) -> Iterator[tuple[str, Name]]:
    """The surfaces with what the ambiguity policy and their shape demand. `full`: long forms, for context."""
    plain = Name(kind, concept, None, False, None)
    for surface in surfaces:
        policy = v.policies.get(surface, "")
        if (
            not policy and len(surface) > MAX_SHORT and not (surface[-1].isdigit() and _LIKE_WORDS.fullmatch(surface))
        ):  # most of them
            yield surface, plain
            continue
        if policy.startswith(("drop", "separate", "not a", "long form", "case pattern", "company")) or len(surface) < 2:
            continue
        short = (len(surface) <= 5 and surface.upper() == surface) or (
            len(surface) <= MAX_SHORT and any(c.isupper() for c in surface[1:])
        )
        exact = (
            surface
            if policy.startswith("case_sensitive")
            or (short and kind != "drug")
            or len(surface) <= 3
            or _LIKE_WORDS.fullmatch(surface)
            else None
        )
        needs = _demanded(policy, full)
        strict = policy.startswith("case_sensitive") or len(surface) < 3
        yield surface, Name(kind, concept, exact, strict, needs)


def _demanded(policy: str, full: Sequence[str]) -> str | None:
    """What the rest of the item must hold: a word of cancer, a word of the long form, or one of the words that the policy names."""
    if policy.endswith("oncology"):
        return _ONCOLOGY
    if policy.endswith("context"):
        return _context(full)
    _, _, named = policy.partition("+near ")
    return rf"\b(?:{'|'.join(map(re.escape, named.split()))})" if named else None


def _context(names: Sequence[str]) -> str | None:
    """Stems of the long form's telling words: "NET" needs "neuroendo…" somewhere in the item."""
    words = {w for name in names for w in key_of(name).split() if len(w) >= 6 and w not in _COMMON}
    stems = sorted({re.escape(w[:8]) for w in words})
    return r"\b(?:" + "|".join(stems) + ")" if stems else None

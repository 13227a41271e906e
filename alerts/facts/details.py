# SPDX-License-Identifier: MIT
"""The smaller facts: trials, setting, biomarker status, results, language, flags."""

import re
import unicodedata
from collections.abc import Iterable

from alerts.facts.prepare import Part, Sentence
from alerts.facts.vocabulary import Vocabulary
from alerts.model import Mention, NewsItem, Setting, TrialFact

MAX_RESULTS = 4
_PHASE = re.compile(r"\bphase (i{1,3}v?|iv|[1-4])(?:[ab])?(?: (i{1,3}|[1-4])(?:[ab])?\b)?", re.I)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
# KEYNOTE-921, CheckMate-9DW, DESTINY-Breast09: a name, a hyphen, a number.
_NUMBERED = re.compile(
    r"\b[A-Z][A-Za-z]{3,}(?:-[A-Z]?[A-Za-z]*)?-?\d{1,4}[A-Z]{0,2}\b|\b[A-Z][A-Za-z]{3,}-[A-Za-z]+-?\d{1,3}\b|\b[A-Z]{4,}(?:-[A-Z]{1,6})? ?-?\d{1,4}\b"
)
# CABINET trial: a name in capitals that is called a trial or study.
_CALLED = re.compile(
    r"\b(?P<name>[A-Z][A-Za-z]*[A-Z][A-Za-z0-9-]*|[A-Z]{4,}[0-9-]*)(?:,? (?:phase|Phase) \S+)?(?: (?:clinical|pivotal|Phase|phase|randomi[sz]ed|\S+)){0,1} (?:trial|study|Trial|Study)\b"
)
_NO_TRIAL = re.compile(
    r"^(?:FDA|NSCLC|SCLC|HER2|EGFR|CAR-?T|PD-?L?1|COVID.*|AML|CLL|DLBCL|RNA|DNA|mRNA|US|EU|UK|NIH|NCI|PET|CT|MRI|ADC|IND|NCT\d+|SARS.*|Phase.*|II+|IV)$"
)
_LINES = (
    ("first-line", r"\b(?:first|1st|front) ?line|\b1l\b|treatment naive|previously untreated|newly diagnosed"),
    ("second-line", r"\b(?:second|2nd) ?line|\b2l\b"),
    ("third-line or later", r"\b(?:third|fourth|3rd|later) ?line|\b3l\b|heavily pre ?treated"),
    ("maintenance", r"\bmaintenance"),
    (
        "previously treated",
        r"previously (?:been )?treated|relapsed|refractory|after (?:prior|progress\w+)|pre ?treated|prior (?:systemic )?(?:therapy|treatment|line)|previously undergone",
    ),
)
_STAGES = (
    ("neoadjuvant", r"\bneo ?adjuvant|perioperative"),
    ("adjuvant", r"(?<!neo)(?<!neo )\badjuvant"),
    ("unresectable or metastatic", r"unresectable or metastatic|metastatic or unresectable"),
    ("locally advanced or metastatic", r"locally advanced or metastatic"),
    ("metastatic", r"\bmetastatic"),
    ("unresectable", r"\bunresectable"),
    ("locally advanced", r"locally advanced"),
    ("advanced", r"\badvanced"),
    ("early-stage", r"\bearly(?: stage)?(?: \w+)? cancer|\bearly stage"),
)
_GROUPS = (
    ("paediatric", r"\bpediatric|\bchildren|\bchildhood|\badolescents?"),
    ("elderly", r"\belderly|\bolder (?:adults|patients)"),
    ("adults", r"\badults?\b|\badult patients"),
)
_STATUS = (
    ("positive", r"positive|\+|amplified|overexpress\w*|expressing"),
    ("negative", r"negative"),
    ("ultralow", r"ultra ?low"),
    ("low", r"\blow\b"),
    ("high", r"\bhigh\b"),
    ("mutated", r"mut\w*|altered|rearrang\w*|fusion|insertion|deletion"),
    ("wild-type", r"wild ?type"),
)
_NUMBERS = re.compile(
    r"\d+(?:\.\d+)? ?(?:%|percent|months?|weeks)|\bhazard ratio|\bHR[ ,=(]|\b95% CI|\bp ?[<=] ?0", re.I
)
_ENGLISH = re.compile(r"\b(?:the|of|and|in|for|to|with|on|by|from|is|are|was|at)\b")
_CYRILLIC_OR_GREEK = re.compile(r"[\u0370-\u03ff\u0400-\u04ff]")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def trials(item: NewsItem, parts: list[Sentence], vocabulary: Vocabulary) -> tuple[TrialFact, ...]:
    """Registry ids and acronyms; an id in brackets behind an acronym, or the only one of each, are one trial."""
    ids: dict[str, list[Mention]] = {}
    names: dict[str, list[Mention]] = {}
    phase = next((p for s in parts if (p := _phase(s.keyed.key))), None)
    for sentence in parts:
        if sentence.part is Part.BOILERPLATE:
            continue
        for _, pattern in vocabulary.registries[:-2]:
            for hit in pattern.finditer(sentence.text):
                ids.setdefault(hit.group().replace(" ", ""), []).append(_span(item, sentence, hit.start(), hit.end()))
        for name, start, end in _acronyms(sentence):
            names.setdefault(name, []).append(_span(item, sentence, start, end))
    if len(ids) == 1 and len(names) == 1:
        (number, at), (name, places) = *ids.items(), *names.items()
        return (TrialFact(id=number, acronym=name, phase=phase, mentions=(*places, *at)),)
    named = [
        TrialFact(acronym=n, phase=phase if len(names) == 1 else None, mentions=tuple(m)) for n, m in names.items()
    ]
    return (*named, *(TrialFact(id=n, phase=phase if not names else None, mentions=tuple(m)) for n, m in ids.items()))


def _acronyms(sentence: Sentence) -> Iterable[tuple[str, int, int]]:
    seen = set()
    for hit in _NUMBERED.finditer(sentence.text):
        name = hit.group()
        if not _NO_TRIAL.match(name) and _trial_like(name, sentence.text):
            seen.add(name)
            yield name, hit.start(), hit.end()
    for hit in _CALLED.finditer(sentence.text):
        name = hit["name"]
        if name not in seen and not _NO_TRIAL.match(name) and not sentence.shouting and len(name) >= 4:
            yield name, hit.start("name"), hit.end("name")


# Families of numbered trials: what tells KEYNOTE-921 from a drug code such as BNT327.
_FAMILIES = re.compile(
    r"^(?:KEYNOTE|KeyVibe|KEYVIBE|LEAP|KEYLYNK|CheckMate|CHECKMATE|RELATIVITY|IMpower|IMbrave|IMvigor|IMpassion|SKYSCRAPER|DESTINY|TROPION|TROPiCS|ASCENT|EVOKE|HERTHENA|IDeate|MARIPOSA|PAPILLON|PALOMA|CHRYSALIS|LAURA|ADAURA|FLAURA|AEGEAN|PACIFIC|POSEIDON|HIMALAYA|TOPAZ|EMERALD|NIAGARA|VOLGA|MATTERHORN|CAPItello|SERENA|CAMBRIA|monarch|MONARCH|PALLAS|NATALEE|MONALEESA|EPIK|INAVO|persevERA|evERA|EMBER|VIKTORIA|VERITAC|ELEVATE|BRUIN|SEQUOIA|ALPINE|MAHOGANY|RATIONALE|ORIENT|HARMONi|CodeBreaK|KRYSTAL|KRASCENDO|RASolute|SUNRAY|BREAKWATER|BEACON|ARROS|ALKOVE|CROWN|TRIDENT|LIBRETTO|ARROW|SOHO|Beamion|HERIZON|HERCULES|EV|THOR|SunRISe|VISION|SPLASH|PSMAfore|TALAPRO|PROpel|MAGNITUDE|ENZAMET|ARASENS|ARANOTE|EMBARK|COSMIC|CONTACT|CLEAR|LITESPARK|PEMBRO|RAINFALL|SPOTLIGHT|GLOW|FIGHT|LIBRETTO|DeLLphi|DELLPHI|IMforte|ADRIATIC|LUMINOSITY|MajesTEC|MonumenTAL|CARTITUDE|KarMMa|MagnetisMM|LINKER|DREAMM|PERSEUS|CEPHEUS|CASSIOPEIA|MAIA|AQUILA|IMROZ|IKEMA|EPCORE|ECHELON|POLARIX|POLARGO|STARGLO|TRANSFORM|ZUMA|TRANSCEND|TRANSFORM|ELIANA|JULIET|BELINDA|FELIX|VIALE|AGILE|QuANTUM|AUGMENT|KOMET|ENHANCE|VERONA|COMMANDS|MEDALIST|TOURMALINE|SOPHiA|PHERGain|DUO|RUBY|PRIMA|PAOLA|SOLO|ATHENA|MIRASOL|SORAYA|GOG|innovaTV|CALLA|EMPOWER|TRIANGLE|NRG|SWOG|ECOG|CALGB|RTOG|NCIC|ETOP|JCOG|WJOG|EORTC|UNITY|GEOMETRY|NAPOLI|POLO|SUNLIGHT|FRESCO|DESTINY|MOUNTAINEER|TUCATINIB|HER2CLIMB|CLIMB|PHILA|TULIP|SOPHIA|KATHERINE|APHINITY|CLEOPATRA|NALA|ExteNET)(?![a-z])"
)


def _trial_like(name: str, text: str) -> bool:
    if _FAMILIES.match(name):
        return True
    return (
        bool(
            re.search(
                re.escape(name) + r"[^.]{0,40}\b(?:trial|study)\b|\b(?:trial|study)\b[^.]{0,12}" + re.escape(name),
                text,
                re.I,
            )
        )
        and "-" in name
    )


def _phase(key: str) -> str | None:
    hit = _PHASE.search(key)
    if not hit:
        return None
    steps = [_ROMAN.get(g.lower(), g) for g in hit.groups() if g]
    return "/".join(steps)


def _span(item: NewsItem, sentence: Sentence, start: int, end: int) -> Mention:
    """Span of clean-text positions."""
    source = item.title if sentence.field == "title" else item.summary
    first, last = sentence.offsets[start], sentence.offsets[end - 1] + 1
    return Mention(
        field="title" if sentence.field == "title" else "summary", start=first, end=last, text=source[first:last]
    )


def setting(whole: str) -> Setting:
    """Line, stage and population, from the first words of each that the item has."""
    return Setting(line=_first(_LINES, whole), stage=_first(_STAGES, whole), population=_first(_GROUPS, whole))


def _first(table: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for name, pattern in table if re.search(pattern, text)), None)


def setting_words(parts: list[Sentence]) -> str | None:
    """The setting of the lead in words: "unresectable or metastatic, previously treated"."""
    lead = " ".join(s.keyed.key for s in parts[:4] if s.part is not Part.BOILERPLATE)
    words = [w for table in (_STAGES, _LINES) if (w := _first(table, lead))]
    return ", ".join(words) or None


def biomarker_status(contexts: list[str]) -> str | None:
    return next((s for c in contexts for s in [_first(_STATUS, c)] if s), None)


def results(item: NewsItem, parts: list[Sentence]) -> tuple[Mention, ...]:
    """Sentences with numbers, to be quoted as the source gives them."""
    hits = [s for s in parts if s.part is Part.BODY and _NUMBERS.search(s.text) and len(s.text) < 600]
    return tuple(_span(item, s, 0, len(s.text)) for s in hits[:MAX_RESULTS])


def language(whole: str) -> str | None:
    """ "en" where English function words show it, None where the text is too short, "und" where it is something else."""
    words = whole.split()
    if len(words) < 12:
        return None
    return "en" if len(_ENGLISH.findall(whole)) / len(words) > 0.06 else "und"


def flags(item: NewsItem) -> tuple[str, ...]:
    """What a person should know of the text itself."""
    text = f"{item.title} {item.summary}"
    found = []
    if any(_mixed(word) for word in _CYRILLIC_OR_GREEK.sub("\0", text).split() if "\0" in word):
        found.append("homoglyph")
    if _BIDI.search(text):
        found.append("bidi")
    if any(unicodedata.category(c) == "Cc" and c not in "\n\r\t" for c in text[:5000]):
        found.append("control_characters")
    return tuple(found)


def _mixed(word: str) -> bool:
    """Latin letters around a Cyrillic or Greek one: a name that only looks like itself."""
    return bool(re.search(r"[A-Za-z]{2}\0|\0[A-Za-z]{2}", word))

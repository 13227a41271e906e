# SPDX-License-Identifier: MIT
"""Primary or mentioned: which drugs, cancers and bodies the item's news is about."""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise, takewhile

from alerts.facts.concepts import CANCER, GENERIC, VocabularyConcepts
from alerts.facts.events import AUTHORISED, REGULATORY
from alerts.facts.news import LEAD_SENTENCES
from alerts.facts.prepare import Part
from alerts.facts.reading import Found, Reading
from alerts.facts.roles import (
    acts_before,
    describes_drug,
    is_background,
    is_byword,
    is_combined,
    is_example,
    is_harm,
    is_joined,
    is_seen_in,
    is_sold,
    is_treated,
    lands,
    opens_with_partners,
    was_before,
    went_before,
)
from alerts.model import EventType, RegulatorFact, Role

Places = dict[str, list[Found]]
# Where a cancer has spread to says nothing of which it is, if that is told.
SEATS = {"ncit:C3813", "news:leptomeningeal-metastases"}
MANY = 4  # cancers of a lead under a title of cancer at large: examples
# Broad kinds whose examples in the lead make the news no narrower.
BROAD = GENERIC | {"doid:0070663", "news:sarcoma"}
_OR = re.compile(r"\)?,? (?:or|and) (?:\S+ ){0,3}")
_PART_OF = re.compile(r" (?:associated|related) (?!with|to)")
_EITHER = re.compile(r",? or ")
_ADDING = re.compile(r"\b(?:add(?:ing|ed|s)?|addition of) $")
# The next regimen of the same drug: "… or, after lenalidomide, with X", "as a triplet with X", "be it with X".
_AND_WITH = re.compile(
    r"\b(?:and|or),?(?: [^.;]{0,60},)? (?:together |combined |in combination )?with $|\b(?:triplet|doublet|quadruplet|combination|combo|regimen|pairing|either|be it|whether) with $"
)
_GIVEN_WITH = re.compile(
    r"\W*(?:it|they|the (?:drug|medicine|antibody|treatment|therapy)) (?:is|are|was|were|will be|should be|must be|can be|may be) (?:to be )?(?:given|used|taken|administered|combined|paired|dosed|prescribed)\b(?: \S+){0,3}? with\b"
)
PARTNER_SENTENCES = 3  # of the lead: there the regimen is spelt out
ACTING = REGULATORY | {EventType.TRIAL_START, EventType.TRIAL_STOPPED}


def primary_drugs(reading: Reading, by_id: Places) -> set[str]:
    """Subjects of the title; without any, of the event's sentence; without any, of the first that names a drug; and their partners."""
    if not by_id:
        return set()
    subjects = {d: [p for p in places if p.subject] for d, places in by_id.items()}
    titled = {d for d, places in subjects.items() if any(p.titled for p in places)}
    main = reading.main
    if not titled and main is not None and main.event.type is EventType.CORPORATE:  # "X sales soar" is news of X
        titled = {d for d, places in by_id.items() if any(p.titled and _sells(p) for p in places)}
    beside = {
        d for d, places in subjects.items() if main is not None and any(p.sentence is main.sentence for p in places)
    }
    chosen = titled or beside or _first_told(reading, subjects) or _copied(reading, by_id)
    return chosen | _partners(reading, chosen) if chosen else chosen


def _copied(reading: Reading, by_id: Places) -> set[str]:
    """A body's act on a biosimilar without a name is one on the drug that it copies."""
    acts = reading.main is not None and reading.main.event.type in REGULATORY
    return set(by_id) if acts and len(by_id) == 1 and "biosimilar" in reading.parts[0].keyed.key else set()


def _first_told(reading: Reading, subjects: Places) -> set[str]:
    """Those of the first sentence that names one and tells of the present; what research starts from is not its subject."""
    told = {d: [p for p in places if not is_background(p.sentence)] for d, places in subjects.items()}
    research = reading.main is not None and reading.main.event.type is EventType.RESEARCH
    if research:
        told = {d: [p for p in places if not _is_example(p)] for d, places in told.items()}
    if not research and not any(told.values()):
        told = subjects
    numbers = [p.sentence.number for places in told.values() for p in places]
    return {d for d, places in told.items() if any(p.sentence.number == min(numbers) for p in places)}


def _is_example(place: Found) -> bool:
    key = place.sentence.keyed.key
    return is_example(key[: place.hit.start], key[place.hit.end :])


def _partners(reading: Reading, chosen: set[str]) -> set[str]:
    """Named parts of a regimen that title and lead join to the chosen drugs ("X plus Y and Z")."""
    drugs = [f for f in reading.found if f.hit.kind == "drug" and f.sentence.number <= PARTNER_SENTENCES]
    joined = set(chosen)
    if len(drugs) < 2:
        return joined | _joined_to_none(drugs, chosen)
    for first, second in pairwise(drugs):
        if first.sentence is not second.sentence or not second.subject or is_background(first.sentence):
            continue
        between = first.sentence.keyed.key[first.hit.end : second.hit.start]
        partner = first.hit.id in joined - chosen  # "plus X or Y": each is a partner
        added = between == " to " and _ADDING.search(first.sentence.keyed.key, 0, first.hit.start) is not None
        again = first.hit.id in joined and _AND_WITH.search(between) is not None
        if (added or first.hit.id in joined) and (
            added or again or is_combined(between) or (partner and _EITHER.fullmatch(between))
        ):
            joined.add(second.hit.id)
    told_so = _given_with(drugs, joined) | _joined_to_none(drugs, chosen)
    return joined | _opening_partners(drugs, chosen) | told_so


def _joined_to_none(drugs: Sequence[Found], chosen: set[str]) -> set[str]:
    """Partners in a sentence that calls the chosen drug by another word ("the antibody is for use with X")."""
    named = {f.sentence.number for f in drugs if f.hit.id in chosen}
    others = [f for f in drugs if f.sentence.number not in named and f.subject and not is_background(f.sentence)]
    return {f.hit.id for f in others if is_joined(f.sentence.keyed.key[: f.hit.start])}


def _given_with(drugs: Sequence[Found], joined: Collection[str]) -> set[str]:
    """ "It is given with X and Y": the partners in a sentence that goes on about the drug."""
    return {
        f.hit.id
        for f in drugs
        if f.subject and f.hit.id not in joined and _GIVEN_WITH.match(f.sentence.keyed.key) and f.sentence.number > 1
    }


def _opening_partners(drugs: Sequence[Found], chosen: set[str]) -> set[str]:
    """ "With X and Y, Z is approved": what a sentence opens with, up to the drug that it is about."""
    for sentence in {f.sentence.number: f.sentence for f in drugs}.values():
        here = [f for f in drugs if f.sentence is sentence]
        ahead = list(takewhile(lambda f: f.hit.id not in chosen, here))
        if ahead and len(ahead) < len(here) and opens_with_partners(sentence.keyed.key[: ahead[0].hit.start]):
            return {f.hit.id for f in ahead}
    return set()


def primary_cancers(tree: VocabularyConcepts, by_id: Places) -> set[str]:
    """Those of the title, made narrower by what the lead says of them; without any, those of the lead."""
    by_id = {
        c: left
        for c, places in by_id.items()
        if (left := [p for p in places if not (p.earlier or _is_kind(p) or _is_past(p))])
    }
    if not by_id:
        return set()
    if any(p.titled for places in by_id.values() for p in places):
        by_id = {c: places for c, places in by_id.items() if not all(_is_seen_in(p) for p in places)}
    titled = {c for c, places in by_id.items() if any(p.titled for p in places) and c != CANCER}
    told = {c for c in titled if not all(_describes(p) for p in by_id[c] if p.titled)}
    leading = _first_named(by_id, LEAD_SENTENCES - 1) - {CANCER}
    if titled and not told:  # "blood cancer drug X": the lead tells of which
        titled = {c for c in leading if titled & {c, *tree.ancestors(c)}} or titled
    titled = told or titled or _first_named(by_id, 1) - {CANCER} or leading
    if len(titled) >= MANY and _at_large(titled, by_id):
        titled = {CANCER}
    if titled <= SEATS:  # "metastases in the brain": of what, the lead tells
        titled |= _first_named({c: p for c, p in by_id.items() if c not in SEATS}, 1) - {CANCER}
    if titled and titled <= GENERIC - {CANCER} and not told:  # "two blood cancers. One is …, the other …"
        titled = {c for c in leading if titled & tree.ancestors(c)} or titled
    named = titled - BROAD  # "solid tumors" is not made narrower by a list of examples
    narrower = {c for c in leading if any(t != c and t in tree.ancestors(c) for t in named)}
    primary = titled | narrower | (_treated(by_id) if titled <= BROAD else set())
    primary = primary - SEATS or primary
    for broad in sorted(primary):  # of two that fall under each other one stays, the same in every process
        below = [c for c in primary if c != broad and broad in tree.ancestors(c)]
        kinds = [c for c in below if not any(o != c and c in tree.ancestors(o) for o in below)]
        alone = (  # the title's own, of which the lead lists kinds
            (len(kinds) > 1 or broad in BROAD)
            and broad in titled
            and not titled & set(below)
            and (broad in BROAD or any(p.titled for p in by_id[broad]))
        )
        if below and not alone and not any(side_by_side(by_id[broad], by_id[c]) for c in below):
            primary.discard(broad)  # "lung cancer … NSCLC": the narrowest that the text supports
    return primary or ({CANCER} & set(by_id))


def side_by_side(broad: Sequence[Found], narrow: Sequence[Found]) -> bool:
    """Does title or lead name both as different ones: "mantle cell and other non-Hodgkin lymphomas"?"""
    return any(
        a.sentence.number < LEAD_SENTENCES
        and b.sentence is a.sentence
        and (
            _OR.fullmatch(a.sentence.keyed.key[a.hit.end : b.hit.start])
            or _OR.fullmatch(a.sentence.keyed.key[b.hit.end : a.hit.start])
        )
        for a in broad
        for b in narrow
    )


def _treated(by_id: Places) -> set[str]:
    """Beside a broad title ("in solid tumors") what the first sentence says is treated; a list of examples is not."""
    first = _first_named(by_id, 1) - {CANCER} - SEATS
    return {
        c
        for c in first
        for p in by_id[c]
        if p.subject and p.sentence.part is Part.BODY and is_treated(p.sentence.keyed.key[: p.hit.start])
    }


def _is_past(place: Found) -> bool:
    """Is it named only where the text goes back to something earlier: "Last month the FDA let the maker sell it for …"?"""
    return not place.titled and was_before(place.sentence.keyed.key)


def _is_kind(place: Found) -> bool:
    """Is the name part of another cancer's: "von Hippel-Lindau disease-associated renal cell carcinoma"?"""
    return bool(_PART_OF.match(place.sentence.keyed.key, place.hit.end))


def _at_large(leading: Collection[str], by_id: Places) -> bool:
    """Does the title speak of cancer at large, and only the lead of these?"""
    return any(p.titled for p in by_id.get(CANCER, ())) and not any(p.titled for c in leading for p in by_id[c])


def _is_seen_in(place: Found) -> bool:
    """Is a cancer of the text only told to be one where a target is found?"""
    return not place.titled and is_seen_in(place.sentence.keyed.key[: place.hit.start])


def _sells(place: Found) -> bool:
    """Is it the drug's sales that are told of?"""
    key = place.sentence.keyed.key
    return is_sold(key[: place.hit.start], key[place.hit.end :])


def _describes(place: Found) -> bool:
    return describes_drug(place.sentence.keyed.key[place.hit.end :])


def _first_named(by_id: Places, limit: int) -> set[str]:
    """Concepts of the first `limit` body sentences that name any of the kind."""
    body = [(c, p) for c, places in by_id.items() for p in places if p.subject and p.sentence.part is Part.BODY]
    numbers = sorted({p.sentence.number for _, p in body})[:limit]
    return {c for c, p in body if p.sentence.number in numbers}


def regulator_roles(reading: Reading, named: Places) -> dict[str, Role]:
    """Of two that act, the one that is only told to have come before is background ("Following the FDA, the EC …")."""
    roles = {body: _regulator_role(reading, places) for body, places in named.items()}
    acting = {body for body, role in roles.items() if role is Role.PRIMARY}
    before = {body for body in acting if went_before_all(named, [body])}
    return roles if before == acting else roles | dict.fromkeys(before, Role.MENTIONED)


def _went_before(place: Found) -> bool:
    return place.earlier or went_before(place.sentence.keyed.key[: place.hit.start])


def _regulator_role(reading: Reading, places: Sequence[Found]) -> Role:
    """Primary: named in the title, or beside the event of an act; everything else is mentioned."""
    main = reading.main
    if any(p.titled and not p.earlier for p in places):
        return Role.PRIMARY
    if main is None:
        return Role.MENTIONED
    news = [p for p in places if p.sentence.part is Part.BODY and not is_background(p.sentence)]
    if main.event.type not in AUTHORISED:
        news = [p for p in news if not is_byword(p.sentence.keyed.key[: p.hit.start])]
    if any(p.sentence is main.sentence for p in news):
        return Role.PRIMARY
    acts = main.event.type in ACTING
    same = any(
        p.sentence.number <= 2
        or (p.sentence.number <= LEAD_SENTENCES + 1 and reading.tells(p.sentence, main.event.type))
        for p in news
    )
    return Role.PRIMARY if acts and same else Role.MENTIONED


def went_before_all(named: Places, acting: Sequence[str]) -> bool:
    """Is every acting body only told to have come before ("weeks after the FDA declined …")?"""
    places = ([p for p in named[body] if p.titled] or named[body] for body in acting)
    return all(_went_before(place) for of_body in places for place in of_body)


def body_of_the_land(reading: Reading, names: dict[str, str]) -> list[RegulatorFact]:
    """An act in a country without a named body is its body's ("EU approval": the European Commission)."""
    if reading.main is None:
        return []
    sentence, event = reading.main
    lead = [p for p in reading.parts if p.part is Part.BODY and p is not sentence][:1]
    for place in (sentence, *lead):
        key = place.keyed.key
        start, end = reading.earlier.get(place.number, (0, 0))
        known = [land for land in lands(key, event.type) if land.body in names]
        found = [(land.body, hit) for land in known for hit in land.words.finditer(key)]
        found = [(b, h) for b, h in found if not (start <= h.start() < end or went_before(key[: h.start()]))] or found
        acted = [(body, hit) for body, hit in found if acts_before(key[: hit.start()])]
        if found:
            body, hit = (acted or found)[0]  # "turned down in the US, is now approved in Japan"
            span = reading.span(place, hit.start(), hit.end())
            return [RegulatorFact.of(id=body, name=names[body], role=Role.PRIMARY, mentions=(span,))]
    return []


def without_harms(by_id: Places) -> Places:
    """In news of a harm: without the cancers that a drug is said to cause."""
    return {c: places for c, places in by_id.items() if not all(_is_harm(p) for p in places)}


def _is_harm(place: Found) -> bool:
    return is_harm(place.sentence.keyed.key[: place.hit.start])

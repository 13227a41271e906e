# SPDX-License-Identifier: MIT
"""New story, same story or update: pure, with the reason in words.

Facts decide; text only fills gaps (weigh.py). A duplicate costs less than a silenced story, so doubt opens a story.
"""

from collections.abc import Sequence
from datetime import datetime

from alerts.model import (
    Attachment,
    Concepts,
    Decision,
    Facts,
    Grouping,
    GroupReason,
    NewsItem,
    StoryFacts,
    StoryState,
    Verdict,
)
from alerts.stories import words
from alerts.stories.canonical import is_correction, parts_of, says_what_was_wrong, story_facts
from alerts.stories.compare import tells_all_cancers
from alerts.stories.keys import exact_keys
from alerts.stories.progress import step_of
from alerts.stories.weigh import COPIES_ONLY, FLOOR, Weighed

RELATED_SHOWN = 5
CORRECTED = "corrected"  # the step of an update that mends what was told
_CORRECTABLE = {"date", "status", "setting", "biomarkers"}  # what a correction may change of the same event


def decide(
    item: NewsItem, facts: Facts, candidates: Sequence[StoryState], now: datetime, concepts: Concepts
) -> Grouping:
    """`candidates`: what `lookups` found; their order is irrelevant. `now` dates an item that has no date at all."""
    item = item if item.first_seen else item.model_copy(update={"first_seen": now})
    mine = story_facts(facts, item)
    weighed = _weigh(mine, item, candidates, concepts)
    repeat = _exact_repeat(item, weighed)
    if repeat:
        return repeat
    if mine.round_up:
        return _round_up(parts_of(facts, item), item, candidates, concepts)
    return _by_facts(item, weighed, concepts)


def compared(
    item: NewsItem, facts: Facts, candidates: Sequence[StoryState], now: datetime, concepts: Concepts
) -> list[tuple[int, GroupReason]]:
    """Each candidate beside the item, the nearest first: the answer to "why is it not in that story?"."""
    item = item if item.first_seen else item.model_copy(update={"first_seen": now})
    weighed = _weigh(story_facts(facts, item), item, candidates, concepts)
    weighed.sort(key=lambda one: (len(one.conflicts), -one.agreed, -one.score, one.story.id))
    return [(one.story.id, _beside(one, concepts)) for one in weighed]


def _beside(one: Weighed, concepts: Concepts) -> GroupReason:
    if one.conflicts:
        because = words.difference(one.fields, one.story.facts, one.mine, concepts)
        return _reason(one, f"conflict_{one.conflicts[0]}", f"Apart from “{one.story.headline}”: {because}.")
    because = words.agreement(one.fields, one.story.facts, concepts) or "nothing"
    gaps = words.gaps(one.fields) or "nothing"
    shared = f"shared text {one.score:.2f}, needed {_needed(one)}"
    return _reason(
        one, "no_conflict", f"Beside “{one.story.headline}”: agree on {because}; not known: {gaps}; {shared}."
    )


def _needed(one: Weighed) -> str:
    return "a near copy" if one.floor >= COPIES_ONLY else f"{one.floor:.2f}"


def _reason(one: Weighed, code: str, text: str) -> GroupReason:
    return GroupReason(code=code, text=text, fields=one.fields, score=one.score)


def decide_again(
    item: NewsItem,
    facts: Facts,
    story: StoryState,
    members: int,
    candidates: Sequence[StoryState],
    now: datetime,
    concepts: Concepts,
) -> Grouping:
    """An edited or newly read item of `story`, which has `members` items.

    Alone in its story it stays and the story changes with it (`rewritten`); among others it stays as long as nothing
    conflicts, else it is decided anew among the other stories.
    """
    item = item if item.first_seen else item.model_copy(update={"first_seen": now})
    here = Weighed(story_facts(facts, item), item, story, concepts)
    if members <= 1 or not here.conflicts:
        return _same(here, "edited", "The edited item stays in", concepts)
    others = [s for s in candidates if s.id != story.id]
    moved = decide(item, facts, others, now, concepts)
    was = words.difference(here.fields, story.facts, here.mine, concepts)
    text = f"{moved.reason.text} It was edited and left “{story.headline}”: {was}."
    related = tuple(dict.fromkeys((*moved.related, story.id)))
    return moved.model_copy(update={"reason": moved.reason.model_copy(update={"text": text}), "related": related})


def _weigh(mine: StoryFacts, item: NewsItem, candidates: Sequence[StoryState], concepts: Concepts) -> list[Weighed]:
    in_order = sorted(set(candidates), key=lambda story: (story.id, story.first_seen, story.headline))
    return [Weighed(mine, item, story, concepts) for story in in_order]


def _exact_repeat(item: NewsItem, weighed: list[Weighed]) -> Grouping | None:
    """The same text is the same story; the same address too, unless the page now tells of something else."""
    exact = set(exact_keys(item))
    for one in weighed:
        shared = {key.partition(":")[0] for key in exact & set(one.story.keys)}
        if "text" in shared:
            return _repeat(one, "same_text", "the text is the same")
        if "url" in shared and not set(one.conflicts) - {"date"}:
            return _repeat(one, "same_url", "the address is the same")
        if "title" in shared and one.told_together and not one.conflicts:
            return _repeat(one, "same_title", "the title is the same, in the same days, and no fact speaks against it")
    return None


def _repeat(one: Weighed, code: str, because: str) -> Grouping:
    reason = GroupReason(
        code=code, text=f"Merged with “{one.story.headline}” because {because}.", fields=one.fields, score=one.score
    )
    return Grouping(decision=Decision.SAME, story_id=one.story.id, reason=reason)


def _by_facts(item: NewsItem, weighed: list[Weighed], concepts: Concepts) -> Grouping:
    mended = any(one.open and one.copied for one in weighed)  # a comma, a name: the same text says the same
    corrected = _corrected(item, weighed)
    if corrected and not mended:
        return _update(max(corrected, key=lambda one: one.rank), "correction", CORRECTED, concepts)
    lone = _lone(weighed)
    joinable = [one for one in weighed if one.joins(only=one.story.id in lone)]
    if joinable:
        best = max(joinable, key=lambda one: one.rank)
        apart = [one for one in weighed if one.conflicts and one.fields["drugs"] is Verdict.AGREE]
        code = "facts_agree_text_floor" if best.floor else "facts_agree"
        return _same(best, code, "Merged with", concepts, apart)
    steps = [(one, step) for one in weighed if (step := step_of(one.story.facts, one.mine, one.fields))]
    if steps:
        nearest, step = max(steps, key=lambda pair: (pair[0].agreed, _told(pair[0]), pair[0].score, -pair[0].story.id))
        return _update(nearest, "progress", step.wording, concepts)
    return _new(weighed, concepts)


def _lone(weighed: Sequence[Weighed]) -> set[int]:
    """The one story on the item's drug in these days; where no drug binds, the one act of its company, or of its class."""
    on_drug = {one.story.id for one in weighed if one.of_these_days}
    of_company = {one.story.id for one in weighed if (one.of_company or one.of_body) and not one.drug_shared}
    of_class = {one.story.id for one in weighed if one.of_class}
    first = next((found for found in (on_drug, of_company, of_class) if found), set())
    return first if len(first) == 1 else set()


def _told(one: Weighed) -> str:
    day = one.story.facts.event_date or one.story.facts.first_told
    return day.isoformat()[:10] if day else ""


def _corrected(item: NewsItem, weighed: Sequence[Weighed]) -> list[Weighed]:
    if not is_correction(item):
        return []
    told = says_what_was_wrong(item)
    return [one for one in weighed if _corrects(one, told=told)]


def _corrects(one: Weighed, *, told: bool) -> bool:
    """It says something else of the same event, or what it says could not be read; a mended comma only joins.

    `told`: the item says itself what was wrong, be it a figure that is no fact here.
    """
    firm = one.fields["drugs"] is Verdict.AGREE and one.fields["event"] is not Verdict.CONFLICT
    changed = told or bool(one.conflicts) or one.fields["event"] is Verdict.UNKNOWN
    return firm and changed and set(one.conflicts) <= _CORRECTABLE and one.score >= FLOOR


def _same(one: Weighed, code: str, verb: str, concepts: Concepts, apart: Sequence[Weighed] = ()) -> Grouping:
    because = words.agreement(one.fields, one.story.facts, concepts) or "the same words"
    text = f"{verb} “{one.story.headline}” because of the same {because}; shared text {one.score:.2f}."
    if apart:
        nearest = max(apart, key=lambda other: (-len(other.conflicts), other.agreed, -other.story.id))
        why = words.difference(nearest.fields, nearest.story.facts, nearest.mine, concepts)
        text += f" Kept apart from “{nearest.story.headline}”: {why}."
    reason = GroupReason(code=code, text=text, fields=one.fields, score=one.score)
    related = tuple(other.story.id for other in apart)[:RELATED_SHOWN]
    return Grouping(decision=Decision.SAME, story_id=one.story.id, related=related, reason=reason)


def _update(one: Weighed, code: str, wording: str, concepts: Concepts) -> Grouping:
    what = words.difference(one.fields, one.story.facts, one.mine, concepts)
    reason = GroupReason(
        code=code,
        text=f"{words.update_line(one.story, wording)}." + (f" {what}." if what else ""),
        fields=one.fields,
        score=one.score,
    )
    return Grouping(decision=Decision.UPDATE, follows=one.story.id, step=wording, reason=reason)


def _new(weighed: list[Weighed], concepts: Concepts) -> Grouping:
    if not weighed:
        reason = GroupReason(code="no_candidate", text="No story on this is known.")
        return Grouping(decision=Decision.NEW, reason=reason)
    nearest = max(weighed, key=lambda one: (-len(one.conflicts), one.agreed, -one.story.id))
    if nearest.conflicts:
        code, why = (
            f"conflict_{nearest.conflicts[0]}",
            words.difference(nearest.fields, nearest.story.facts, nearest.mine, concepts),
        )
    else:
        code = "below_text_floor"
        why = f"not known: {words.gaps(nearest.fields)}; shared text {nearest.score:.2f}, needed {_needed(nearest)}"
    reason = GroupReason(
        code=code,
        text=f"Kept apart from “{nearest.story.headline}”: {why}.",
        fields=nearest.fields,
        score=nearest.score,
    )
    related = tuple(one.story.id for one in weighed if one.fields["drugs"] is Verdict.AGREE)[:RELATED_SHOWN]
    return Grouping(decision=Decision.NEW, related=related, review=not nearest.conflicts, reason=reason)


def _round_up(
    parts: Sequence[StoryFacts], item: NewsItem, candidates: Sequence[StoryState], concepts: Concepts
) -> Grouping:
    """Attached to every story that it tells of; what none has told yet opens a story of the round-up's own."""
    found: list[Weighed] = []
    untold = 0
    for part in parts:
        told = [one for one in _weigh(part, item, candidates, concepts) if not one.unknowns and one.joins()]
        if told:
            found.append(max(told, key=lambda one: one.rank))
        # a part is only left out where all of its cancers were told: somebody waits for the others
        if not any(tells_all_cancers(one.story.facts, part.indications, concepts) for one in told):
            untold += 1
    attached = {one.story.id: Attachment(story_id=one.story.id, reason=_part(one, concepts)) for one in found}
    if attached and not untold:
        first, *rest = attached.values()
        return Grouping(decision=Decision.SAME, story_id=first.story_id, also=tuple(rest), reason=first.reason)
    known = ", ".join(f"“{one.story.headline}”" for one in found)
    left = f" (known: {known}; nobody is told of these again)" if known else ""
    text = f"Tells {len(parts)} pieces of news, {untold} of them not told before{left}."
    reason = GroupReason(code="round_up", text=text)
    return Grouping(decision=Decision.NEW, also=tuple(attached.values()), related=tuple(attached), reason=reason)


def _part(one: Weighed, concepts: Concepts) -> GroupReason:
    because = words.agreement(one.fields, one.story.facts, concepts)
    text = f"A round-up that also tells “{one.story.headline}”: the same {because}."
    return GroupReason(code="round_up_part", text=text, fields=one.fields, score=one.score)

# SPDX-License-Identifier: MIT
"""Words for facts: status line, the one sentence that says what happened, lists of names. Pure."""

from collections.abc import Sequence
from datetime import date

from alerts.model import Claim, EventType

# Regulator id → (how a status line names it, how a sentence names it).
REGULATORS = {
    "org:FDA": ("FDA", "the US Food and Drug Administration (FDA)"),
    "org:EC": ("EU", "the European Commission"),
    "org:EMA": ("EMA", "the European Medicines Agency (EMA)"),
    "org:MHRA": ("UK", "the UK medicines regulator (MHRA)"),
    "org:NMPA": ("China", "China's NMPA"),
    "org:PMDA": ("Japan", "Japan's health ministry (MHLW)"),
    "org:HC": ("Canada", "Health Canada"),
    "org:TGA": ("Australia", "Australia's TGA"),
    "org:SWISSMEDIC": ("Swiss", "Swissmedic"),
    "org:NICE": ("NICE", "NICE"),
    "org:SMC": ("SMC", "the Scottish Medicines Consortium"),
}

# Event → (noun of the status line, sentence with a body that acts, sentence without).
EVENTS: dict[EventType, tuple[str, str, str]] = {
    EventType.APPROVAL: ("approval", "{who} approved {drugs}{cancers}", "{drugs} was approved{cancers}"),
    EventType.LABEL_EXPANSION: (
        "approval, new use",
        "{who} widened the use of {drugs}{cancers}",
        "The use of {drugs} was widened{cancers}",
    ),
    EventType.FILING_STATUS: (
        "filing",
        "{who} has an application for {drugs}{cancers} before it",
        "An application for {drugs}{cancers} moved on",
    ),
    EventType.DESIGNATION: (
        "designation",
        "{who} gave a designation to {drugs}{cancers}",
        "{drugs} received a designation{cancers}",
    ),
    EventType.OPINION_POSITIVE: (
        "positive opinion",
        "Experts of {who} recommended {drugs}{cancers}",
        "Experts recommended {drugs}{cancers}",
    ),
    EventType.REJECTION: ("rejection", "{who} turned down {drugs}{cancers}", "{drugs} was turned down{cancers}"),
    EventType.TRIAL_POSITIVE: (
        "trial success",
        "A trial of {drugs}{cancers} reported a benefit",
        "A trial of {drugs}{cancers} reported a benefit",
    ),
    EventType.TRIAL_NEGATIVE: (
        "trial miss",
        "A trial of {drugs}{cancers} missed its goal",
        "A trial of {drugs}{cancers} missed its goal",
    ),
    EventType.TRIAL_UPDATE: (
        "trial results",
        "A trial of {drugs}{cancers} reported results",
        "A trial of {drugs}{cancers} reported results",
    ),
    EventType.TRIAL_START: (
        "trial start",
        "{who} cleared a trial of {drugs}{cancers}",
        "A trial of {drugs}{cancers} got under way",
    ),
    EventType.TRIAL_STOPPED: (
        "trial stopped",
        "{who} and a trial of {drugs}{cancers}: the trial was halted",
        "A trial of {drugs}{cancers} was halted",
    ),
    EventType.SAFETY: (
        "safety",
        "{who} warned about the safety of {drugs}{cancers}",
        "There is safety news on {drugs}{cancers}",
    ),
    EventType.WITHDRAWAL: ("withdrawal", "{drugs}{cancers} was withdrawn with {who}", "{drugs} was withdrawn{cancers}"),
    EventType.ACCESS: ("access", "{who} decided on access to {drugs}{cancers}", "Access to {drugs}{cancers} changed"),
    EventType.DEAL: ("deal", "A deal was made on {drugs}{cancers}", "A deal was made on {drugs}{cancers}"),
    EventType.CORPORATE: (
        "company news",
        "There is company news on {drugs}{cancers}",
        "There is company news on {drugs}{cancers}",
    ),
    EventType.CONFERENCE: (
        "congress preview",
        "Data on {drugs}{cancers} are to be shown at a congress",
        "Data on {drugs}{cancers} are to be shown at a congress",
    ),
    EventType.RESEARCH: (
        "research",
        "Research on {drugs}{cancers} was published",
        "Research on {drugs}{cancers} was published",
    ),
    EventType.OTHER: ("news", "There is news on {drugs}{cancers}", "There is news on {drugs}{cancers}"),
    EventType.UNKNOWN: ("news", "There is news on {drugs}{cancers}", "There is news on {drugs}{cancers}"),
}

# A status that changes what an approval is worth stands in the status line.
TELLING_STATUS = {
    "accelerated": "accelerated",
    "conditional": "conditional",
    "full": "full",
    "priority_review": "priority review",
}
ABOUT_CANCERS = " for {cancers}"


def status_line(claim: Claim, short_name: str | None) -> str:
    """ "EU approval", "FDA accelerated approval", "Trial miss". `short_name`: the regulator's own short name."""
    noun = EVENTS[claim.event][0]
    who = REGULATORS.get(claim.regulator or "", (short_name, None))[0]
    words = [who, TELLING_STATUS.get(claim.status or "") if claim.event in _STAGED else None, noun]
    line = " ".join(word for word in words if word)
    return line[:1].upper() + line[1:]


_STAGED = {EventType.APPROVAL, EventType.LABEL_EXPANSION, EventType.DESIGNATION}


def sentence(claim: Claim, drugs: str, cancers: str, regulator: str | None) -> str:
    """What happened, in one sentence of our own. `regulator`: its name where REGULATORS has none."""
    who = REGULATORS.get(claim.regulator or "", (None, regulator))[1]
    pattern = EVENTS[claim.event][1 if who else 2]
    text = pattern.format(
        who=who,
        drugs=drugs or "a drug that is not named",
        cancers=ABOUT_CANCERS.format(cancers=cancers) if cancers else "",
    )
    if claim.event_date:
        text += f" on {day(claim.event_date)}"
    return text[:1].upper() + text[1:] + "."


def regulator_name(regulator: str | None, name: str | None) -> str:
    """As a table has it: "European Commission"; empty where no body acts. `name`: where REGULATORS has none."""
    return REGULATORS[regulator][1].removeprefix("the ") if regulator in REGULATORS else name or ""


def day(value: date) -> str:
    """24 July 2025: no locale reads it wrongly."""
    return f"{value.day} {value:%B %Y}"


def listing(names: Sequence[str]) -> str:
    """a · a and b · a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def cancers(names: Sequence[str]) -> str:
    """Names that end alike share their end: "pancreatic and extra-pancreatic neuroendocrine tumors"."""
    if len(names) < 2:
        return listing(names)
    words = [name.split() for name in names]
    shared = 0
    while all(len(w) > shared + 1 for w in words) and len({w[-1 - shared] for w in words}) == 1:
        shared += 1
    if not shared:
        return listing(names)
    end = " ".join(words[0][-shared:])
    return f"{listing([' '.join(w[:-shared]) for w in words])} {end if end.endswith('s') else end + 's'}"

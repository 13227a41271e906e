# SPDX-License-Identifier: MIT
"""Which part a name plays in its sentence: subject of the event, or comparator, prior therapy, background."""

import re

# What stands shortly before a name and makes it no subject.
_COMPARED = r"(?:versus|vs\.?|compared (?:with|to)|against|over|than|instead of|rather than|replac\w+|competes? with|rival\w*|alternative to)"
_PRIOR = (
    r"(?:(?:after|following|despite|beyond)(?: \S+){0,4}?(?: (?:on|with|of|to))?|progress\w* (?:on|after|during|following)|previous(?:ly)?(?: \S+){0,3}"
    r"|prior|pre ?treated with|received|refractory to|resistant to|resistance to|intoleran\w+ (?:to|of)|relapsed (?:on|after)|failed|"
    r"not involving|other than|except|ineligible for|unsuitable for|experienced with|exposed to)"
)
_LINK = r"(?: (?:a|an|the|or|and|either|placebo|standard|physicians? choice|of|care|with|investigators?|treatment|therapy|chemotherapy|plus|alone|at least|one|two|more|line|lines)){0,5}"
_NOT_SUBJECT = re.compile(rf"\b(?:{_COMPARED}|{_PRIOR}){_LINK} $")
# "A, B or comparator": a list that began with a comparator goes on until the clause ends.
_LISTED = re.compile(r"(?:,| or| and| plus) $")
# A sentence that tells of the past besides the news.
_BACKGROUND = re.compile(
    r"\b(?:previously|earlier|already|initially|first) (?:\w+ )?(?:approved|authori[sz]ed|granted|cleared|received)|"
    r"\b(?:was|were|been|is) (?:also )?(?:first |previously |already |initially |currently )?approved (?:in|by|for)\b|"
    r"\bfollows (?:the |an? |its )?|\bin (?:january|february|march|april|may|june|july|august|september|october|november|december) 20\d\d\b|"
    r"\b(?:currently|also) approved\b|\bhas (?:also )?been approved\b|\bapproved in (?:more than|over|the|\d)"
)


def is_subject(key: str, start: int, earlier: list[tuple[int, int, bool]]) -> bool:
    """May the name at `start` be what the sentence is about? `earlier`: (start, end, subject) of the drug names before it."""
    before = key[max(0, start - 90) : start]
    if _NOT_SUBJECT.search(before):
        return False
    if earlier and _LISTED.search(before):
        last_start, last_end, last_subject = earlier[-1]
        del last_start
        between = key[last_end:start]
        if len(between) <= 6:
            return last_subject
    return True


def is_background(key: str) -> bool:
    """Does the sentence tell of something that was so before this news?"""
    return bool(_BACKGROUND.search(key))

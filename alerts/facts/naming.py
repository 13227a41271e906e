# SPDX-License-Identifier: MIT
"""How a drug is called in facts, rows and messages (contract: name of a drug)."""

import re
from collections.abc import Sequence

from alerts.facts.matcher import MIN_CODE_ALNUM, alnum_count
from alerts.facts.text import key_of
from alerts.facts.vocabulary import Drug
from alerts.model import Mention

_CODE_SHAPE = re.compile(r"[A-Za-z]{1,7}[- ]?(?:\d-|[A-Z])?\d{2,}[A-Z]?$")

# "allogeneic anti-CD19 CAR T cells XYZ101": a source describes what nobody has named yet.
_DESCRIPTION = re.compile(r"(?:\S+ ){3}")

_OWNER = re.compile(r"['’]s?$")  # a code's possessive is the code


def shown_name(drug: Drug, mentions: Sequence[Mention], *, investigational: bool) -> str:
    """The INN; of an investigational drug that the text names by codes alone, the first as printed, upper case.

    Of two codes one of four letters and digits ("V940", "EG-70") stands back. What sources only describe is called as the text does.
    """
    if drug.tier == "regimen" or not investigational:
        return drug.name
    described = _DESCRIPTION.match(drug.name) is not None
    codes = {_bare(code) for code in drug.codes if described or _CODE_SHAPE.match(code)}
    written = [re.sub("[‐‑]", "-", _OWNER.sub("", m.text.strip("®™"))) for m in mentions]
    if not codes or any(_bare(w) not in codes for w in written):
        return min(written, key=len) if described and drug.tier == "listed" else drug.name
    return next((w for w in written if alnum_count(w) >= MIN_CODE_ALNUM), written[0]).upper()


def _bare(code: str) -> str:
    """ "UCART-123" is UCART123."""
    return key_of(code).replace(" ", "")

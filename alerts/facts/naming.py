# SPDX-License-Identifier: MIT
"""How a drug is called in facts, rows and messages (contract: name of a drug)."""

import re
from collections.abc import Sequence

from alerts.facts.text import key_of
from alerts.facts.vocabulary import Drug
from alerts.model import Mention

_CODE_SHAPE = re.compile(r"[A-Za-z]{1,7}[- ]?(?:\d-|[A-Z])?\d{2,}[A-Z]?$")

_OWNER = re.compile(r"['’]s?$")  # a code's possessive is the code


def shown_name(drug: Drug, mentions: Sequence[Mention], *, investigational: bool) -> str:
    """The INN; of an investigational drug that the text names by its code alone, the code as printed, upper case."""
    if drug.tier == "regimen" or not investigational:
        return drug.name
    codes = {key_of(code) for code in drug.codes if _CODE_SHAPE.match(code)}
    written = [_OWNER.sub("", m.text.strip("®™")) for m in mentions]
    return written[0].upper() if codes and all(key_of(w) in codes for w in written) else drug.name

# SPDX-License-Identifier: MIT
"""A round-up without what other stories have told."""

from collections.abc import Sequence

from alerts.model import Claim, Concepts, Facts, StoryFacts
from alerts.stories.compare import tells_all_cancers
from alerts.stories.rules import body, family, subject_drugs


def untold(facts: Facts, known: Sequence[StoryFacts], concepts: Concepts) -> Facts:
    """A round-up without what these stories tell already: the news that is left of it. Unchanged where nothing is known.

    A claim is told by a story on the same drug and all of its cancers, whose act is of the same family by the same body.
    What was told leaves the lists of drugs and cancers too, unless a claim that is left names it.
    """
    left = [claim for claim in facts.claims if not any(_told_in(claim, story, concepts) for story in known)]
    if len(left) == len(facts.claims):
        return facts
    gone = {i for c in facts.claims for i in (*c.drugs, *c.indications)} - {
        i for c in left for i in (*c.drugs, *c.indications)
    }
    return facts.model_copy(
        update={
            "claims": tuple(left),
            "drugs": tuple(d for d in facts.drugs if d.id not in gone),
            "indications": tuple(i for i in facts.indications if i.id not in gone),
        }
    )


def _told_in(claim: Claim, story: StoryFacts, concepts: Concepts) -> bool:
    bodies = {body(claim.regulator), body(story.regulator)} - {None}
    alike = family(claim.event) == family(story.event) and len(bodies) < 2
    shared = subject_drugs(claim.drugs) & subject_drugs(story.drugs)
    return bool(shared) and alike and tells_all_cancers(story, claim.indications, concepts)

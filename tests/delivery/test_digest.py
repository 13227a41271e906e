# SPDX-License-Identifier: MIT
"""A digest: table of contents, why these waited, deliberate cuts that say what is left off."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery import render_digest
from alerts.delivery.digest import Waiting
from alerts.delivery.digest import digest as gather
from alerts.delivery.limits import over
from alerts.errors import Permanent
from alerts.model import ChannelKind, Digest, DigestGroup, Message
from tests.delivery.samples import HOSTILE, approval, digest, everywhere, miss, warning

NOW = datetime(2026, 11, 25, 7, tzinfo=UTC)


def waiting(hours_ago: int, drugs: str, cancers: str, why: str = "cadence") -> Waiting:
    told = miss(drugs=drugs, cancers=cancers, story_id=hours_ago)
    return Waiting(told, NOW - timedelta(hours=hours_ago), why)


def grouped(by: Literal["drug", "cancer"], *held: Waiting) -> Digest:
    return gather(held, subscription="NET", window=(NOW - timedelta(days=1), NOW), zone="UTC", by=by, links={})


def test_a_digest_groups_by_drug_or_by_cancer_newest_first_and_what_names_none_last() -> None:
    held = (
        waiting(5, "sunitinib", "gastric cancer"),
        waiting(1, "", ""),
        waiting(4, "cabozantinib", "melanoma"),
        waiting(2, "sunitinib", "melanoma"),
    )

    def shape(made: Digest) -> list[tuple[str, list[int]]]:
        return [(group.heading, [alert.story_id for alert in group.alerts]) for group in made.groups]

    assert shape(grouped("drug", *held)) == [("sunitinib", [2, 5]), ("cabozantinib", [4]), ("No drug named", [1])]
    assert shape(grouped("cancer", *held)) == [("melanoma", [2, 4]), ("gastric cancer", [5]), ("No cancer named", [1])]
    assert "In this digest, by cancer" in words(render_digest(ChannelKind.EMAIL, grouped("cancer", *held), "<1@x>"))


def test_a_digest_says_why_its_stories_waited_also_where_reasons_differ() -> None:
    def why(*reasons: str) -> str:
        return grouped("drug", *(waiting(n, "a", "b", reason) for n, reason in enumerate(reasons))).why

    assert [why("quiet", "quiet"), why("cap"), why("snooze"), why("cadence")] == ["quiet", "cap", "snooze", "cadence"]
    assert why("quiet", "cap") == "mixed"


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.sampled_from(["a", "b", ""]), st.sampled_from(["x", "y", ""])), min_size=1
    )
)
def test_every_story_that_waited_is_told_once_whichever_way_it_is_grouped(rows: list[tuple[int, str, str]]) -> None:
    held = [waiting(*row) for row in rows]
    for made in (grouped("drug", *held), grouped("cancer", *held)):
        told = [alert.story_id for group in made.groups for alert in group.alerts]
        assert sorted(told) == sorted(row[0] for row in rows)
        assert all(group.alerts for group in made.groups)
        newest = [
            min(alert.story_id for alert in group.alerts)
            for group in made.groups
            if not group.heading.startswith("No ")
        ]
        assert newest == sorted(newest)


def words(message: Message) -> str:
    """All that a reader may see."""
    return f"{message.subject}\n{message.text}\n{message.html or ''}\n{json.dumps(message.payload, ensure_ascii=False)}"


@pytest.mark.parametrize("channel", ChannelKind)
def test_a_digest_lists_what_is_in_it_and_tells_each_story_under_its_heading(channel: ChannelKind) -> None:
    message = render_digest(channel, digest(), "<1@x>")
    assert over(message) == []
    assert message.subject == "[Digest] 3 stories, 1 warning: cabozantinib, exampletinib · 24 July"
    seen = words(message)
    assert "In this digest, by drug" in seen
    assert "23 Jul 08:00 – 24 Jul 08:00 (Europe/Paris)" in seen
    assert "Update to “Experts of the EMA recommend" in seen
    assert "Trial miss" in seen
    assert "Update: EU approval" in seen
    assert not re.search("Update: (Trial miss|Safety)", seen)
    assert seen.rindex("exampletinib") > seen.rindex("Update to")


@pytest.mark.parametrize("channel", ChannelKind)
def test_each_story_of_a_digest_names_every_outlet_that_also_reported_it(channel: ChannelKind) -> None:
    told = approval()
    seen = words(render_digest(channel, digest(DigestGroup(heading="cabozantinib", alerts=(told,))), "<1@x>"))
    assert re.search("(?i)also reported by", seen)
    assert all(source.outlet in seen for source in told.sources)


@pytest.mark.parametrize("channel", ChannelKind)
def test_warnings_stand_before_all_else_and_are_marked_in_the_table_of_contents(channel: ChannelKind) -> None:
    quiet = DigestGroup(heading="exampletinib", alerts=(miss(),) * 2)
    seen = words(
        render_digest(channel, digest(quiet, DigestGroup(heading="cabozantinib", alerts=(warning(),))), "<1@x>")
    )
    assert "Warning in this digest" in seen
    assert seen.index("Warning in this digest") < seen.index("In this digest, by drug")
    assert re.search(r"1 story[^\n]{0,80}1 warning", seen)
    assert "arning in this digest" not in words(render_digest(channel, digest(quiet), "<1@x>"))


@pytest.mark.parametrize("channel", ChannelKind)
def test_many_warnings_are_counted(channel: ChannelKind) -> None:
    seen = words(render_digest(channel, digest(DigestGroup(heading="a", alerts=(warning(),) * 8)), "<1@x>"))
    assert "Warnings in this digest" in seen
    assert "and 3 more" in seen
    assert "8 stories, 8 warnings" in seen


@pytest.mark.parametrize("channel", ChannelKind)
def test_each_story_of_a_digest_leads_to_its_own_page(channel: ChannelKind) -> None:
    one, other = (miss(links={"story": f"https://wire.example.org/story/{n}"}) for n in (1, 2))
    seen = words(render_digest(channel, digest(DigestGroup(heading="a", alerts=(one, other))), "<1@x>"))
    assert all(f"https://wire.example.org/story/{n}" in seen for n in (1, 2))
    assert re.search("(?i)open the story", seen)


@pytest.mark.parametrize("channel", ChannelKind)
@pytest.mark.parametrize(
    ("why", "said"), [("quiet", "during your quiet hours"), ("cap", "limit of messages for a day was reached")]
)
def test_what_was_held_back_comes_with_the_reason(channel: ChannelKind, why: str, said: str) -> None:
    assert said in words(render_digest(channel, digest(why=why), "<1@x>"))
    assert said not in words(render_digest(channel, digest(), "<1@x>"))


@pytest.mark.parametrize("channel", ChannelKind)
def test_a_digest_too_large_for_its_channel_tells_how_many_are_left_off_and_where(channel: ChannelKind) -> None:
    many = digest(*(DigestGroup(heading=f"drug {n}", alerts=(approval(), miss())) for n in range(60)))
    message = render_digest(channel, many, "<1@x>")
    assert over(message) == []
    assert "more stories are not shown here" in words(message)
    assert "https://wire.example.org/stories" in words(message)
    assert "120 stories" in message.subject


@pytest.mark.parametrize("channel", ChannelKind)
def test_the_longest_hostile_digest_stays_within_every_limit(channel: ChannelKind) -> None:
    hostile = digest(*(DigestGroup(heading=HOSTILE * 9, alerts=(everywhere(HOSTILE * 30, 9),) * 3) for _ in range(40)))
    assert over(render_digest(channel, hostile, "<1@x>")) == []


def test_a_digest_mail_can_be_left_with_one_click() -> None:
    assert "List-Unsubscribe" in render_digest(ChannelKind.EMAIL, digest(), "<1@x>").headers


def test_one_story_reads_as_one() -> None:
    single = digest(DigestGroup(heading="cabozantinib", alerts=(approval(),)))
    message = render_digest(ChannelKind.EMAIL, single, "<1@x>")
    assert "1 story:" in message.subject
    assert "In this digest" not in (message.html or "")


def test_a_message_that_cannot_be_made_small_enough_is_refused_with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.delivery.limits.MAX_CARD_BYTES", 100)
    with pytest.raises(Permanent) as refused:
        render_digest(ChannelKind.TEAMS, digest(), "<1@x>")
    assert (refused.value.code, refused.value.scope) == ("message_over_limit", "message")

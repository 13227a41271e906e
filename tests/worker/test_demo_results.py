# SPDX-License-Identifier: MIT
from collections import Counter
from datetime import UTC, datetime

import pytest

from alerts.model import AlertKind, ChannelKind, DeliveryState
from worker.demo import news, results
from worker.demo.news import Newsroom, Told
from worker.demo.results import Sent, Snapshot

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def newsroom() -> Newsroom:
    return news.load()


@pytest.fixture(scope="module")
def expected(newsroom: Newsroom) -> set[Told]:
    return newsroom.expected(news.channels_of_rules(), max(newsroom.waves))


def perfect(newsroom: Newsroom, expected: set[Told]) -> Snapshot:
    """A store in which everything went as the newsroom file says."""
    number = {story.name: n for n, story in enumerate(newsroom.stories, 1)}
    return Snapshot(
        story_of={item: number[story.name] for story in newsroom.stories for item in story.items},
        follows={number[s.name]: number[s.follows] if s.follows else None for s in newsroom.stories},
        deliveries=[sent(number[one.story], one) for one in sorted(expected)],
        items=len(newsroom.items),
        stories=len(number),
        alerts=9,
        open_work=0,
    )


def sent(story: int, told: Told, state: DeliveryState = DeliveryState.SENT) -> Sent:
    return Sent(told.subscription, story, told.channel, told.kind, state, NOW, "a subject", "a reason")


def received(snapshot: Snapshot) -> dict[str, int]:
    return dict(Counter(one.channel.value for one in snapshot.deliveries if one.state is DeliveryState.SENT))


def faults(newsroom: Newsroom, expected: set[Told], snapshot: Snapshot) -> list[str]:
    return results.faults(newsroom, expected, snapshot, received(snapshot))


def test_a_perfect_run_has_no_faults(newsroom: Newsroom, expected: set[Told]) -> None:
    assert faults(newsroom, expected, perfect(newsroom, expected)) == []


def test_whoever_was_not_told_is_named(newsroom: Newsroom, expected: set[Told]) -> None:
    run = perfect(newsroom, expected)
    dead = run.deliveries[0]._replace(state=DeliveryState.DEAD)
    (fault,) = faults(newsroom, expected, run._replace(deliveries=[dead, *run.deliveries[1:]]))
    assert fault.startswith("not told:")
    assert dead.subscription in fault


def test_whoever_fell_into_the_comparator_trap_is_named(newsroom: Newsroom, expected: set[Told]) -> None:
    run = perfect(newsroom, expected)
    trap = Told("Sunitinib results", "", ChannelKind.EMAIL, AlertKind.STORY)
    wrong = sent(run.story_of["trade-clear"], trap)
    (fault,) = faults(newsroom, expected, run._replace(deliveries=[*run.deliveries, wrong]))
    assert fault.startswith("told, but should not have been: 'Sunitinib results'")


def test_an_alert_on_a_quiet_item_names_the_item(newsroom: Newsroom, expected: set[Told]) -> None:
    run = perfect(newsroom, expected)
    wrong = sent(99, Told("Sunitinib results", "", ChannelKind.EMAIL, AlertKind.STORY))
    other = run._replace(story_of={**run.story_of, "wire-merger": 99}, deliveries=[*run.deliveries, wrong])
    (fault,) = faults(newsroom, expected, other)
    assert "“wire-merger”" in fault


def test_a_second_message_on_one_story_is_a_fault(newsroom: Newsroom, expected: set[Told]) -> None:
    run = perfect(newsroom, expected)
    (fault,) = faults(newsroom, expected, run._replace(deliveries=[*run.deliveries, run.deliveries[0]]))
    assert fault.startswith("told twice:")


def test_a_message_that_no_receiver_got_is_a_fault(newsroom: Newsroom, expected: set[Told]) -> None:
    run = perfect(newsroom, expected)
    (fault,) = results.faults(newsroom, expected, run, received(run) | {"slack": 0})
    assert fault == "slack: 3 sent by the store's account, 0 in the outbox"


def test_one_story_told_as_two_is_a_fault(newsroom: Newsroom, expected: set[Told]) -> None:
    run = perfect(newsroom, expected)
    (fault,) = faults(newsroom, expected, run._replace(story_of={**run.story_of, "wire-ec-cabozantinib": 99}))
    assert "'cabozantinib, EC' should be one story" in fault


def test_two_stories_told_as_one_are_a_fault(newsroom: Newsroom, expected: set[Told]) -> None:
    run = perfect(newsroom, expected)
    merged = {**run.story_of, "agency-fda-cabozantinib": run.story_of["agency-ec-cabozantinib"]}
    found = faults(newsroom, expected, run._replace(story_of=merged))
    assert "these should be stories of their own: cabozantinib, FDA, cabozantinib, EC" in found


def test_an_update_that_forgot_its_predecessor_is_a_fault(newsroom: Newsroom, expected: set[Told]) -> None:
    run = perfect(newsroom, expected)
    (fault,) = faults(newsroom, expected, run._replace(follows=dict.fromkeys(run.follows)))
    assert fault == "'datopotamab deruxtecan, EC' should follow 'datopotamab deruxtecan, CHMP'"


def test_why_is_one_line_that_shows_the_way_up_the_hierarchy() -> None:
    reasons = [
        {"found": "pancreatic neuroendocrine tumor", "wanted": "neuroendocrine tumor"},
        {"found": "EC", "wanted": "EC"},
        {"found": "EC", "wanted": "EC"},
    ]
    assert results.why(reasons) == "pancreatic neuroendocrine tumor ⊂ neuroendocrine tumor, EC"

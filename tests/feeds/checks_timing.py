# SPDX-License-Identifier: MIT
"""The table of politeness, second half: when a feed is asked again, how hosts are spared, who polls."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from alerts.feeds import Schedule, first_poll_s
from alerts.store import feeds
from tests.feeds.checks import CHECKS, DAY, HOUR, check
from tests.feeds.origin import NOON, Answer, Bench, ok, status

__all__ = ["CHECKS"]


def waits(b: Bench, answer: Answer, at_least_s: float, at_most_s: float | None = None) -> bool:
    """After this answer the feed is due between the two (at most 15 % later), and not asked before."""
    b.script(answer)
    b.add()
    b.poll()
    wait = b.wait_s()
    early = b.poll(at_least_s - 1)
    late = b.poll(wait - at_least_s + 2)
    return at_least_s <= wait <= (at_most_s or at_least_s * 1.15) and early == [] and len(late) == 1


@check("when", "every 15 minutes, never sooner, jitter only upward")
def usual(b: Bench) -> bool:
    return waits(b, ok(), 900)


@check("when", "max-age is waited for")
def max_age(b: Bench) -> bool:
    return waits(b, ok(Cache_Control="public, max-age=7200"), 7200)


@check("when", "a max-age of a week is heard as a day")
def week(b: Bench) -> bool:
    return waits(b, ok(Cache_Control="max-age=604800"), DAY)


@check("when", "a short max-age does not hurry us")
def short(b: Bench) -> bool:
    return waits(b, ok(Cache_Control="max-age=10"), 900)


@check("when", "max-age with no-cache means nothing")
def no_cache(b: Bench) -> bool:
    return waits(b, ok(Cache_Control="no-cache, max-age=7200"), 900)


@check("when", "max-age goes before Expires")
def age_first(b: Bench) -> bool:
    return waits(b, ok(Cache_Control="max-age=1800", Expires="Tue, 24 Nov 2026 20:00:00 GMT"), 1800)


@check("when", "Expires is waited for, measured from the server's own clock")
def expires(b: Bench) -> bool:
    return waits(b, ok(Date="Tue, 24 Nov 2026 09:00:00 GMT", Expires="Tue, 24 Nov 2026 11:00:00 GMT"), 7200)


@check("when", "an Expires that has passed, or is 0, means nothing")
def expired(b: Bench) -> bool:
    return waits(b, ok(Expires="0"), 900)


@check("when", "a 304 that is silent on its freshness repeats what the 200 said")
def repeated(b: Bench) -> bool:
    b.script(ok(ETag='"a"', Cache_Control="max-age=7200"), status(304))
    b.add()
    b.poll()
    b.force()
    return 7200 <= b.wait_s() <= 7200 * 1.15


@check("when", "<ttl> is waited for")
def ttl(b: Bench) -> bool:
    return waits(b, ok(head="<ttl>120</ttl>"), 7200)


@check("when", "<ttl> lasts minutes of the schedule, max-age seconds of the server's clock")
def rehearsed(b: Bench) -> bool:
    b.poller._schedule = Schedule(0.5, minute_s=0.5)
    b.script(ok(head="<ttl>120</ttl>"))
    b.script(ok(Cache_Control="max-age=7200"), number=1)
    b.add(), b.add(1)
    b.poll()
    return 60 <= b.wait_s(1) <= 69 and 7200 <= b.wait_s(2) <= 7200 * 1.15


@check("when", "sy:updatePeriod and updateFrequency are waited for")
def syndication(b: Bench) -> bool:
    head = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
    return waits(b, ok(head=head), 6 * HOUR)


@check("when", "skipHours are left out")
def skip_hours(b: Bench) -> bool:
    return waits(b, ok(head="<skipHours><hour>12</hour><hour>13</hour></skipHours>"), 2 * HOUR)


@check("when", "skipDays are left out, also by retries")
def skip_days(b: Bench) -> bool:
    b.script(ok(head="<skipDays><day>Tuesday</day></skipDays>"), status(500))
    b.add()
    b.poll()
    midnight = (NOON + timedelta(hours=12) - b.now).total_seconds()
    first = b.wait_s()
    b.force(60)
    return abs(first - midnight) < 1 and abs(b.wait_s() - midnight) < 61


@check("when", "skipHours that close all day are not believed")
def closed(b: Bench) -> bool:
    hours = "".join(f"<hour>{n}</hour>" for n in range(24))
    return waits(b, ok(head=f"<skipHours>{hours}</skipHours>"), 900)


@check("when", "Retry-After in seconds is obeyed")
def retry_seconds(b: Bench) -> bool:
    return waits(b, status(503, Retry_After="7200"), 7200)


@check("when", "Retry-After as a date is obeyed")
def retry_date(b: Bench) -> bool:
    return waits(b, status(429, Retry_After="Tue, 24 Nov 2026 14:00:00 GMT"), 7200)


@check("when", "a Retry-After of a week is heard as a day, one that cannot be read is passed over")
def retry_odd(b: Bench) -> bool:
    b.script(status(503, Retry_After="604800"))
    b.script(status(503, Retry_After="in a while"), number=1)
    b.add(), b.add(1)
    b.poll()
    return DAY <= b.wait_s(1) <= DAY * 1.15 and 1800 <= b.wait_s(2) <= 1800 * 1.15


@check("when", "errors double the wait up to a day, a good answer ends that")
def back_off(b: Bench) -> bool:
    b.script(*[status(500)] * 9, ok())
    b.add()
    seen = []
    for _ in range(10):
        b.force(DAY)
        seen.append(b.wait_s())
    wanted = [1800, 3600, 7200, 14_400, 28_800, 57_600, DAY, DAY, DAY, 900]
    return all(w <= s <= w * 1.15 for w, s in zip(wanted, seen, strict=True))


@check("when", "a person's interval is kept")
def override(b: Bench) -> bool:
    b.script(ok())
    b.add(interval_s=6 * HOUR)
    b.poll()
    return 6 * HOUR <= b.wait_s() <= 6 * HOUR * 1.15


@check("when", "a feed with an item a day is asked less often, a busy one more often, a regulator never less")
def adaptive(b: Bench) -> bool:
    for number, tier in enumerate(("wire", "wire", "regulator")):
        b.add(number, tier=tier)
    for n in range(8):
        for number, step in ((0, 1), (1, 1), (2, 1)):
            b.script(ok(*[f"{number}-{k}" for k in range(0, n + 1, step)]), number=number)
        b.force(DAY)
    slow = (b.wait_s(1), b.wait_s(3))
    for n in range(8, 30):
        b.script(ok(*[f"1-{k}" for k in range(n)]), number=1)
        b.force(1200)
    return 2.4 * HOUR <= slow[0] <= 2.4 * HOUR * 1.15 and slow[1] <= 900 * 1.15 and 600 <= b.wait_s(2) <= 600 * 1.15


@check("gone", "410 twice on two days is gone: told, and not asked any more")
def gone(b: Bench) -> bool:
    b.script(status(410))
    b.add()
    b.poll()
    first = (b.feed().state, b.wait_s() >= DAY)
    b.poll(DAY * 1.2)
    quiet = b.poll(30 * DAY)
    return first == ("failing", True) and b.feed().state == "gone" and quiet == [] and len(b.notices()) == 1


@check("gone", "410 twice on one day is not gone, nor is a 404")
def not_gone(b: Bench) -> bool:
    b.script(status(410))
    b.script(status(404), number=1)
    b.add(), b.add(1)
    b.poll()
    b.force()
    return b.feed(1).state == "failing" and b.feed(2).state == "failing"


@check("gone", "a feed that fails for a day is told once with the reason, and once more when it recovers")
def told(b: Bench) -> bool:
    b.script(*[status(500)] * 40, ok())
    b.add()
    seen = []
    for hours in [1] * 25 + [20] * 15 + [1]:
        b.force(hours * HOUR)
        seen.append([(n.key, n.over_at is not None) for n in b.notices()])
        b.tell_ops()
    late = next(n for n, found in enumerate(seen) if found)
    return late == 24 and seen[-2] == [("feed:1:trouble", False)] and seen[-1] == [("feed:1:trouble", True)]


@check("gone", "a feed without a new item for five times its usual gap is silent, until it speaks again")
def silent(b: Bench) -> bool:
    b.add()
    for n in range(8):
        b.script(ok(*[str(k) for k in range(n + 1)]))
        b.force(6 * HOUR)
    before = b.feed().state
    b.force(29 * HOUR)
    still = b.feed().state
    b.force(2 * HOUR)
    quiet = b.feed().state
    b.script(ok("late"))
    b.force()
    return (before, still, quiet, b.feed().state) == ("ok", "ok", "silent", "ok")


@check("hosts", "a 429 speaks for every feed of the host, a 503 for its feed alone")
def peace(b: Bench) -> bool:
    b.script(status(429, Retry_After="3600"), path="/a")
    b.script(status(503, Retry_After="3600"), number=1, path="/a")
    for number in (0, 1):
        b.script(ok(), number=number, path="/b")
        b.add(number, "/a")
        b.add(number, "/b", at=NOON + timedelta(seconds=10))
    b.poll()
    asked = b.poll(20)
    later = b.poll(3600)
    return (
        [a.path for a in asked] == ["/b"] and asked[0].host == "feed1.example-1.org" and "/b" in [a.path for a in later]
    )


@check("hosts", "never more than two at a time from one host, a second between starts (real clock)")
def spared(b: Bench) -> bool:
    b.close()
    b.clock = lambda: datetime.now(UTC)
    b.open()
    for n in range(4):
        b.script(ok()._replace(delay_s=2.3), path=f"/{n}")
        b.add(path=f"/{n}", at=NOON)
    b.poller.sweep(patient=True)
    starts = [a.at for a in b.log]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    return len(starts) == 4 and min(gaps) >= 0.9 and max(a.under_way for a in b.log) == 2


@check(
    "hosts",
    "a poll in the foreground asks each feed that was due once, however short the interval, and ends (real clock)",
)
def once_each(b: Bench) -> bool:
    b.close()
    b.clock = lambda: datetime.now(UTC)
    b.open()
    b.poller._schedule = Schedule(0.01, minute_s=0.01)  # due again long before its host's turn is over
    for n in range(3):
        b.script(ok(), path=f"/{n}")
        b.add(path=f"/{n}", at=NOON)
    b.poller.sweep(patient=True)
    return sorted(a.path for a in b.log) == ["/0", "/1", "/2"]


@check("hosts", "first polls are spread over a minute by the address")
def spread(b: Bench) -> bool:
    schedule = Schedule(300.0)
    at = [first_poll_s(b.url(n), schedule) for n in range(120)]
    tens = [sum(10 * k <= second < 10 * (k + 1) for second in at) for k in range(6)]
    return min(tens) >= 8 and max(at) <= 60 and at == [first_poll_s(b.url(n), schedule) for n in range(120)]


@check("workers", "two workers never poll one feed twice in an interval")
def two_workers(b: Bench) -> bool:
    for n in range(12):
        b.script(ok()._replace(delay_s=0.2), number=n)
        b.add(n)
    other = Bench.__new__(Bench)
    other.__dict__.update(b.__dict__)
    other.open()
    threads = [threading.Thread(target=each.poller.sweep) for each in (b, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    return len(b.log) == 12 and b.poll(60) == []


@check(
    "workers", "what a worker that was killed in the middle had begun waits for the minimum interval, nothing is lost"
)
def killed(b: Bench) -> bool:
    b.script(ok("one", ETag='"a"'))
    b.add()
    with b.store.write() as session:
        feeds.claim(session, b.now, 1, "elsewhere:1", feeds.Pace(300))
    during = b.poll(20) + b.poll(270)
    after = b.poll(11)
    return during == [] and len(after) == 1 and b.titles() == ["one"]


@check("workers", "one that is known to be dead frees the host at once, and its feed after the minimum interval")
def known_dead(b: Bench) -> bool:
    for n in range(3):
        b.script(ok(str(n)), path=f"/{n}")
        b.add(path=f"/{n}", at=NOON if n < 2 else NOON + timedelta(seconds=5))
    for second in (0, 2):
        with b.store.write() as session:
            feeds.claim(session, b.now + timedelta(seconds=second), 1, "here:1", feeds.Pace(300))
    busy = b.poll(6)
    with b.store.write() as session:
        feeds.release_dead(session, lambda owner: False, 300)
    return busy == [] and [a.path for a in b.poll(1)] == ["/2"] and len(b.poll(280)) == 0 and len(b.poll(300)) >= 1

# SPDX-License-Identifier: MIT
"""A team's template rendered in its child: feed text inert, resources capped, the frame always there."""

import json
from typing import Any

import pytest

from alerts.delivery.limits import over
from alerts.delivery.templating import Failed, Fault, assemble, lint, render_parts
from alerts.delivery.templating.assemble import attempts, fitting, lost_links
from alerts.delivery.templating.samples import full, known_of_digest
from alerts.delivery.values import alert_values
from alerts.errors import InputError
from alerts.model import AlertKind, ChannelKind, Digest, DigestGroup, Message
from tests.delivery.samples import HOSTILE, approval, digest, everywhere
from tests.delivery.templating.test_lint import MAIL

CHAT = {
    "title": "{{ status }}: {{ title }}",
    "body": "*{{ sentence }}*\n\n---\n\n{% for s in sources %}{{ s.url|link(s.title) }} {{ s.outlet|upper }}\n"
    "{% endfor %}\n{{ quotes[0].text }}",
}
SOURCES = {ChannelKind.EMAIL: MAIL, ChannelKind.SLACK: CHAT, ChannelKind.TEAMS: CHAT}


def rendered(channel: ChannelKind, source: dict[str, str], values: dict[str, Any]) -> dict[str, str] | Fault:
    return render_parts(channel, source, [values])[0]


def message(channel: ChannelKind, values: dict[str, Any]) -> Message:
    parts = rendered(channel, SOURCES[channel], values)
    assert isinstance(parts, dict)
    return assemble(channel, parts, values, "<1@x>")


@pytest.mark.parametrize("channel", ChannelKind)
def test_a_teams_words_come_in_our_frame_with_the_ways_out(channel: ChannelKind) -> None:
    made = message(channel, alert_values(approval()))
    seen = made.html or json.dumps(made.payload, ensure_ascii=False)
    assert made.subject == "EU approval: cabozantinib: pancreatic and extra-pancreatic neuroendocrine tumors"
    assert "The European Commission approved cabozantinib" in seen
    assert "https://wire.example.org/s/leave?t=a.b-c_d" in seen.replace("&amp;", "&")
    assert over(made) == []
    assert "https://wire.example.org/s/mute?t=a.b-c_d" in seen.replace("&amp;", "&")
    assert "pancreatic neuroendocrine tumor is a kind of neuroendocrine tumor" in seen
    assert lost_links(channel, made, alert_values(approval())) == []


def test_a_mail_that_names_the_way_out_but_does_not_show_it_is_found_out() -> None:
    hidden = "{% if not links.unsubscribe %}{{ links.unsubscribe }}{% endif %}x"
    values = alert_values(approval())
    parts = rendered(ChannelKind.EMAIL, {**MAIL, "html": hidden}, values)
    assert isinstance(parts, dict)
    lost = lost_links(ChannelKind.EMAIL, assemble(ChannelKind.EMAIL, parts, values, "<1@x>"), values)
    assert [(f.part, f.code) for f in lost] == [("html", "unsubscribe_missing")]


STORY = "{% if a.update %}NEW {% endif %}{{ a.title }}: {{ a.sentence }}"
EACH = "{% for a in g.alerts %}" + STORY + "\n{% endfor %}"
CHAT_DIGEST = {
    "title": "Ours: {{ total }}",
    "body": "{% for g in groups %}*{{ g.heading }}*\n\n" + EACH + "\n\n{% endfor %}",
}
DIGESTS = {
    ChannelKind.EMAIL: {
        "subject": "Ours: {{ total }}",
        "html": "{% for g in groups %}<h2>{{ g.heading }}</h2><p>" + EACH + "</p>{% endfor %}"
        '<a href="{{ links.unsubscribe }}">Leave</a>',
        "text": "{% for g in groups %}{{ g.heading }}{% endfor %}\n{{ links.unsubscribe }}",
    },
    ChannelKind.SLACK: CHAT_DIGEST,
    ChannelKind.TEAMS: CHAT_DIGEST,
}


def own_digest(channel: ChannelKind, told: Digest) -> Message:
    values = attempts(told)
    return fitting(channel, render_parts(channel, DIGESTS[channel], values), values, "<1@x>")


@pytest.mark.parametrize("channel", ChannelKind)
def test_a_teams_digest_comes_in_our_frame(channel: ChannelKind) -> None:
    assert lint(channel, DIGESTS[channel], known_of_digest()) == []
    made = own_digest(channel, digest())
    seen = made.html or json.dumps(made.payload, ensure_ascii=False)
    assert made.subject == "Ours: 3"
    assert seen.count("NEW ") == 1
    assert "Why you get this" in seen
    assert "https://wire.example.org/s/leave?t=a.b-c_d" in seen.replace("&amp;", "&")
    assert "not shown here" not in seen
    assert over(made) == []


@pytest.mark.parametrize("channel", ChannelKind)
def test_a_teams_digest_that_is_too_long_is_cut_and_says_so(channel: ChannelKind) -> None:
    hostile = everywhere(HOSTILE * 30, 9)
    many = digest(*(DigestGroup(heading=f"drug {n}", alerts=(approval(), hostile)) for n in range(60)))
    made = own_digest(channel, many)
    seen = made.html or json.dumps(made.payload, ensure_ascii=False)
    assert over(made) == []
    assert "more stories are not shown here" in seen
    assert "https://wire.example.org/stories" in seen
    for live in ("<!channel>", "<@U1>", "<script", "<at>", "\u202e", 'href="javascript'):
        assert live not in seen


def test_the_names_of_a_digest_are_known_and_two_loops_reach_every_story() -> None:
    def faults(body: str) -> list[str]:
        return [f.code for f in lint(ChannelKind.SLACK, {"title": "x", "body": body}, known_of_digest())]

    assert faults("{{ sentence }}") == []
    assert (
        faults(
            "{% for g in groups %}{% for a in g.alerts %}{{ a.also }}{{ a.links.story|link('x') }}{% endfor %}{% endfor %}"
        )
        == []
    )
    assert (
        faults("{% for w in warnings %}{{ w.status }}{{ w.url }}{% endfor %}{{ warning_count }}{{ held }}{{ window }}")
        == []
    )
    assert faults("{% for c in contents %}{{ c.counted }}{{ c.warned }}{{ c.icons }}{% endfor %}") == []
    assert faults("{{ drugs }}") == ["unknown_variable"]
    assert faults("{% for g in groups %}{{ g.stories }}{% endfor %}") == ["unknown_variable"]


@pytest.mark.parametrize("channel", ChannelKind)
def test_hostile_feed_text_stays_inert_in_a_teams_template(channel: ChannelKind) -> None:
    made = message(channel, alert_values(everywhere(HOSTILE, 2, AlertKind.UPDATE)))
    seen = made.html or json.dumps(made.payload, ensure_ascii=False)
    for live in ("<!channel>", "<@U1>", "<script", "<at>", "\u202e", 'href="javascript'):
        assert live not in seen
    assert "\n" not in made.subject


def test_scripts_forms_pictures_and_foreign_addresses_do_not_get_through() -> None:
    html = (
        '<p onclick="x()" style="position:fixed;color:red">{{ title }}</p><script>x()</script><form></form>'
        '<img src="https://t.example.org/p.gif"><a href="javascript:x()">a</a><a href="{{ links.unsubscribe }}">b</a>'
    )
    parts = rendered(ChannelKind.EMAIL, {**MAIL, "html": html}, alert_values(approval()))
    assert isinstance(parts, dict)
    made = assemble(ChannelKind.EMAIL, parts, alert_values(approval()), "<1@x>").html or ""
    for gone in ("onclick", "position", "<script>", "<form", "<img", "javascript"):
        assert gone not in made
    assert "color:red" in made.replace(" ", "")


def test_a_value_that_is_not_there_is_a_fault_with_its_line() -> None:
    story = alert_values(approval())
    found = rendered(ChannelKind.SLACK, {"title": "x", "body": "a\nb {{ follows.text }}"}, story)
    assert isinstance(found, Fault)
    assert (found.part, found.line, found.code) == ("body", 2, "undefined_value")


def test_one_story_that_fails_costs_no_other() -> None:
    both = render_parts(
        ChannelKind.SLACK,
        {"title": "x", "body": "{{ follows.text }}"},
        [alert_values(approval()), alert_values(full())],
    )
    assert [isinstance(b, dict) for b in both] == [False, True]


def test_what_grows_without_end_is_stopped() -> None:
    """Past the lint on purpose: the child holds on its own."""
    loops = "{% for a in x %}{% for b in x %}{{ title }}{% endfor %}{% endfor %}"
    values = alert_values(full()) | {"x": list(range(2000))}
    found = rendered(ChannelKind.SLACK, {"title": "x", "body": loops}, values)
    assert isinstance(found, Fault)
    assert found.code == "output_limit"
    found = rendered(ChannelKind.SLACK, {"title": "x", "body": "{{ 'x' * 1000000000 }}"}, values)
    assert isinstance(found, Fault)
    assert found.code in {"memory_limit", "output_limit"}


THRICE = "{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize("body", ["{{ 10 ** 10000000 }}", THRICE])
def test_what_takes_too_long_is_ended(body: str) -> None:
    with pytest.raises(Failed) as ended:
        render_parts(ChannelKind.SLACK, {"title": "x", "body": body}, [{"x": list(range(2000))}], wall_s=1.5)
    assert ended.value.fault.code in {"time_limit", "render_ended"}


def test_a_template_reaches_nothing_of_the_process() -> None:
    for body in (
        "{{ ''.__class__.__mro__ }}",
        "{{ title.__init__.__globals__ }}",
        "{{ x.pop() }}",
        "{{ self._TemplateReference__context }}",
    ):
        found = rendered(ChannelKind.SLACK, {"title": "x", "body": body}, {"title": "t", "x": [1]})
        assert isinstance(found, Fault), body


def test_a_message_over_a_limit_is_refused_with_the_code_of_the_limit() -> None:
    values = alert_values(approval())
    with pytest.raises(InputError) as refused:
        assemble(ChannelKind.SLACK, {"title": "x", "body": "\n\n".join(["y" * 2900] * 6)}, values, "<1@x>")
    assert refused.value.code == "slack_total"

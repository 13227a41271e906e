# SPDX-License-Identifier: MIT
"""What a team's template may hold: every fault comes with its part, line and code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.templating import lint
from alerts.delivery.templating.samples import known
from alerts.model import ChannelKind

MAIL = {
    "subject": "{{ status }}: {{ title }}",
    "html": '<h1>{{ title }}</h1>\n<p>{{ sentence }}</p>\n<p><a href="{{ links.unsubscribe }}">Leave</a></p>',
    "text": "{{ sentence }}\n{{ links.unsubscribe }}",
}


def codes(body: str) -> list[tuple[int, str]]:
    found = lint(ChannelKind.SLACK, {"title": "{{ title }}", "body": body}, known())
    return [(f.line, f.code) for f in found]


def test_a_sound_template_has_no_fault() -> None:
    assert lint(ChannelKind.EMAIL, MAIL, known()) == []
    assert codes("{% for s in sources[:3] %}{{ loop.index }}. {{ s.url|link(s.title) }}\n{% endfor %}") == []
    assert codes("{% if update and follows %}{{ follows.text|upper }}{% endif %}{{ facts[0].label ~ ': ' }}") == []
    assert codes("{% for r in reasons %}{% for step in r.path %}{{ step }}{% endfor %}{% endfor %}") == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("fine\n{{ drug }}", (2, "unknown_variable")),
        ("{{ follows.headlin }}", (1, "unknown_variable")),
        ("{% for s in sources %}{{ s.link }}{% endfor %}", (1, "unknown_variable")),
        ("{{ title.__class__ }}", (1, "forbidden")),
        ("{{ links['__class__'] }}", (1, "unknown_variable")),
        ("{{ title.upper() }}", (1, "forbidden")),
        ("{{ lipsum() }}", (1, "forbidden")),
        ("{{ cycler('a') }}", (1, "forbidden")),
        ("{{ joiner }}", (1, "unknown_variable")),
        ("{{ 10 ** 99 }}", (1, "forbidden")),
        ("{{ 'x' * 1000000000 }}", (1, "forbidden")),
        ("{{ '%999999999d' % 1 }}", (1, "forbidden")),
        ("{{ title|safe }}", (1, "unknown_filter")),
        ("{{ title|center(1000000000) }}", (1, "unknown_filter")),
        ("{{ title|attr('x') }}", (1, "unknown_filter")),
        ("{% set x = title ~ title %}", (1, "forbidden")),
        ("{% autoescape false %}{{ title }}{% endautoescape %}", (1, "forbidden")),
        ("{% include 'slack/alert.json' %}", (1, "forbidden")),
        ("{% macro m() %}x{% endmacro %}", (1, "forbidden")),
        ("{% for a in facts %}{% for b in facts %}{% for c in facts %}x{% endfor %}{% endfor %}{% endfor %}", (1, "loop_depth")),
        ("{% for k, v in links %}x{% endfor %}", (1, "forbidden")),
        ("one\n\n{% if %}", (3, "template_syntax")),
        ("{{ title is sameas 1 }}", (1, "unknown_test")),
        ("x" * 20_001, (1, "too_long")),
        (" ", (1, "missing_part")),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_told_with_line_and_code(body: str, fault: tuple[int, str]) -> None:
    assert fault in codes(body)


def test_a_mail_must_let_its_reader_leave_in_both_parts() -> None:
    without = {**MAIL, "html": "<p>{{ title }}</p>", "text": "{{ title }}"}
    assert [(f.part, f.code) for f in lint(ChannelKind.EMAIL, without, known())] == [
        ("html", "unsubscribe_missing"),
        ("text", "unsubscribe_missing"),
    ]


def test_parts_that_a_channel_does_not_have_are_named() -> None:
    found = lint(ChannelKind.TEAMS, {"title": "x", "body": "x", "html": "x"}, known())
    assert [(f.part, f.code) for f in found] == [("html", "unknown_part")]


@given(st.text(alphabet="{}%| .[]()'abctiles_*~-+\n#", max_size=120))
def test_no_text_breaks_the_lint(body: str) -> None:
    lint(ChannelKind.SLACK, {"title": "x", "body": body}, known())

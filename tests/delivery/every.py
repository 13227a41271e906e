# SPDX-License-Identifier: MIT
"""Every kind of message that Oncowire sends, for tests that ask something of all of them."""

from datetime import UTC, datetime

from alerts.delivery import render, render_digest, render_notice
from alerts.delivery.mail import dated
from alerts.delivery.notes import Note, render_note
from alerts.delivery.templating import assemble
from alerts.delivery.values import alert_values
from alerts.model import AlertKind, ChannelKind, DigestGroup, Message
from tests.delivery.samples import HOSTILE, LINKS, approval, digest, everywhere, miss, update, warning

TEAM = {
    "subject": "Ours",
    "html": f'<h2>Ours</h2><p>Words</p><p><a href="{LINKS["unsubscribe"]}">Leave</a></p>',
    "text": f"Words\n{LINKS['unsubscribe']}",
    "title": "Ours",
    "body": "*Words*\n\n---\n\nMore",
}
NOTE = Note(
    subject="Please confirm", paragraphs=("Somebody asked.", "If not, do nothing."), button="Yes", url=LINKS["story"]
)


def every(channel: ChannelKind) -> dict[str, Message]:
    """By name."""
    alerts = {
        "instant": approval(),
        "update": update(),
        "miss": miss(),
        "warning": warning(),
        "repeat": approval(possible_repeat=True),
        "no links": approval(links={}),
        "hostile": everywhere(HOSTILE * 5, 9, AlertKind.UPDATE),
    }
    long = (DigestGroup(heading=f"drug {n}", alerts=(approval(), warning(), miss())) for n in range(60))
    hostile = (DigestGroup(heading=HOSTILE * 9, alerts=(everywhere(HOSTILE * 30, 9),) * 3) for _ in range(40))
    digests = {
        "digest": digest(),
        "digest, held": digest(why="mixed"),
        "digest of one": digest(DigestGroup(heading="cabozantinib", alerts=(approval(),))),
        "digest, long": digest(*long),
        "digest, hostile": digest(*hostile),
    }
    made = {name: render(channel, told, "<1@x>") for name, told in alerts.items()}
    made |= {name: render_digest(channel, told, "<1@x>") for name, told in digests.items()}
    made["note"] = render_note(channel, NOTE, "<1@x>")
    made["notice"] = render_notice(channel, ["A feed is silent"], ["Another lives"], "<1@x>", LINKS["story"])
    made["team"] = assemble(channel, TEAM, alert_values(approval()), "<1@x>")
    if channel is ChannelKind.EMAIL:
        made = {
            name: dated(m, "Oncowire <news@wire.example.org>", datetime(2025, 7, 24, tzinfo=UTC))
            for name, m in made.items()
        }
    return made

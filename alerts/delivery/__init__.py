"""Send: alert → message per channel → delivery with its outcome."""

from alerts.delivery.notices import render_notice
from alerts.delivery.outcome import Health, health_after, message_id, next_step
from alerts.delivery.render import render, render_digest
from alerts.delivery.sender import Sender

__all__ = ["Health", "Sender", "health_after", "message_id", "next_step", "render", "render_digest", "render_notice"]

"""Templates that teams edit: parts of a message, checked, rendered in a child process that cannot hurt, put into a message."""

from alerts.delivery.templating.assemble import assemble
from alerts.delivery.templating.lint import PARTS, Fault, lint
from alerts.delivery.templating.run import Failed, render_parts

__all__ = ["PARTS", "Failed", "Fault", "assemble", "lint", "render_parts"]

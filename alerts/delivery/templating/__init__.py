"""Templates that teams edit: parts of a message, checked, rendered in a child process that cannot hurt, put into a message."""

from alerts.delivery.templating.assemble import assemble
from alerts.delivery.templating.lint import DIGEST, DIGEST_PARTS, PARTS, Fault, lint, parts_of
from alerts.delivery.templating.run import Failed, render_parts

__all__ = ["DIGEST", "DIGEST_PARTS", "PARTS", "Failed", "Fault", "assemble", "lint", "parts_of", "render_parts"]

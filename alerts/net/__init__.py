"""Address guard and guarded HTTP client: the one gate for every outgoing connection (docs/adr/0002)."""

from alerts.net.client import Client, Response
from alerts.net.guard import Guard
from alerts.net.idn import ascii_url

__all__ = ["Client", "Guard", "Response", "ascii_url"]

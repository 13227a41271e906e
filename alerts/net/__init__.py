"""Address guard and guarded HTTP client: the one gate for every outgoing connection."""

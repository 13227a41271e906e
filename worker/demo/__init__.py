"""`oncowire demo`: the whole service on sample news with local receivers, and a check of what was told to whom."""

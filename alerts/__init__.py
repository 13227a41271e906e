"""Oncowire, the product: from a feed to an alert. No Celery in here (see worker/)."""

__version__ = "0.1.0"

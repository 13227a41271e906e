# SPDX-License-Identifier: MIT
"""Interface first; the body follows."""


def url_key(url: str) -> str:
    """Comparison key of an address: tracking, scheme, www/m/amp, wrappers removed. Empty for no usable address."""
    raise NotImplementedError

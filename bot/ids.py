"""Names for jobs and requests: short enough to type, random enough never to meet."""

from __future__ import annotations

import secrets

#: Crockford's base32: no i, l, o, u, so that nobody misreads one.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id() -> str:
    """Ten characters, fifty random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))

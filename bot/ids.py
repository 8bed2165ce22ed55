"""Ids of jobs and requests: short enough to type, random enough never to collide."""

from __future__ import annotations

import secrets

#: Crockford's base32: no i, l, o or u, so nobody misreads one.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id() -> str:
    """A new id: ten characters, fifty random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))

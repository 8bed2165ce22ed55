"""Fills in what Discord adds to a message: addresses of files, ids as text.

Called by `backend.py` for every message and every edit.
"""

from __future__ import annotations

import copy
from typing import cast

from simcord.backend.models import Message
from simcord.components import walk_components

from bot.sandbox.wire.wire import Payload


def completed(message: Message, fields: Payload) -> Payload:
    """The changes in addition to the `fields` of an edit."""
    more: Payload = {}
    if "embeds" in fields or "attachments" in fields:
        embeds = fields.get("embeds", message.embeds)
        attachments = fields.get("attachments", message.attachments)
        more["embeds"] = embeds_with_urls(embeds or [], attachments or [])
    if fields.get("components"):
        more["components"] = with_text_ids(fields["components"])
    return more


def embeds_with_urls(embeds: list[Payload], attachments: list[Payload]) -> list[Payload]:
    """Replace `attachment://name` in embeds with the address of the uploaded file."""
    urls = {f"attachment://{item['filename']}": item["url"] for item in attachments}
    result: list[Payload] = []
    for embed in embeds:
        shown = dict(embed)
        for part in ("image", "thumbnail"):
            if isinstance(shown.get(part), dict) and shown[part].get("url") in urls:
                shown[part] = shown[part] | {"url": urls[shown[part]["url"]]}
        result.append(shown)
    return result


def with_text_ids(components: list[Payload]) -> list[Payload]:
    """discord.py sends a select's default values as numbers, which no browser can hold exactly."""
    result = copy.deepcopy(components)
    for component in walk_components(result):
        for value in cast("list[Payload]", component.get("default_values") or []):
            value["id"] = str(value["id"])
    return result

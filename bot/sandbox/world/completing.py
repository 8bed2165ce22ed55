"""Fills in what Discord adds to a message: URLs of files, ids as text.

Called by `backend.py` for every message and every edit.
"""

from __future__ import annotations

import copy
from typing import cast

from simcord.backend.models import Message
from simcord.components import walk_components

from bot.sandbox.wire.wire import Payload


def fields_to_add(message: Message, fields: Payload) -> Payload:
    """The fields that an edit must change in addition to `fields`."""
    added: Payload = {}
    if "embeds" in fields or "attachments" in fields:
        embeds = fields.get("embeds", message.embeds)
        attachments = fields.get("attachments", message.attachments)
        added["embeds"] = embeds_with_urls(embeds or [], attachments or [])
    if fields.get("components"):
        added["components"] = with_text_ids(fields["components"])
    return added


def embeds_with_urls(embeds: list[Payload], attachments: list[Payload]) -> list[Payload]:
    """Replace `attachment://name` in embeds with the URL of the uploaded file."""
    urls = {f"attachment://{item['filename']}": item["url"] for item in attachments}
    result: list[Payload] = []
    for embed in embeds:
        copied = dict(embed)
        for part in ("image", "thumbnail"):
            if isinstance(copied.get(part), dict) and copied[part].get("url") in urls:
                copied[part] = copied[part] | {"url": urls[copied[part]["url"]]}
        result.append(copied)
    return result


def with_text_ids(components: list[Payload]) -> list[Payload]:
    """Turn the ids of a select's default values into text.

    discord.py sends them as numbers, which no browser can hold exactly.
    """
    result = copy.deepcopy(components)
    for component in walk_components(result):
        for value in cast("list[Payload]", component.get("default_values") or []):
            value["id"] = str(value["id"])
    return result

"""The bot knows its messages by what they carry; the search for one never sent ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from cogs.posting.finding import Patience, carries, shows


def message(**parts: Any) -> discord.Message:
    nothing = {"attachments": [], "components": [], "content": "", "interaction_metadata": None}
    return cast("discord.Message", SimpleNamespace(**nothing | parts))


def with_button(custom_id: str) -> discord.Message:
    button = {"type": 2, "style": 1, "custom_id": custom_id}
    row = {"type": 1, "components": [button, {"type": 2, "style": 5, "url": "https://a.example"}]}
    return message(components=[discord.ActionRow(cast("Any", row))])


@pytest.mark.parametrize(
    ("sent", "is_shown", "is_carried"),
    [
        (message(attachments=[SimpleNamespace(filename="SPOILER_j1-7.png")]), True, True),
        (with_button("wd:vary:j1"), True, True),
        (message(content="told of `j1`"), False, True),
        (message(interaction_metadata=SimpleNamespace(id="j1")), False, True),
        (message(attachments=[SimpleNamespace(filename="j2.png")]), False, False),
        (with_button("wd:j1:j2"), False, False),
        # Members' words stand before the last line.
        (message(content="`j1` was asked for, `j2`"), False, False),
        (message(interaction_metadata=SimpleNamespace(id="j2")), False, False),
    ],
)
def test_a_message_is_recognised_by_the_name_that_the_bot_gave_it(
    sent: discord.Message,
    is_shown: bool,  # noqa: FBT001  a table
    is_carried: bool,  # noqa: FBT001  a table
) -> None:
    assert shows(sent, "j1") is is_shown
    assert carries(sent, "j1") is is_carried


def test_after_four_failed_searches_a_message_counts_as_never_sent() -> None:
    patience = Patience()
    assert [patience.is_over("a") for _ in range(8)] == [False, False, False, True] * 2
    assert [patience.is_over("b") for _ in range(3)] == [False] * 3
    patience.forget("b")
    patience.forget("never looked for")
    assert [patience.is_over("b") for _ in range(4)] == [False, False, False, True]

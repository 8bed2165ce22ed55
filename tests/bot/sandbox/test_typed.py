"""A typed command is read with the help of what the bot registered."""

from __future__ import annotations

import pytest

from bot.sandbox.typed import parse
from bot.sandbox.wire.wire import NotPossible, Payload

DRAW: Payload = {
    "name": "draw",
    "options": [
        {"name": "count", "type": 4, "min_value": 1, "max_value": 4},
        {
            "name": "prompt",
            "type": 3,
            "required": True,
            "description": "What to draw",
            "max_length": 40,
        },
        {"name": "shape", "type": 3, "choices": [{"name": "Tall", "value": "t"}]},
        {"name": "quiet", "type": 5},
        {"name": "guidance", "type": 10},
    ],
}
PING: Payload = {"name": "ping", "options": []}
MARK: Payload = {"name": "mark", "options": [{"name": "id", "type": 4}]}


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("prompt: a cat", {"prompt": "a cat"}),
        ("a cat", {"prompt": "a cat"}),
        ("a cat count: 2", {"prompt": "a cat", "count": 2}),
        ("prompt: x shape: tall", {"prompt": "x", "shape": "t"}),
        ("prompt: x shape: T", {"prompt": "x", "shape": "t"}),
        ("prompt: x quiet: Yes guidance: 7.5", {"prompt": "x", "quiet": True, "guidance": 7.5}),
        ("prompt: x quiet: off", {"prompt": "x", "quiet": False}),
        ("prompt: 12:30, noon", {"prompt": "12:30, noon"}),
        ("prompt: re: zero, :d", {"prompt": "re: zero, :d"}),
    ],
)
def test_typed_options_are_read_as_the_page_reads_them(typed: str, options: Payload) -> None:
    assert parse(f"/draw {typed}", [DRAW, PING], "member") == ("draw", options)


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("/draw x shape: wide", "shape: 'wide' is not one of Tall."),
        ("/draw x quiet: perhaps", "quiet: must be true or false, not 'perhaps'."),
        ("/draw x count: many", "count: 'many' is not a number."),
        ("/draw x guidance: nan", "guidance: 'nan' is not a number."),
        ("/draw x guidance: -inf", "guidance: '-inf' is not a number."),
        ("/draw x count: 9", "count: must be at most 4, not 9."),
        ("/draw x count: -5", "count: must be at least 1, not -5."),
        (f"/draw {'x' * 41}", "prompt: must have at most 40 characters, not 41."),
        ("/draw count: 2", "/draw needs prompt: What to draw"),
        ("/draw", "/draw needs prompt: What to draw"),
        ("/draw prompt:", "prompt: has no value."),
        ("/draw promt: x", "promt: is not an option of /draw; the nearest is prompt:"),
        ("/draw x cout: 2", "cout: is not an option of /draw; the nearest is count:"),
        ("/draw prompt: x prompt: y", "prompt: appears twice."),
        ("/draw x prompt: y", "prompt: appears twice."),
        ("/ping me", "/ping takes no options: leave 'me' out."),
        ("/darw x", "There is no command /darw for you here. The nearest is /draw. The bot"),
        ("/", "A command begins with / and its name. The bot offers a member /draw"),
        ("1girl, smile", "A command begins with / and its name. The bot offers a member"),
        ("/mark 7", "/mark: '7' belongs to no option. It has id."),
        ("/swim", "There is no command /swim for you here. The bot offers a member /draw, /mark, "),
    ],
)
def test_an_unreadable_command_is_explained_with_what_exists(typed: str, refusal: str) -> None:
    with pytest.raises(NotPossible) as fault:
        parse(typed, [DRAW, PING, MARK], "member")
    assert str(fault.value).startswith(refusal)


def test_a_message_menu_command_cannot_be_typed() -> None:
    menu: Payload = {"name": "Frame", "type": 3}
    with pytest.raises(
        NotPossible, match=r"^There is no command /Frame .* offers a member /ping\.$"
    ):
        parse("/Frame", [PING | {"type": 1}, menu], "member")


def test_a_command_without_options_takes_none() -> None:
    assert parse("/ping", [PING], "member") == ("ping", {})


def test_the_name_that_other_bots_use_leads_to_ours() -> None:
    with pytest.raises(
        NotPossible, match=r"no command /imagine for you here\. The nearest is /waifu\."
    ):
        parse("/imagine prompt: cat", [DRAW | {"name": "waifu"}], "member")

"""The panel's pages and forms for word lists, in chunks that fit a form.

A submitted form replaces its chunk of the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from discord import ButtonStyle, ui

from bot.policy.document import TERMS_MAX
from bot.policy.layers import GuildPolicy
from bot.policy.screening import Term
from bot.policy.term_lists import (
    CHUNK_CHARS,
    LineFault,
    TermChunk,
    chunks_of,
    read_lines,
    replaced,
    unique,
)
from bot.words import panel as words
from bot.words.speaking import Message, number, say
from cogs.governing.controls import Blank, Part, button, line, page, press_id, row, text
from cogs.governing.desk import Desk
from cogs.governing.pages import Page, home_row, note_parts

#: The title and the description of each list, by name.
_TITLES: Mapping[str, tuple[Message, Message]] = {
    "blocked": (
        Message("Blocked words"),
        Message(
            "Words and phrases that I refuse here, however they are spelled. Write one per line: "
            "`term` or `term = reason`. Members whose request is refused read the reason."
        ),
    ),
    "allowed": (
        Message("Allowed phrases"),
        Message(
            "No rule looks inside these phrases, except for what is the same in every server and "
            "what the model's licence asks for. Write one per line."
        ),
    ),
}
_LIST_CHARS = 1400


def terms_in(policy: GuildPolicy, name: str) -> Sequence[Term]:
    """The terms of a list."""
    if name == "blocked":
        return policy.blocked
    return [Term(text=phrase) for phrase in policy.allowed]


def _with_terms(policy: GuildPolicy, name: str, terms: Sequence[Term]) -> GuildPolicy:
    if name == "blocked":
        return replace(policy, blocked=tuple(terms))
    return replace(policy, allowed=tuple(term.text for term in terms))


def _list_page(name: str) -> Page:
    def drawn(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
        terms = terms_in(desk.policy, name)
        chunks = chunks_of(terms)
        wanted = int(args[-1]) if args and args[-1].isdecimal() else 0
        at = min(wanted, max(len(chunks) - 1, 0))
        title, about = _TITLES[name]
        count = say("{count} of at most {most}", count=number(len(terms)), most=number(TERMS_MAX))
        shown = words.term_lines(chunks[at].text.split("\n"), _LIST_CHARS) if chunks else ""
        numbers = {"page": at + 1, "pages": len(chunks)}
        where = "\n" + say("-# Page {page} of {pages}", **numbers) if len(chunks) > 1 else ""
        return page(
            *note_parts(note),
            text(f"## {title()}\n{about()}\n-# {count}{where}"),
            line(),
            text(shown or say("The list is empty.")),
            *_page_buttons(desk, name, at, len(chunks)),
            home_row(desk, *_edit_buttons(desk, name, at, is_empty=not chunks)),
        )

    return drawn


def _page_buttons(desk: Desk, name: str, at: int, pages: int) -> list[Part]:
    if pages < 2:
        return []
    turns = ((say("← Earlier"), at - 1), (say("Later →"), at + 1))
    return [
        row(
            *(
                button(
                    label,
                    press_id("open", desk.version, name, "page", max(to, 0)),
                    disabled=not 0 <= to < pages,
                )
                for label, to in turns
            )
        )
    ]


def _edit_buttons(
    desk: Desk, name: str, at: int, *, is_empty: bool
) -> list[ui.Button[ui.LayoutView]]:
    edit = button("Edit this page …", press_id("form", desk.version, "edit", name, at),
                  disabled=is_empty)  # fmt: skip
    add = button("Add …", press_id("form", desk.version, "add", name), ButtonStyle.primary)
    return [add, edit]


LIST_PAGES: Mapping[str, Page] = {name: _list_page(name) for name in _TITLES}


def form_title(deed: str, name: str) -> str:
    """The title of a list's form; the deed is `add` or `edit`."""
    title = Message("Add to: {list}") if deed == "add" else Message("Edit: {list}")
    return title(list=_TITLES[name][0]())


def blank_to_add(desk: Desk, args: tuple[str, ...]) -> list[Blank]:
    """A field for new terms."""
    del desk
    return [_blank(args[0], say("One per line"), "")]


def blank_to_edit(desk: Desk, args: tuple[str, ...]) -> list[Blank]:
    """A field with the current chunk of the list."""
    chunk = _chunk(desk, args[0], int(args[1]))
    return [_blank(args[0], say("One per line; what you delete is gone"), chunk.text)]


def _blank(name: str, label: str, value: str) -> Blank:
    about = _line_format(name)
    return Blank(name="terms", label=label, about=about, value=value, chars_max=CHUNK_CHARS,
                 long=True)  # fmt: skip


def _line_format(name: str) -> str:
    """The format of a line, for a field's description, which Discord limits to 100 characters."""
    return say("term, or: term = reason") if name == "blocked" else say("A word or phrase")


def _chunk(desk: Desk, name: str, at: int) -> TermChunk:
    terms = terms_in(desk.policy, name)
    chunks = chunks_of(terms)
    return chunks[at] if at < len(chunks) else TermChunk(start=len(terms), stop=len(terms), text="")


def policy_with_input(
    desk: Desk, name: str, at: int | None, filled: str
) -> GuildPolicy | str | list[LineFault]:
    """The policy with the input added to a list, or replacing its chunk `at`.

    Otherwise the lines that cannot be accepted, or the reason why none can.
    """
    new, faults = read_lines(filled)
    if faults:
        return faults
    terms = terms_in(desk.policy, name)
    changed = unique([*terms, *new]) if at is None else replaced(terms, _chunk(desk, name, at), new)
    if len(changed) > TERMS_MAX:
        over = len(changed) - TERMS_MAX
        return say(
            "A list can have at most {most} terms: please remove {over}.",
            most=number(TERMS_MAX),
            over=number(over),
        )
    return _with_terms(desk.policy, name, changed)

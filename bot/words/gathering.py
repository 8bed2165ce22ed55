"""Finds every sentence that can be translated: for `make words`, and for the catalogues' test.

Babel calls these two with a file (`babel.cfg` says which), so they take and give what it wants. In
Python, a sentence stands in a call of `say`, `Message` or `tally`, or it is what Discord shows of a
command (its description, that of its options, the name of a choice or of an entry in a menu), or
the label of a control of the panel. In a rule's file it is what members read of the rule. Not
imported while the bot runs.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, TypeAlias

#: Line, the function for plurals (None: one sentence), the sentences, comments for translators.
Found: TypeAlias = "tuple[int, str | None, str | tuple[str, ...], list[str]]"

_SAID = frozenset({"say", "Message"})
#: Calls, and classes, whose keywords are shown by Discord.
_SHOWN: Mapping[str, frozenset[str]] = {
    "command": frozenset({"description"}),
    "Group": frozenset({"description"}),
    "Choice": frozenset({"name"}),
    "ContextMenu": frozenset({"name"}),
}
#: What makes a control of the panel: its first argument is its label, or keywords are.
_LABELLED = frozenset({"button", "channel_menu", "menu", "role_menu"})
_FIELDS = frozenset({"Blank", "_Number", "replace"})
_LABELS = frozenset({"label", "about"})
_OF_RULE = ("title", "summary", "advice")


def from_python(
    file: BinaryIO, keywords: object, comment_tags: object, options: object
) -> Iterator[Found]:
    """The sentences of a Python file."""
    del keywords, comment_tags, options
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call):
            yield from _in_call(node)
        elif isinstance(node, ast.ClassDef):
            yield from _shown(node.keywords, frozenset({"group_description"}))


def _in_call(node: ast.Call) -> Iterator[Found]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    name = node.func.id if isinstance(node.func, ast.Name) else name
    if name in _SAID:
        yield from _said(node)
    elif name == "tally" and isinstance(node.func, ast.Name):
        one, many = _texts(node.args[:2])
        yield node.lineno, "ngettext", (one, many), []
    elif name in _LABELLED:
        yield from ((node.lineno, None, text, []) for text in _texts(node.args[:1]))
    elif name in _FIELDS:
        yield from _shown(node.keywords, _LABELS)
    elif name == "describe":
        yield from _shown(node.keywords, None)
    elif name in _SHOWN:
        yield from _shown(node.keywords, _SHOWN[name])


def _said(node: ast.Call) -> Iterator[Found]:
    """The sentence, with its context if it has one."""
    context = "".join(_texts([word.value for word in node.keywords if word.arg == "context"]))
    for text in _texts(node.args[:1]):
        if context:
            yield node.lineno, "pgettext", (context, text), []
        else:
            yield node.lineno, None, text, []


def _texts(nodes: Sequence[ast.expr]) -> list[str]:
    """Those that are written out; what is looked up is gathered where it is written."""
    either = [
        branch
        for node in nodes
        for branch in ([node.body, node.orelse] if isinstance(node, ast.IfExp) else [node])
    ]
    return [
        node.value
        for node in either
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value
    ]


def _shown(given: Sequence[ast.keyword], names: frozenset[str] | None) -> Iterator[Found]:
    """The texts of these keywords; of all if None."""
    for one in given:
        if names is None or one.arg in names:
            yield from ((one.value.lineno, None, text, []) for text in _texts([one.value]))


def from_rules(
    file: BinaryIO, keywords: object, comment_tags: object, options: object
) -> Iterator[Found]:
    """What members read of a rule, or the clauses of licences in our own words."""
    del keywords, comment_tags, options
    read = tomllib.load(file)
    for name in _OF_RULE:
        if read.get(name):
            yield 1, None, read[name], []
    for clause in read.get("clauses", {}).values():
        yield 1, None, clause, []

"""In which language the bot speaks: what every other file of this room says its sentences with.

The English sentence is the key of its translations. Whoever lets an interaction in, or composes a
post for a whole server, sets the language once (`speak`, `speaking`); what is said within that task
is said in it. Where nobody set one it is English: in the log, at the console, in the database. Pure
but for that; the languages are read by `bot/languages.py`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Self

from babel.lists import format_list
from babel.numbers import format_decimal, format_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language: its sentences, and how it writes numbers and lists."""

    #: As Babel and the folder of its sentences are named: `de`, `pt_BR`.
    code: str
    #: What is missing in it is said in English.
    sentences: NullTranslations


_HUGE = 10**18
#: Languages without a space between sentences, and with brackets as wide as their letters.
_UNSPACED = ("ja", "zh_CN")
_WIDE_BRACKETS = ("\N{FULLWIDTH LEFT PARENTHESIS}", "\N{FULLWIDTH RIGHT PARENTHESIS}")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
ENGLISH = Language(code="en", sentences=NullTranslations())
_SPOKEN: ContextVar[Language] = ContextVar("spoken", default=ENGLISH)


def speak(language: Language) -> None:
    """Speak this language for the rest of the task."""
    _SPOKEN.set(language)


def spoken() -> Language:
    """The language that is spoken now, to be handed to another task."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: Language) -> Generator[Language]:
    """Speak this language within the block, and what was spoken before (it is given) after it."""
    before = _SPOKEN.get()
    token = _SPOKEN.set(language)
    try:
        yield before
    finally:
        _SPOKEN.reset(token)


def say(message: str, /, **values: object) -> str:
    """The sentence in the language that is spoken, with its `{placeholders}` filled in."""
    translated = _translated(message) if message else ""
    return translated.format(**values) if values else str(translated)


def _translated(message: str) -> str:
    sentences = _SPOKEN.get().sentences
    if isinstance(message, Message) and message.context:
        return sentences.pgettext(message.context, message)
    return sentences.gettext(message)


def tally(one: str, many: str, count: int, /, **values: object) -> str:
    """The sentence for this count; `{count}` becomes the number as the language writes it."""
    translated = _SPOKEN.get().sentences.ngettext(one, many, count)
    return translated.format(count=number(count), **values)


def retell(written: str, /, **filled_in: str) -> str:
    """What `say` says of a sentence that was written down in English, with these values in it.

    A value is looked for where our sentences set one: at the end of a code span or of a mention.
    Words of the sentence are never taken for it, whatever it is called. What is no sentence of
    ours, or has its values from elsewhere, stays as it was written.
    """
    names = {value: name for name, value in filled_in.items() if value}
    if not names:
        return say(written)
    values = "|".join(map(re.escape, names))
    sentence = re.sub(rf"(?<=[`@ ])(?:{values})(?=[`>])", lambda v: f"{{{names[v[0]]}}}", written)
    translated = say(sentence)
    if translated == sentence:
        return written
    return _PLACEHOLDER.sub(lambda found: filled_in.get(found[1], found[0]), translated)


class Message(str):
    """A sentence with a name: calling it says it, with its `{placeholders}` by name.

    Uncalled it is its English text, which is what a log or a test wants. `context` tells apart what
    is the same in English alone: "none" of a channel and of a pause.
    """

    __slots__ = ("context",)
    context: str

    def __new__(cls, text: object, context: str = "") -> Self:
        """The sentence, which may be anything that is written as one, such as a number."""
        message = super().__new__(cls, text)
        message.context = context
        return message

    def __call__(self, **values: object) -> str:
        """What `say` says of it."""
        return say(self, **values)


_LABELLED = Message("{what}: {words}")
_HEADING = Message("{what}:")
#: Somebody's own words within a sentence of ours.
IN_QUOTES = Message("“{words}”")


def sentences(*parts: str) -> str:
    """Sentences in a row, as the language sets them apart; empty ones are left out."""
    return ("" if _SPOKEN.get().code in _UNSPACED else " ").join(filter(None, parts))


def aside(text: str) -> str:
    """` (text)`, as the language writes it after the words that it belongs to."""
    opening, closing = _WIDE_BRACKETS if _SPOKEN.get().code in _UNSPACED else (" (", ")")
    return f"{opening}{text}{closing}"


def labelled(what: str, words: str) -> str:
    """`what: words`, with the colon as the language sets it."""
    return _LABELLED(what=what, words=words)


def heading(what: str) -> str:
    """`what:`, over the lines that follow."""
    return _HEADING(what=what)


def capitalised(text: str) -> str:
    """With a capital first letter and the others as they are: German nouns keep theirs."""
    return text[:1].upper() + text[1:]


def number(value: float) -> str:
    """`1,234` or `1.234`: a number as the language writes it, with at most three decimals."""
    # Decimals end at 28 digits, and members may write more.
    if abs(value) >= _HUGE:
        return f"{value:,}"
    return format_decimal(value, locale=_SPOKEN.get().code)


def percent(share: float) -> str:
    """`95%` or `95 %` of a share of 1."""
    return format_percent(share, locale=_SPOKEN.get().code)


def enumerated(parts: Iterable[str]) -> str:
    """`a, b, c`, with the comma that the language puts between names in a row."""
    return ("\N{IDEOGRAPHIC COMMA}" if _SPOKEN.get().code in _UNSPACED else ", ").join(parts)


def set_apart(parts: Iterable[str]) -> str:
    """`a; b, c; d`, with the mark that the language puts between phrases that may have commas."""
    return say("; ").join(parts)


def and_more(words: str, count: int) -> str:
    """Words in a row, and how many more there are; none may be left."""
    if not count:
        return words
    return tally("{words} and {count} more", "{words} and {count} more", count, words=words)


def listed(items: Sequence[str]) -> str:
    """`a, b and c`, as the language joins them."""
    # English as this house writes it: without a comma before the last.
    code = _SPOKEN.get().code
    return format_list(items, locale="en_GB" if code == "en" else code)

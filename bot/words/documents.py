"""What moderators read when they export or import their policy as a file. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.words.speaking import Message, labelled, number, say
from bot.words.wording import fitting, plain

_FAULT_CHARS, _FAULTS_CHARS = 200, 1600
_EXAMPLE = Message("-# `/policy export` shows what such a file looks like.")

_FAULTY = Message("⚠️ I have changed nothing, because I can't take this file:")
WHAT_WOULD_CHANGE = Message("## What this file would change")
EXPORTED = Message(
    "This is the whole policy of this server. Edit the file as you like and bring it back with "
    "`/policy import`: you see what would change before anything is applied."
)
DISCARDED = Message("I haven't applied the file; nothing has changed.")
NO_DIFFERENCE = Message("This file matches the current policy, so there is nothing to apply.")
CHANGED_MEANWHILE = Message(
    "⚠️ Somebody has changed the policy since you brought the file, so I haven't applied it. This "
    "is what it would change now."
)
EVERYBODY_DECIDES = Message(
    "I have changed nothing: `moderator_role` is @everyone in this file, so everybody would decide."
)

_UNUSABLE = Message(
    "⚠️ I have changed nothing, because I can't write in a channel that this file names:"
)

#: What is wrong with a file as a whole, and where it is no TOML that anybody would write.
TOO_MANY_KIB = Message("it has more than {most} KiB")
TOO_LARGE_IN_ALL = Message("it is larger than {most} KiB all in all")
NOT_UTF8 = Message("it is not UTF-8 text")
NOT_TOML = Message("it is not valid TOML: {fault}")
TOO_MANY_LINES = Message("it has more than {most} lines")
LONG_LINE = Message("line {line} has more than {most} characters")
NESTED = Message("line {line} is nested too deep")
TOO_MANY_VALUES = Message("it has too many values")

#: What is wrong with a name in it, and with what is listed.
STRANGE_KEY = Message("{key} is not a key of a policy")
KEY_IS_NEARLY = Message("{key} is not a key of a policy; the nearest is {nearest}")
NO_ID = Message("{table}.{name} must be named after an id: a whole number")
NO_PRESET = Message("preset must be one of {presets}, not {preset}")
NO_RULE = Message("{at}: there is no rule {rule}")
RULE_IS_NEARLY = Message("{at}: there is no rule {rule}; {nearest} is nearest")
RULE_OF_FLOOR = Message("{at}: {rule} is the same in every server, so it can't be set")
RULE_STATED = Message("{at}: {rule} is a promise that no prompt can show, so it can't be set")
LONG_REASON = Message("blocked.{term}.reason must be one line of at most {most} characters")
TERM_TWICE = Message("{list} has a term twice")
LONG_TERM = Message("{list}.{term}: a term has {most} characters at most")
UNSEEN_IN_TERM = Message("{list}.{term}: a term is one line without unseen characters")
WORDLESS_TERM = Message(
    "{list}.{term}: a term needs a word that can be found in a prompt: BREAK in capitals, weights"
    " and unseen characters are no words"
)
TOO_MANY_ENTRIES = Message("{list} has {count} entries; the limit is {most}")

#: What is wrong with a line of a list.
WORD_TOO_LONG = Message("a word or phrase has at most {most} characters")
REASON_TOO_LONG = Message("a reason has at most {most} characters")
WORDLESS = Message(
    "nothing of it can be found in a prompt: BREAK in capitals, weights and unseen characters are"
    " no words"
)
INVISIBLE = Message("there is an invisible character in it")
NOTHING_BEFORE = Message("there is nothing before the =")


def too_large(size_bytes: int, most_bytes: int) -> str:
    """A file that cannot be a policy."""
    return say(
        "This file is {size} MB; the limit is {most} MB. I have changed nothing.",
        size=number(round(size_bytes / 1e6, 1)),
        most=number(round(most_bytes / 1e6, 1)),
    )


def unusable(faults: Sequence[tuple[str, str]]) -> str:
    """Where moderators could not be told: each key of the file, and why its channel will not do."""
    lines = "\n".join(labelled(f"- `{key}`", why) for key, why in faults)
    return f"{_UNUSABLE()}\n{lines}"


def faulty(faults: Sequence[str]) -> str:
    """What is wrong in a file, a sentence each."""
    lines = fitting([f"- {plain(fault, _FAULT_CHARS)}" for fault in faults], _FAULTS_CHARS)
    return f"{_FAULTY()}\n{lines}\n{_EXAMPLE()}"

"""What a member reads who asks for too much, too fast, or for what no option takes. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.words.speaking import Message, aside, enumerated, number, say, sentences, tally
from models.contract import Sampler

EXAMPLE = "`1girl, blue hair, glasses, smile`"
NO_PROMPT = Message("Tell me what to draw: `prompt:` needs some words, for example {example}.")
NAME_TOO_LONG = Message("That name is {count} characters; the limit is {most}.")
NO_NAME = Message("A name has letters, digits, `-` and `_`, for example `soft-light`.")
UNREADABLE = Message("I can't read {what}: I need {form} there.")
#: What is needed in its place.
SHAPE = Message("a shape like `16:9`")
WHOLE_NUMBER = Message("a whole number like `7`")
NUMBER = Message("a number like `7.5`")
ON_OR_OFF = Message("`on` or `off`")
SCHEDULE = Message("{name} schedule")
_SAMPLERS = Message("I know these samplers: {names}.")


def several(faults: Sequence[str]) -> str:
    """Everything that is wrong with what was typed."""
    if len(faults) == 1:
        return faults[0]
    head = tally("{count} thing to fix:", "{count} things to fix:", len(faults))
    return "\n".join([head, *(f"- {fault}" for fault in faults)])


def samplers() -> str:
    """What can be asked for instead of a sampler that is unknown: labels, with what is typed."""
    return _SAMPLERS(names=enumerated(f"{one.label}{aside(f'`{one}`')}" for one in Sampler))


def out_of_bounds(option: str, low: str, high: str, given: str) -> str:
    """A number that this model does not take."""
    return say(
        "`{option}:` can be {low} to {high} with this model, not {given}.",
        option=option,
        low=low,
        high=high,
        given=given,
    )


def too_long(option: str, chars: int, most: int) -> str:
    """A text that is longer than the model reads."""
    return say(
        "Your `{option}:` is {count} characters; the limit is {most}. Please shorten it. The first "
        "words count most.",
        option=option,
        count=number(chars),
        most=number(most),
    )


def cooldown(time: str) -> str:
    """The server requires a pause between two requests."""
    return say("This server has a pause between requests. You can ask again in {time}.", time=time)


def daily_limit(most: int, had: int, *, fewer: bool) -> str:
    """The member's pictures for 24 hours are used up; `fewer`: a smaller request would fit."""
    limit = tally(
        "This server's limit is {count} picture a day, and you had {had} in the last 24 hours.",
        "This server's limit is {count} pictures a day, and you had {had} in the last 24 hours.",
        most,
        had=number(had),
    )
    rest = say("Try again later, or ask for fewer.") if fewer else say("Try again later.")
    return sentences(limit, rest)


def too_many(more: int, most: int) -> str:
    """One request is larger than all that may wait."""
    return tally(
        "You asked for {count} picture; the limit at once is {most}. Ask for fewer.",
        "You asked for {count} pictures; the limit at once is {most}. Ask for fewer.",
        more,
        most=number(most),
    )


def in_progress(now: int, most: int, *, everybody: bool) -> str:
    """There is no room for the request beside what the member or the server has in progress."""
    if now >= most:
        return _server_full(now) if everybody else _you_full(now)
    return _server_has_room(now, most) if everybody else _you_have_room(now, most)


def _you_full(now: int) -> str:
    return tally(
        "You already have {count} picture in progress, which is the limit. Try again when it is "
        "done.",
        "You already have {count} pictures in progress, which is the limit. Try again when some "
        "are done.",
        now,
    )


def _server_full(now: int) -> str:
    return tally(
        "This server already has {count} picture in progress, which is the limit. Try again when "
        "it is done.",
        "This server already has {count} pictures in progress, which is the limit. Try again when "
        "some are done.",
        now,
    )


def _you_have_room(now: int, most: int) -> str:
    return tally(
        "You have {count} picture in progress, and the limit is {most}: there is room for {room} "
        "more. Ask for fewer, or try again when it is done.",
        "You have {count} pictures in progress, and the limit is {most}: there is room for {room} "
        "more. Ask for fewer, or try again when some are done.",
        now,
        most=number(most),
        room=number(most - now),
    )


def _server_has_room(now: int, most: int) -> str:
    return tally(
        "This server has {count} picture in progress, and the limit is {most}: there is room for "
        "{room} more. Ask for fewer, or try again when it is done.",
        "This server has {count} pictures in progress, and the limit is {most}: there is room for "
        "{room} more. Ask for fewer, or try again when some are done.",
        now,
        most=number(most),
        room=number(most - now),
    )

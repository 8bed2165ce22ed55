"""What members read when something is not drawn or not shown, and what they can change.

Called by `bot/policy`, which decides. Pure text for one pair of eyes. The floor's words are its
own: they name the rule and no more. They show no word that was found, which would tell whoever
tries to get around it what to spell otherwise; they name no other channel and no other server.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Layer
from bot.policy.rulebook import Rule
from bot.words.wording import CONTENT_CHARS_MAX, fit, fitting, plain

#: Words, or terms of the server's, that a text names at most, and how much of each is shown.
_TOLD, _WORD_CHARS = 3, 60

SWITCHED_OFF = "The moderators have switched me off in this channel. Please ask me in another one."
PAUSED = "The moderators have paused me in this server. Please try again later."
FAULT = (
    "I could not check your request, so I am not drawing it. That is my fault, not yours: please "
    "try again, and tell my operator if it happens again."
)
UNSURE = (
    "I could not check whether this picture may be shown here, so I am not showing it. That is my "
    "fault, not yours: please try again, and tell my operator if it happens again."
)
FORBIDDEN = "I cannot show this picture: its prompt is no longer allowed in any server."
ADULT = "This picture may only be shown in an age-restricted channel."
HELD = "A moderator has not looked at this picture yet. I show it once they approve it."
REMOVED = "A moderator removed this picture."
#: The same words and seed are the same picture.
REMOVED_BEFORE = (
    "A moderator removed exactly this picture from this server, so I do not draw it here again. "
    "Another seed or other words may well be fine. If you think they were wrong, press *Appeal*."
)

UNCHECKED = "I could not check the finished picture, so I am not showing it."
EMPTY = "The picture came out empty. Please try another seed or other words."
REVEALING = (
    "The picture came out too revealing for this channel, so I am not showing it. Your words were "
    "fine: please try another seed."
)
NOWHERE = (
    "The picture came out as something that I do not show in any channel. That is the model's "
    "doing and is not held against you."
)
#: Of a picture that is not drawn to its end.
STOPPED = (
    "The picture was becoming too revealing for this channel, so I stopped drawing it. That is the "
    "model's doing and is not held against you: another seed may help."
)
#: What moderators read of a held picture.
ASKED_FOR = "The prompt asks for something that has to be approved here."
SCORED = "The finished picture may show nudity."
UNMEASURED = "I could not check the finished picture for nudity."
AWAITED = "The picture waits for a moderator to look at it."

_WHERE_ADULTS_ARE = (
    "Or ask me in an age-restricted channel (a moderator can mark a channel as age-restricted in "
    "its settings)."
)
_WHERE_ELSE = {
    Layer.CATEGORY: "This is a rule of this category; another channel may allow it.",
    Layer.CHANNEL: "This is a rule of this channel; another one may allow it.",
}
_SERVER = "The moderators of this server do not want this here. Please leave it out:"
_SERVER_ADULTS = (
    "The moderators of this server want this in age-restricted channels only. Please leave it out, "
    "or ask me in such a channel:"
)


def floor(rule: Rule) -> str:
    """What is drawn in no server."""
    return fit(
        f"I do not draw this in any server: {_named(rule)}.\n{rule.summary}\n"
        "If you meant something else, please describe it so that nobody can read it that way."
    )


def refused(rule: Rule, words: Sequence[str], layer: Layer, *, also: str = "") -> str:
    """What this server, this place or the model's licence does not take; `also` as told below."""
    here = "with this model" if layer is Layer.LICENCE else "here"
    parts = [f"I do not draw this {here}: {_named(rule)}.", rule.summary, _found(words)]
    parts += [rule.advice, also, _WHERE_ELSE.get(layer, "")]
    return fit("\n".join(filter(None, parts)))


def also(others: Sequence[tuple[str, Sequence[str]]]) -> str:
    """What else an ask is refused for, each a title and words; nothing of nothing."""
    named = [f"**{title}** ({_quoted(words)})" if words else f"**{title}**"
             for title, words in others]  # fmt: skip
    return f"It is refused for this too: {', '.join(named)}." if named else ""


def adults(rule: Rule, words: Sequence[str]) -> str:
    """What is fine, but not here."""
    parts = [
        f"This belongs in an age-restricted channel: {_named(rule)}.",
        _found(words),
        f"{rule.advice} {_WHERE_ADULTS_ARE}",
    ]
    return fit("\n".join(filter(None, parts)))


def server_terms(terms: Sequence[tuple[str, str]], *, for_adults: bool, also: str = "") -> str:
    """Terms that the server blocks, each with its reason; `also` as told above."""
    heading = _SERVER_ADULTS if for_adults else _SERVER
    lines = [f"“{plain(term)}”" + (f": {plain(why)}" if why else "") for term, why in terms]
    room = CONTENT_CHARS_MAX - len(heading) - len(also) - 2
    told = fitting(lines[:_TOLD], room, total=len(lines))
    return "\n".join(filter(None, [heading, told, also]))


def _named(rule: Rule) -> str:
    """The rule's title, with the clause that it comes from."""
    clause = f" (clause {rule.clause} of the model's licence)" if rule.clause else ""
    return f"**{rule.title}**{clause}"


def _found(words: Sequence[str]) -> str:
    """The member's own words, as they are."""
    return f"Found in your prompt: {_quoted(words)}." if words else ""


def _quoted(words: Sequence[str]) -> str:
    """A few words, as they are."""
    shown = [f"“{plain(word, _WORD_CHARS)}”" for word in words[:_TOLD]]
    more = f" and {len(words) - _TOLD} more" if len(words) > _TOLD else ""
    return ", ".join(shown) + more

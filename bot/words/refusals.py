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

SWITCHED_OFF = "The moderators switched me off in this channel. Ask me in another one."
PAUSED = "The moderators paused me in this server. Ask again later."
FAULT = (
    "I could not check your request, so I do not draw it. That is a fault of mine: try again, and "
    "tell the operator if it stays."
)
UNSURE = (
    "I could not check whether that picture may be shown here, so I do not show it. That is a "
    "fault of mine: try again, and tell the operator if it stays."
)
FORBIDDEN = (
    "I do not show that picture any more: what it was asked for with is refused in every server "
    "by now."
)
ADULT = "That picture may only be shown in an age-restricted channel."
HELD = "A moderator has yet to look at that picture. It is shown once they have approved it."
REMOVED = "A moderator removed that picture."
#: The same words and seed are the same picture.
REMOVED_BEFORE = (
    "A moderator removed this very picture from this server, so I do not draw it here again. "
    "Another seed, or other words, may well be fine. If you think they were wrong, appeal."
)

UNCHECKED = "The finished picture could not be checked, so it is not shown."
EMPTY = "The picture came out empty. Try another seed or other words."
REVEALING = (
    "The picture came out too revealing for this channel, so it is not shown. Your words were "
    "fine: try another seed."
)
NOWHERE = (
    "The picture came out as one that I do not show in any channel. That is the model's doing and "
    "does not count against you."
)
#: Of a picture that is not drawn to its end.
STOPPED = (
    "The picture was becoming too revealing for this channel, so I stopped drawing it. That is the "
    "model's doing and does not count against you: another seed may help."
)
#: What moderators read of a held picture.
ASKED_FOR = "A rule of this place holds what the prompt asks for."
SCORED = "It may show nudity (score {score:.2f})."
UNMEASURED = "It could not be measured."
AWAITED = "The picture is not shown until a moderator has looked at it."

_WHERE_ADULTS_ARE = (
    "Or ask me in an age-restricted channel (a moderator can mark a channel as age-restricted in "
    "its settings)."
)
_WHERE_ELSE = {
    Layer.CATEGORY: "That is a rule of this category; a channel outside it may take it.",
    Layer.CHANNEL: "That is a rule of this channel; another one may take it.",
}
_SERVER = "This server's moderators do not want that here. Please leave it out:"
_SERVER_ADULTS = (
    "This server's moderators want that in age-restricted channels only. Leave it out, or ask me "
    "in one of those:"
)


def floor(rule: Rule) -> str:
    """What is drawn in no server."""
    return fit(
        f"I do not draw that, in any server: {_named(rule)}.\n{rule.summary}\n"
        "If that is not what you meant, ask for something that nobody can read that way."
    )


def refused(rule: Rule, words: Sequence[str], layer: Layer) -> str:
    """What this server, this place or the model's licence does not take."""
    here = "with this model" if layer is Layer.LICENCE else "here"
    parts = [f"I do not draw that {here}: {_named(rule)}.", rule.summary, _found(words)]
    parts += [rule.advice, _WHERE_ELSE.get(layer, "")]
    return fit("\n".join(filter(None, parts)))


def adults(rule: Rule, words: Sequence[str]) -> str:
    """What is fine, but not here."""
    parts = [
        f"That belongs in an age-restricted channel: {_named(rule)}.",
        _found(words),
        f"{rule.advice} {_WHERE_ADULTS_ARE}",
    ]
    return fit("\n".join(filter(None, parts)))


def server_terms(terms: Sequence[tuple[str, str]], *, for_adults: bool) -> str:
    """Terms that the server blocks, each with its reason."""
    heading = _SERVER_ADULTS if for_adults else _SERVER
    lines = [f"“{plain(term)}”" + (f": {plain(why)}" if why else "") for term, why in terms]
    told = fitting(lines[:_TOLD], CONTENT_CHARS_MAX - len(heading) - 1, total=len(lines))
    return f"{heading}\n{told}"


def _named(rule: Rule) -> str:
    """The rule's title, with the clause that it comes from."""
    clause = f" (the model's licence, restriction {rule.clause})" if rule.clause else ""
    return f"**{rule.title}**{clause}"


def _found(words: Sequence[str]) -> str:
    """The member's own words, as they are."""
    shown = [f"“{plain(word, _WORD_CHARS)}”" for word in words[:_TOLD]]
    more = f" and {len(words) - _TOLD} more" if len(words) > _TOLD else ""
    return f"Found in your words: {', '.join(shown)}{more}." if shown else ""

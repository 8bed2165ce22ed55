"""What members read when something is not drawn or not shown, and what they can change.

Called by `bot/policy`, which decides. Pure text for one pair of eyes. The floor's words are its
own: they name the rule and no more. They show no word that was found, because that would tell
somebody what to respell; they name no other channel and no other server.

A job keeps the English of why its picture is withheld or not posted, and old rows are translated by
it: such a text keeps its words.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Layer
from bot.policy.rulebook import UNREADABLE, Rule
from bot.words.speaking import Message, and_more, aside, enumerated, say, sentences
from bot.words.wording import CONTENT_CHARS_MAX, cited, fit, fitting, plain

#: Words, or terms of the server's, that a text names at most, and how much of each is shown.
_SHOWN_MAX, _WORD_CHARS = 3, 60

SWITCHED_OFF = Message("I'm turned off in this channel. Try another one.")
PAUSED = Message("The moderators have paused me in this server. Try again later.")
FAULT = Message(
    "I couldn't check your request, so I'm not drawing it. That's my fault, not yours: please try "
    "again, and tell my operator if it happens again."
)
UNSURE = Message(
    "I could not check whether this picture may be shown here, so I am not showing it. That is my "
    "fault, not yours: please try again, and tell my operator if it happens again."
)
FORBIDDEN = Message("I cannot show this picture: its prompt is no longer allowed in any server.")
ADULT = Message("This picture may only be shown in an age-restricted channel.")
HELD = Message("A moderator has not looked at this picture yet. I show it once they approve it.")
REMOVED = Message("A moderator removed this picture.")
#: The same words and seed are the same picture.
REMOVED_BEFORE = Message(
    "A moderator removed exactly this picture from this server, so I don't draw it here again. "
    "Another seed or other words may well be fine. If you think they were wrong, press *Appeal*."
)

UNCHECKED = Message("I could not check the finished picture, so I am not showing it.")
EMPTY = Message("The picture came out empty. Please try another seed or other words.")
REVEALING = Message(
    "The picture came out too revealing for this channel, so I am not showing it. Your words were "
    "fine: please try another seed."
)
NOWHERE = Message(
    "The picture came out as something that I do not show in any channel. That is the model's "
    "doing and is not held against you."
)
#: Of a picture that is not drawn to its end.
STOPPED = Message(
    "The picture was becoming too revealing for this channel, so I stopped drawing it. That is the "
    "model's doing and is not held against you: another seed may help."
)
#: What moderators read of a held picture.
ASKED_FOR = Message("The prompt asks for something that has to be approved here.")
SCORED = Message("The finished picture may show nudity.")
UNMEASURED = Message("I could not check the finished picture for nudity.")
AWAITED = Message("The picture waits for a moderator to look at it.")

_WHERE_ADULTS_ARE = Message(
    "You can also ask me in an age-restricted channel. A moderator can mark a channel as "
    "age-restricted in its settings."
)
_WHERE_ELSE = {
    Layer.CATEGORY: Message("This is a rule of this category; another channel may allow it."),
    Layer.CHANNEL: Message("This is a rule of this channel; another one may allow it."),
}
_NOT_READ = Message("I can't read this prompt, so I don't draw it.")
_NOT_HERE = Message("I don't draw this here: {rule}.")
_NOT_WITH_IT = Message("I don't draw this with this model: {rule}.")
#: Of a term that the server blocks; `why` is in its moderators' words.
_BLOCKED = Message("This server blocks “{term}”.")
_BLOCKED_WHY = Message("This server blocks “{term}”. Reason: {why}")
_FOR_ADULTS = Message("This server allows “{term}” in age-restricted channels only.")
_FOR_ADULTS_WHY = Message(
    "This server allows “{term}” in age-restricted channels only. Reason: {why}"
)
_LEAVE_OUT = Message("Please leave it out.")
_LEAVE_OUT_OR_GO = Message("Please leave it out, or ask me in an age-restricted channel.")


def floor(rule: Rule) -> str:
    """What is drawn in no server."""
    if rule.id == UNREADABLE:
        return fit("\n".join([_NOT_READ(), say(rule.summary), say(rule.advice)]))
    parts = [
        say("I don't draw this in any server: {rule}.", rule=_named(rule)),
        say(rule.summary),
        say("If you meant something else, please describe it so that nobody can read it that way."),
    ]
    return fit("\n".join(parts))


def refused(rule: Rule, words: Sequence[str], layer: Layer, *, also: str = "") -> str:
    """What this server, this place or the model's licence refuses; `also`: see `also` below."""
    no = _NOT_WITH_IT if layer is Layer.LICENCE else _NOT_HERE
    parts = [no(rule=_named(rule)), say(rule.summary), _found(words)]
    parts += [say(rule.advice), also, say(_WHERE_ELSE.get(layer, ""))]
    return fit("\n".join(filter(None, parts)))


def also(others: Sequence[tuple[str, Sequence[str]]]) -> str:
    """What else an ask is refused for, each a title and words; nothing of nothing."""
    named = [f"**{say(title)}**{aside(_quoted(words)) if words else ''}" for title, words in others]
    return say("It is also refused for this: {rules}.", rules=enumerated(named)) if named else ""


def adults(rule: Rule, words: Sequence[str]) -> str:
    """What is fine, but not here."""
    parts = [
        say("That's only allowed in age-restricted channels: {rule}.", rule=_named(rule)),
        _found(words),
        sentences(say(rule.advice), _WHERE_ADULTS_ARE()),
    ]
    return fit("\n".join(filter(None, parts)))


def server_terms(terms: Sequence[tuple[str, str]], *, for_adults: bool, also: str = "") -> str:
    """Terms that the server blocks, each with its reason; `also`: see `also` above."""
    lines = [_blocked(term, why, for_adults=for_adults) for term, why in terms]
    advice = (_LEAVE_OUT_OR_GO if for_adults else _LEAVE_OUT)()
    room = CONTENT_CHARS_MAX - len(advice) - len(also) - 2
    shown = fitting(lines[:_SHOWN_MAX], room, total=len(lines))
    return "\n".join(filter(None, [shown, advice, also]))


def _blocked(term: str, why: str, *, for_adults: bool) -> str:
    if why:
        message = _FOR_ADULTS_WHY if for_adults else _BLOCKED_WHY
        return message(term=plain(term), why=plain(why))
    return (_FOR_ADULTS if for_adults else _BLOCKED)(term=plain(term))


def _named(rule: Rule) -> str:
    """The rule's title, with the clause that it comes from."""
    title = f"**{say(rule.title)}**"
    if not rule.clause:
        return title
    return say("{rule} (clause {clause} of the model's licence)", rule=title, clause=rule.clause)


def _found(words: Sequence[str]) -> str:
    """The member's own words, as they are."""
    return say("Found in your prompt: {words}.", words=_quoted(words)) if words else ""


def _quoted(words: Sequence[str]) -> str:
    """A few words, as they are."""
    shown = enumerated(cited(word, _WORD_CHARS) for word in words[:_SHOWN_MAX])
    return and_more(shown, max(0, len(words) - _SHOWN_MAX))

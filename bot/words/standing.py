"""What is said of a member's strikes, time-outs and bans, to them and to moderators. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.words.speaking import Message, say, sentences, tally
from bot.words.wording import plain

_REASON_CHARS = 300
_TIMED_OUT = Message(
    "You can't ask me for pictures in this server until <t:{until_s}:f> (<t:{until_s}:R>)."
)
_TIMED_OUT_EVERYWHERE = Message(
    "You can't ask me for pictures in any server until <t:{until_s}:f> (<t:{until_s}:R>)."
)
_BANNED = Message("You can't ask me for pictures in this server until a moderator lifts your ban.")
_BANNED_EVERYWHERE = Message(
    "You can't ask me for pictures in any server until my operator lifts your ban."
)
_WHY = Message("The reason: {reason}")
#: Follows whatever else they read about it.
CANCELLED = Message("Your waiting pictures are cancelled.")
_BREAK = Message(
    "<@{user}>, the moderators ask you to take a break, so your waiting pictures are cancelled. If "
    "you ask me with `/waifu`, I tell you why and for how long, and nobody else reads it."
)
_BREAK_EVERYWHERE = Message(
    "<@{user}>, my operator asks you to take a break, so your waiting pictures are cancelled. If "
    "you ask me with `/waifu`, I tell you why and for how long, and nobody else reads it."
)
_STRIKE = Message("This counts as a strike until <t:{until_s}:D>.")
_OF = Message(
    "It is strike {number} of {limit}; at {limit} you can't ask me for pictures for {pause}."
)
_HARMLESS = Message("If you meant something harmless, talk to a moderator: they can take it back.")
#: Written down with a time-out, in English, and said in the language of who reads it.
STRIKES_REASON = Message("Too many requests that the rules of this server refuse.")
#: To moderators.
OWNER_ONLY = Message("Only my operator may do this in every server at once.")
NOBODY = Message("Nobody is timed out or banned here.")
_MAY_AGAIN = Message("<@{user}> may ask again here.")
_MAY_AGAIN_EVERYWHERE = Message("<@{user}> may ask again everywhere.")
_NOT_EXCLUDED = Message("<@{user}> is neither timed out nor banned here.")
_NOT_EXCLUDED_EVERYWHERE = Message("<@{user}> has no time-out or ban that holds in every server.")
_IS_BANNED = Message("<@{user}> is banned.")
_IS_BANNED_EVERYWHERE = Message("<@{user}> is banned everywhere.")
_IS_TIMED_OUT = Message("<@{user}> is timed out until {time}.")
_IS_TIMED_OUT_EVERYWHERE = Message("<@{user}> is timed out everywhere until {time}.")


def excluded(until_ms: int | None, reason: str, *, everywhere: bool) -> str:
    """To a member who asks and may not."""
    if until_ms is not None:
        until = (_TIMED_OUT_EVERYWHERE if everywhere else _TIMED_OUT)(until_s=until_ms // 1000)
    else:
        until = (_BANNED_EVERYWHERE if everywhere else _BANNED)()
    why = _WHY(reason=plain(say(reason), _REASON_CHARS)) if reason else ""
    return f"{until} {why}".rstrip()


def cancelled(user_id: int, *, everywhere: bool) -> str:
    """To a member whose pictures were waiting, in the channel: others read it, so no reason."""
    return (_BREAK_EVERYWHERE if everywhere else _BREAK)(user=user_id)


def struck(number: int, limit: int, expires_ms: int, pause: str) -> str:
    """Under a refusal that counts against the member."""
    of = _OF(number=number, limit=limit, pause=pause) if limit else ""
    return "-# " + sentences(_STRIKE(until_s=expires_ms // 1000), of, _HARMLESS())


def struck_out(number: int, until_ms: int, *, cancelled: bool) -> str:
    """Under a refusal that was one too many."""
    text = tally(
        "-# You have {count} strike that still counts, so you can't ask me here until "
        "<t:{until_s}:f>.",
        "-# You have {count} strikes that still count, so you can't ask me here until "
        "<t:{until_s}:f>.",
        number,
        until_s=until_ms // 1000,
    )
    return sentences(text, CANCELLED()) if cancelled else text


def taken_back(user_id: int, strikes: int) -> str:
    """To a moderator who took back a member's strikes."""
    return tally(
        "I have taken back {count} strike of <@{user}>.",
        "I have taken back {count} strikes of <@{user}>.",
        strikes,
        user=user_id,
    )


def lifted(user_id: int, *, lifted: bool, everywhere: bool) -> str:
    """To a moderator who let a member ask again; False if nothing had kept them from it."""
    if lifted:
        return (_MAY_AGAIN_EVERYWHERE if everywhere else _MAY_AGAIN)(user=user_id)
    return (_NOT_EXCLUDED_EVERYWHERE if everywhere else _NOT_EXCLUDED)(user=user_id)


def strike_line(title: str, at_ms: int, expires_ms: int) -> str:
    """One strike, for moderators."""
    until = say("counts until {time}", time=f"<t:{expires_ms // 1000}:D>")
    return f"- {say(title)}, <t:{at_ms // 1000}:R>; {until}"


def standing(user_id: int, strikes: Sequence[str], exclusion: str | None) -> list[str]:
    """What is held against a member, for moderators."""
    held = exclusion or say("<@{user}> may ask me for pictures.", user=user_id)
    if not strikes:
        return [held, say("They have no strikes.")]
    have = tally("They have {count} strike:", "They have {count} strikes:", len(strikes))
    return [held, have, *strikes]


def exclusion_line(
    user_id: int, until_ms: int | None, reason: str, actor_id: int | None, *, everywhere: bool
) -> str:
    """One exclusion, for moderators."""
    if until_ms is None:
        what = _IS_BANNED_EVERYWHERE if everywhere else _IS_BANNED
        text = what(user=user_id)
    else:
        what = _IS_TIMED_OUT_EVERYWHERE if everywhere else _IS_TIMED_OUT
        text = what(user=user_id, time=f"<t:{until_ms // 1000}:f>")
    if actor_id is not None:
        text += " " + say("By {who}.", who=f"<@{actor_id}>")
    return f"{text} {plain(say(reason), _REASON_CHARS)}" if reason else text

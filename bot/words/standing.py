"""What is said of a member's strikes, time-outs and bans, to them and to moderators. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.words.wording import plain

_REASON_CHARS = 300
_HERE, _EVERYWHERE = "in this server", "in any server"
_TIMED_OUT = "You cannot ask me for pictures {where} until <t:{until_s}:f> (<t:{until_s}:R>)."
_BANNED = "You cannot ask me for pictures {where} until a moderator lifts your ban."
_BANNED_EVERYWHERE = (
    "You cannot ask me for pictures in any server until my operator lifts your ban."
)
_WHY = " The reason: {reason}"
#: After whatever else they are told of it.
CANCELLED = "Your waiting pictures are cancelled."
_BREAK = (
    "<@{user}>, {who} you to take a break, so your waiting pictures are cancelled. If you "
    "ask me with `/waifu`, I tell you why and for how long, and nobody else reads it."
)
_STRIKE = (
    "-# This counts as a strike until <t:{until_s}:D>. {of}If you meant something harmless, talk "
    "to a moderator: they can take it back."
)
_OF = "It is your {number}; with {limit} you cannot ask me for {pause}. "
_STRUCK_OUT = (
    "-# That was your {number} strike that still counts, so you cannot ask me here until "
    "<t:{until_s}:f>."
)
STRIKES_REASON = "Too many requests that the rules of this server refuse."


def excluded(until_ms: int | None, reason: str, *, everywhere: bool) -> str:
    """To a member who asks and may not."""
    if until_ms is not None:
        where = _EVERYWHERE if everywhere else _HERE
        words = _TIMED_OUT.format(where=where, until_s=until_ms // 1000)
    else:
        words = _BANNED_EVERYWHERE if everywhere else _BANNED.format(where=_HERE)
    why = _WHY.format(reason=plain(reason, _REASON_CHARS)) if reason else ""
    return f"{words}{why}"


def cancelled(user_id: int, *, everywhere: bool) -> str:
    """To a member whose pictures were waiting, in the channel: others read it, so no reason."""
    who = "my operator asks" if everywhere else "the moderators ask"
    return _BREAK.format(user=user_id, who=who)


def struck(number: int, limit: int, expires_ms: int, pause: str) -> str:
    """Under a refusal that counts against the member."""
    of = _OF.format(number=ordinal(number), limit=limit, pause=pause) if limit else ""
    return _STRIKE.format(until_s=expires_ms // 1000, of=of)


def struck_out(number: int, until_ms: int, *, cancelled: bool) -> str:
    """Under a refusal that was one too many."""
    told = _STRUCK_OUT.format(number=ordinal(number), until_s=until_ms // 1000)
    return f"{told} {CANCELLED}" if cancelled else told


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def counted(strikes: int) -> str:
    """`1 strike`, `2 strikes`."""
    return "1 strike" if strikes == 1 else f"{strikes} strikes"


def strike_line(title: str, at_ms: int, expires_ms: int) -> str:
    """One strike, for moderators."""
    return f"- {title}, <t:{at_ms // 1000}:R>; counts until <t:{expires_ms // 1000}:D>"


def standing(user_id: int, strikes: Sequence[str], exclusion: str | None) -> list[str]:
    """What is held against a member, for moderators."""
    held = exclusion or f"<@{user_id}> may ask me for pictures."
    return [
        held,
        f"They have {counted(len(strikes))}:" if strikes else "They have no strikes.",
        *strikes,
    ]


def exclusion_line(
    user_id: int, until_ms: int | None, reason: str, actor_id: int | None, *, everywhere: bool
) -> str:
    """One exclusion, for moderators."""
    what = "banned" if until_ms is None else f"timed out until <t:{until_ms // 1000}:f>"
    where = " everywhere" if everywhere else ""
    who = f" by <@{actor_id}>" if actor_id is not None else ""
    why = f": {plain(reason, _REASON_CHARS)}" if reason else ""
    return f"<@{user_id}> is {what}{where}{who}{why}"

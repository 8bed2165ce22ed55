"""Lines of a server's log in words: for `/policy log`, the panel and the log channel. Pure text.

Who did what is said in the language of whoever reads; what was written down with it is English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.words.effects import FORGOTTEN_MEMBER
from bot.words.speaking import Message, capitalised, heading, labelled, say, tally
from bot.words.wording import duration, fit, fitting

#: What was done, as moderators read it, and to whom; what is not named here is shown as it is.
_ACTIONS: Mapping[str, Message] = {
    "policy": Message("{who} changed the policy"),
    "undo": Message("{who} undid the last change"),
    "import": Message("{who} imported a policy"),
    "emoji": Message("{who} chose other vote emoji"),
    "approve": Message("{who} approved a picture of {whom}"),
    "spoiler": Message("{who} put a picture of {whom} behind a spoiler"),
    "remove": Message("{who} removed a picture of {whom}"),
    "remove_and_time_out": Message("{who} removed a picture of {whom} and timed them out"),
    "uphold": Message("{who} granted an appeal of {whom}, so it is drawn"),
    "dismiss": Message("{who} left a picture of {whom} as it is"),
    "dismiss appeal": Message("{who} declined an appeal of {whom}, so the refusal stands"),
    "ban": Message("{who} banned {whom}"),
    "time out": Message("{who} timed out {whom}"),
    "lift": Message("{who} let {whom} ask again"),
    "clear strikes": Message("{who} took back the strikes of {whom}"),
    "purge": Message("{who} removed every picture of {whom}"),
    # What the operator does with pictures that a model may learn from; an operator is no member.
    "curate approve": Message("The bot's operator approved for training"),
    "curate reject": Message("The bot's operator took out of training"),
    "curate undo": Message("The bot's operator took back what was said for training of"),
    "curate caption": Message("The bot's operator described in other words for training"),
    # Nobody does it: a rule says that moderators are told, or strikes have a time-out follow.
    "alert": Message("🔔 **Alert** about {whom}"),
    "struck out": Message("⏳ {whom} has too many strikes and is timed out"),
}
#: What a bare number counts.
_COUNTED = {"clear strikes", "purge"}
#: Decisions of cases, and what a case was about.
_DECIDED = {"approve", "spoiler", "remove", "remove_and_time_out", "uphold", "dismiss"}
CASES: Mapping[str, Message] = {
    "held": Message("held picture"),
    "report": Message("reported picture"),
    "appeal": Message("appeal"),
}
#: How long somebody is timed out, before the reason.
_TIMED = {"time out", "struck out"}
_MINUTES = re.compile(r"(\d+) min: ?")
#: The last line of what was too long to be kept whole.
_MORE = re.compile(r"… and ([\d,]+) more")
#: A server's own emoji, as it is kept.
_CUSTOM_EMOJI = re.compile(r"\w+:\d{15,20}")


def log_line(
    *, actor_id: int | None, action: str, detail: str, at_ms: int, user_id: int | None, limit: int
) -> str:
    """One change or decision: who, what, of whom, and before and after; in `limit` characters."""
    whom = f"<@{user_id}>" if user_id else FORGOTTEN_MEMBER()
    who = f"<@{actor_id}>" if actor_id else FORGOTTEN_MEMBER()
    kind, _, _ = detail.partition(" ")
    known = f"{action} {kind}" if f"{action} {kind}" in _ACTIONS else action
    deed = _ACTIONS.get(known)
    done = deed(who=who, whom=whom) if deed else f"{who} {known}"
    head = f"<t:{at_ms // 1000}:R> {capitalised(done)}"
    lines = [_in_words(action, line) for line in detail.splitlines()]
    if not lines:
        return fit(head, limit)
    # What was cut when it was written down is counted on.
    more = _MORE.fullmatch(lines[-1])
    total = len(lines) - 1 + int(more[1].replace(",", "")) if more else len(lines)
    kept = [f"- {line}" for line in (lines[:-1] if more else lines)]
    above = heading(head)
    return f"{above}\n{fitting(kept, limit - len(above) - 1, total=total)}"


def _in_words(action: str, detail: str) -> str:
    """A line of what was written down with it; as it is where that is words already."""
    if detail.isdecimal() and action in _COUNTED:
        return _count_text(action, int(detail))
    if action == "emoji":
        return _CUSTOM_EMOJI.sub(r"<:\g<0>>", detail)
    if minutes := _MINUTES.match(detail) if action in _TIMED else None:
        long, reason = duration(int(minutes[1]) * 60_000), detail[minutes.end() :]
        length = say("for {time}", time=long)
        return labelled(length, say(reason)) if reason else length
    kind, _, id_ = detail.partition(" ")
    return f"{CASES[kind]()} `{id_}`" if action in _DECIDED and kind in CASES else detail


def _count_text(action: str, count: int) -> str:
    if action == "purge":
        return tally("{count} picture", "{count} pictures", count)
    return tally("{count} strike", "{count} strikes", count)

"""Lines of a server's log in words: for `/policy log`, the panel and the log channel. Pure text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.words.speaking import Message
from bot.words.wording import duration, fit, fitting

#: What was done, as moderators read it, and to whom; what is not named here is shown as it is.
_ACTIONS: Mapping[str, str] = {
    "policy": Message("changed the policy"),
    "undo": Message("undid the last change"),
    "import": Message("imported a policy"),
    "emoji": Message("chose other vote emoji"),
    "approve": Message("approved a picture of {whom}"),
    "spoiler": Message("put a picture of {whom} behind a spoiler"),
    "remove": Message("removed a picture of {whom}"),
    "remove_and_time_out": Message("removed a picture of {whom} and timed them out"),
    "uphold": Message("granted an appeal of {whom}, so it is drawn"),
    "dismiss": Message("left a picture of {whom} as it is"),
    "dismiss appeal": Message("declined an appeal of {whom}, so the refusal stands"),
    "ban": Message("banned {whom}"),
    "time out": Message("timed out {whom}"),
    "lift": Message("let {whom} ask again"),
    "clear strikes": Message("took back the strikes of {whom}"),
    "purge": Message("removed every picture of {whom}"),
}
#: What the operator does with pictures that a model may learn from; an operator is no member.
_OPERATORS: Mapping[str, str] = {
    "curate approve": Message("approved for training"),
    "curate reject": Message("took out of training"),
    "curate undo": Message("took back what was said for training of"),
    "curate caption": Message("described in other words for training"),
}
_OPERATOR = Message("The bot's operator")
#: Nobody does it: a rule says that moderators are told, or strikes have a time-out follow.
_BY_ITSELF: Mapping[str, str] = {
    "alert": Message("🔔 **Alert** about {whom}"),
    "struck out": Message("⏳ {whom} has too many strikes and is timed out"),
}
#: What a bare number counts, one and many.
_COUNTED: Mapping[str, tuple[str, str]] = {
    "clear strikes": (Message("strike"), Message("strikes")),
    "purge": (Message("picture"), Message("pictures")),
}
#: Decisions of cases, and what a case was about.
_DECIDED = {"approve", "spoiler", "remove", "remove_and_time_out", "uphold", "dismiss"}
_CASES: Mapping[str, str] = {
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
_FORGOTTEN = Message("somebody who asked to be forgotten")


def log_line(
    *, actor_id: int | None, action: str, detail: str, at_ms: int, user_id: int | None, limit: int
) -> str:
    """One change or decision: who, what, of whom, and before and after; in `limit` characters."""
    whom = f"<@{user_id}>" if user_id else _FORGOTTEN()
    kind, _, _ = detail.partition(" ")
    known = f"{action} {kind}" if f"{action} {kind}" in _ACTIONS else action
    done = _BY_ITSELF.get(action) or _deed(actor_id, known)
    head = f"<t:{at_ms // 1000}:R> {done.format(whom=whom)}"
    lines = [_in_words(action, line) for line in detail.splitlines()]
    if not lines:
        return fit(head, limit)
    # What was cut when it was written down is counted on.
    more = _MORE.fullmatch(lines[-1])
    total = len(lines) - 1 + int(more[1].replace(",", "")) if more else len(lines)
    kept = [f"- {line}" for line in (lines[:-1] if more else lines)]
    return f"{head}:\n{fitting(kept, limit - len(head) - 2, total=total)}"


def _deed(actor_id: int | None, action: str) -> str:
    """Who did what to `{whom}`."""
    if told := _OPERATORS.get(action):
        return f"{_OPERATOR()} {told}"
    who = f"<@{actor_id}>" if actor_id else _FORGOTTEN.capitalize()
    return f"{who} {_ACTIONS.get(action, action)}"


def _in_words(action: str, detail: str) -> str:
    """A line of what was written down with it; as it is where that is words already."""
    if detail.isdecimal() and action in _COUNTED:
        return f"{detail} {_COUNTED[action][detail != '1']}"
    if action == "emoji":
        return _CUSTOM_EMOJI.sub(r"<:\g<0>>", detail)
    if minutes := _MINUTES.match(detail) if action in _TIMED else None:
        long, reason = duration(int(minutes[1]) * 60_000), detail[minutes.end() :]
        return f"for {long}: {reason}" if reason else f"for {long}"
    kind, _, id_ = detail.partition(" ")
    return f"{_CASES[kind]} `{id_}`" if action in _DECIDED and kind in _CASES else detail

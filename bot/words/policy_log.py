"""Lines of a server's log in words: for `/policy log`, the panel and the log channel. Pure text."""

from __future__ import annotations

from collections.abc import Mapping

from bot.words.wording import fit

#: What was done, as moderators read it; what is not named here is shown as it is.
_ACTIONS: Mapping[str, str] = {
    "policy": "changed the policy",
    "undo": "undid the last change",
    "import": "imported a policy",
    "emoji": "chose the vote emoji",
    "approve": "approved",
    "spoiler": "put behind a spoiler",
    "remove": "removed",
    "remove_and_time_out": "removed, and timed out its member",
    "uphold": "let be drawn what was refused",
    "dismiss": "left as it was",
    "lapse": "decided nothing in time",
    "ban": "banned",
    "time out": "timed out",
    "lift": "let ask again",
    "clear strikes": "took back strikes",
    "purge": "removed every picture",
}
#: What the operator does with pictures that a model may learn from; an operator is no member.
_OPERATORS: Mapping[str, str] = {
    "curate approve": "approved for training",
    "curate reject": "took out of training",
    "curate undo": "took back what was said for training of",
    "curate caption": "described in other words for training",
}
_OPERATOR = "The bot's operator"
#: Nobody does it: a rule says that moderators are told.
_ALERT_ACTION, _ALERT = "alert", "🔔 **Alert**"
_NAMELESS = "Somebody who asked to be forgotten"


def log_line(
    *, actor_id: int | None, action: str, detail: str, at_ms: int, user_id: int | None, limit: int
) -> str:
    """One change or decision: who, what, of whom, and before and after; in `limit` characters."""
    done = _ALERT if action == _ALERT_ACTION else _deed(actor_id, action)
    about = f" (<@{user_id}>)" if user_id else ""
    head = f"<t:{at_ms // 1000}:R> {done}{about}"
    body = "".join(f"\n- {line}" for line in detail.splitlines())
    return fit(head + (f":{body}" if body else ""), limit)


def _deed(actor_id: int | None, action: str) -> str:
    """Who did what."""
    if told := _OPERATORS.get(action):
        return f"{_OPERATOR} {told}"
    who = f"<@{actor_id}>" if actor_id else _NAMELESS
    return f"{who} {_ACTIONS.get(action, action)}"

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
}
_NAMELESS = "Somebody who asked to be forgotten"


def log_line(
    *, actor_id: int | None, action: str, detail: str, at_ms: int, user_id: int | None, limit: int
) -> str:
    """One change or decision: who, what, of whom, and before and after; in `limit` characters."""
    who = f"<@{actor_id}>" if actor_id else _NAMELESS
    what = _ACTIONS.get(action, action)
    about = f" (<@{user_id}>)" if user_id else ""
    head = f"<t:{at_ms // 1000}:R> {who} {what}{about}"
    body = "".join(f"\n- {line}" for line in detail.splitlines())
    return fit(head + (f":{body}" if body else ""), limit)

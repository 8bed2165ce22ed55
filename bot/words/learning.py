"""What the owner reads of the models: promotions, trials and trainings, and why one cannot be.

`/learn` and what stands behind it speak with this voice. Pure text, in Discord's markdown.
"""

from __future__ import annotations

CHANGED_MEANWHILE = (
    "Another model was put to use while you decided, so I changed nothing. Look at `/learn status` "
    "and try again."
)
TRIAL_RUNS = "A trial runs already: `/learn trial stop` ends it."


def not_passed(card_id: str) -> str:
    """A card whose files the gate has not passed."""
    return (
        f"`{card_id}` has not passed the gate with the files that it has now, so it cannot serve. "
        "`/learn sheet` shows which figures failed, if it was measured."
    )


def serves_already(card_id: str) -> str:
    """A card that is asked of as it is."""
    return f"`{card_id}` serves already."


def nothing_before(card_id: str) -> str:
    """A card that nothing was promoted over."""
    return f"`{card_id}` is what MODEL names: there is nothing before it to go back to."


def changed_since(card_id: str) -> str:
    """A card whose files are others than those that it served with."""
    return (
        f"The files of `{card_id}` are gone or not those that it served with, so I do not go back "
        "to it. Put them back, and try again."
    )


def not_opened(card_id: str, problem: str, serving: str) -> str:
    """A card that could not be loaded when it was to serve."""
    return f"`{card_id}` cannot be opened, so `{serving}` serves on. {problem}"


def promoted(card_id: str, before: str) -> str:
    """The new card is loaded."""
    return (
        f"`{card_id}` serves now. What waits is still drawn by `{before}`, and `/learn rollback` "
        "brings that back."
    )


def rolled_back(card_id: str, over: str) -> str:
    """The card before is loaded again."""
    return f"`{card_id}` serves again, with the very same files as before; `{over}` is kept."


def from_next_start(card_id: str) -> str:
    """The bot was stopped between the row and the swap."""
    return f"I am stopping: `{card_id}` serves from my next start on."

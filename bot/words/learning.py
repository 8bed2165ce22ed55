"""What the owner reads about models: promotions, trials, trainings, and why one is not possible.

`/learn` and the code behind it take their texts from here. Pure text, in Discord's markdown.
"""

from __future__ import annotations

from bot.words.wording import short

CHANGED_MEANWHILE = (
    "Someone switched models while you were deciding, so I changed nothing. Check `/learn status` "
    "and try again."
)
TRIAL_RUNS = "A trial is already running. `/learn trial stop` ends it."


def not_passed(card_id: str) -> str:
    """A card whose files the gate has not passed."""
    return (
        f"`{card_id}` hasn't passed the gate with its current files, so I can't use it. If it was "
        "measured, `/learn sheet` shows what failed."
    )


def other_rules(card_id: str) -> str:
    """In a trial a card would draw requests that were admitted under another card's rules."""
    return (
        f"The licence of `{card_id}` has different rules from the current model's, and members' "
        "requests are checked against the current ones. So I can't run a trial with it, but you "
        "can promote it without one."
    )


def serves_already(card_id: str) -> str:
    """The card to promote is the one in use."""
    return f"`{card_id}` is already in use."


def nothing_before(card_id: str) -> str:
    """No promotion came before the card in use."""
    return f"There's nothing to go back to: `{card_id}` is the model that `MODEL` names."


def changed_since(card_id: str) -> str:
    """The files of a card differ from those that it served with."""
    return (
        f"The files of `{card_id}` are missing or have changed since it was last in use, so I "
        "can't go back to it. Restore them and try again."
    )


def not_opened(card_id: str, problem: str, serving: str) -> str:
    """A promoted card could not be loaded."""
    return f"I can't open `{card_id}`, so I'm keeping `{serving}`. {problem}"


def promoted(card_id: str, before: str) -> str:
    """The new card is loaded."""
    return (
        f"`{card_id}` is now in use. Requests already queued are still drawn by `{before}`. To "
        "switch back, use `/learn rollback`."
    )


def rolled_back(card_id: str, over: str) -> str:
    """The card before is loaded again."""
    return f"`{card_id}` is in use again, with exactly the same files as before. `{over}` is kept."


def from_next_start(card_id: str) -> str:
    """The bot was stopped between the row and the swap."""
    return f"I'm shutting down. `{card_id}` will be in use when I start again."


NOTHING_TRAINS = "No training is running."
OWNER_STOPPED = "You stopped it."
BEGUN_ANEW = "A member had their data erased, so it started over without that data."
FAILED_AND_KEPT = (
    "Its progress is saved. `/learn start` continues from there, and `/learn stop` discards it."
)
KEPT_NO_MORE = (
    "A member has had their data erased since, so I deleted its progress. `/learn start` starts "
    "over."
)


def trains_already(run_id: str) -> str:
    """One training at a time."""
    return f"`{run_id}` is already training. `/learn status` shows its progress."


def too_few(judged: int, least: int) -> str:
    """There are not enough votes to learn from."""
    votes = "is 1 vote or choice" if judged == 1 else f"are {judged} votes and choices"
    return (
        f"I need at least {least} votes on other members' pictures to see what people like. So far "
        f"there {votes}. Every reaction under a picture counts, and `/duel party` is the quickest "
        "way to get more."
    )


def only_own(own: int) -> str:
    """All votes are on the voter's own pictures, which everybody likes."""
    return (
        f"All {own} votes so far are members' votes on their own pictures, which say nothing about "
        "taste. Ask people to vote on each other's pictures."
    )


def not_here(card_id: str) -> str:
    """The files of the model in use are not where a training could read them."""
    return f"I can't find the files of `{card_id}`, so I can't train from it."


def begun(run_id: str, base: str) -> str:
    """The training has begun."""
    return (
        f"Training `{run_id}` from `{base}` with the votes of this bot's members. It pauses while "
        "anyone is waiting for a picture. `/learn status` shows its progress. Nothing changes for "
        "members until you promote it."
    )


def goes_on(run_id: str) -> str:
    """A run that failed goes on from its saved progress."""
    return (
        f"Continuing `{run_id}` from where it failed. `/learn status` shows its progress, and "
        "`/learn stop` ends it."
    )


def killed(said: str) -> str:
    """The system ended a command, which it does when memory runs out."""
    return f"The system killed it, probably for lack of memory. Its last output: `{said or '-'}`."


def broke(code: int, said: str) -> str:
    """A command ended without a message for people: a fault of the program or the machine."""
    return f"It failed with exit code {code}. Its last output: `{said or '-'}`."


def misnamed(card_id: str) -> str:
    """The training wrote a card of another name."""
    return f"The training wrote the card `{card_id}` instead of the one I asked for."


def stopped(run_id: str) -> str:
    """The training is over."""
    return f"Stopped training `{run_id}` and deleted the votes and pictures exported for it."


OWNER_ONLY = "Only the owner of this bot can train and switch models."
ADULT_SHEET = (
    "This model can draw nudity, so I only show its sheet in age-restricted channels. Its figures:"
)


def status(serving: str, run: str, trial: str) -> str:
    """Which model is in use, how far the training is and how the trial stands."""
    return f"**In use** `{serving}`\n**Training** {run}\n**Trial** {trial}"


_STAGES = {
    "export": "collecting votes and pictures",
    "train": "training",
    "judge": "being measured by the gate",
    "passed": "passed the gate. Try it with `/learn trial start`, or promote it",
    "refused": "didn't pass the gate, so it can't be used. `/learn sheet` shows why",
    "failed": "failed. Nothing changed for members",
    "stopped": "stopped",
}


def run(run_id: str, stage: str, said: str, *, waits: bool, restarts: int) -> str:
    """How far a training is."""
    parts = [f"`{run_id}`: {_STAGES[stage]}"]
    parts += ["Paused while someone is waiting for a picture"] if waits else []
    parts += ["Started over because a member had their data erased"] if restarts else []
    return ". ".join(parts) + (f"\n-# {said}" if said else "")


def trial(candidate: str, parent: str, wins: int, duels: int, e_value: float) -> str:
    """How a blind test stands."""
    both = f"`{candidate}` against `{parent}`"
    if not duels:
        return (
            f"{both}: no pair is decided yet. A pair is decided once enough trusted members have "
            "chosen, or after an hour by those who have."
        )
    return (
        f"{both}: the new one won {wins} of {duels} pairs. The evidence that it's better is "
        f"{e_value:.3g}; 100 is enough."
    )


_OUTCOMES = {
    "candidate": "proved better. To use it: `/learn promote`.",
    "parent": "didn't prove better, so there's no reason to promote it.",
    "stopped": "stayed undecided, because the trial was stopped or another model was put in use.",
}


def trial_over(candidate: str, parent: str, outcome: str, wins: int, duels: int) -> str:
    """How the last blind test ended."""
    return (
        f"{NO_TRIAL} In the last one, `{candidate}` won {wins} of {duels} pairs against "
        f"`{parent}` and {_OUTCOMES[outcome]}"
    )


def trial_begun(candidate: str, parent: str, share: float) -> str:
    """The blind test runs."""
    return (
        f"The trial has started. `{candidate}` and `{parent}` each redraw {share:.0%} of this "
        "server's requests, and members choose between the two without knowing which is which. "
        "Nobody waits longer for their own pictures. `/learn status` shows the score."
    )


#: Of a figure's name in the gate's table.
_NAME_CHARS = 33
NO_TRIAL = "No trial is running."
TRIAL_STOPPED = "The trial is stopped. Its results are kept in `/learn history`."


def verdict(name: str, value: str, bounds: str, *, holds: bool) -> str:
    """One line of the gate's table; Discord breaks longer ones."""
    name = short(name.replace(", one group", ""), _NAME_CHARS)
    return f"{'ok  ' if holds else 'FAIL'} {name:<{_NAME_CHARS}} {value:>8} {bounds}"


def unjudged(card_id: str) -> str:
    """A card without a verdict."""
    return f"The gate hasn't measured `{card_id}` yet, so there are no figures and no sheet."

"""What the owner reads of the models: promotions, trials and trainings, and why one cannot be.

`/learn` and what stands behind it speak with this voice. Pure text, in Discord's markdown.
"""

from __future__ import annotations

from bot.words.wording import short

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


def other_rules(card_id: str) -> str:
    """A trial would have a card draw what rules let in that are not its own."""
    return (
        f"The licence of `{card_id}` asks for other rules than that of the model in use, by which "
        "members' requests are let in, so I do not try it on them. You can promote it without a "
        "trial."
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


NOTHING_TRAINS = "No training is under way."
OWNER_STOPPED = "You stopped it."
BEGUN_ANEW = "A member was forgotten, so it begins anew without what was theirs."
FAILED_AND_KEPT = (
    "What it has learned so far is kept: `/learn start` goes on from there, `/learn stop` throws "
    "it away."
)
KEPT_NO_MORE = (
    "A member was forgotten since, so what was kept of it is deleted. `/learn start` begins anew."
)


def trains_already(run_id: str) -> str:
    """One training at a time."""
    return f"`{run_id}` is being trained already: `/learn status` shows how far it is."


def too_few(judged: int, least: int) -> str:
    """There are not enough votes to learn from."""
    votes = "1 vote or choice" if judged == 1 else f"{judged} votes and choices"
    return (
        f"There are {votes} on other members' pictures, and I need {least} at least to see what "
        "people like. Ask for more: every reaction under a picture counts, and `/duel party` is "
        "the quickest way."
    )


def only_own(own: int) -> str:
    """Everybody likes their own pictures."""
    return (
        f"All {own} votes are of members on their own pictures, and from those I learn nothing "
        "about taste. Ask people to vote on each other's."
    )


def not_here(card_id: str) -> str:
    """The model that is asked of lies nowhere that a training could read it."""
    return f"I cannot find the files of `{card_id}`, so I cannot train from it."


def begun(run_id: str, base: str) -> str:
    """The training is on its way."""
    return (
        f"I train `{run_id}` from `{base}` now, with what this bot's members voted. It waits while "
        "anybody waits for a picture. `/learn status` shows how far it is; nothing changes for "
        "members until you promote it."
    )


def goes_on(run_id: str) -> str:
    """A run that failed is tried once more."""
    return (
        f"I go on with `{run_id}` where it failed. `/learn status` shows how far it is; `/learn "
        "stop` ends it."
    )


def killed(said: str) -> str:
    """The system ended a command, which it does when memory runs out."""
    return f"The system killed it, as it does when memory runs out. Its last words: {said or '-'}"


def broke(code: int, said: str) -> str:
    """A command ended without a word to people: a fault of the program, or of the machine."""
    return f"It broke off with exit code {code}. Its last words: {said or '-'}"


def misnamed(card_id: str) -> str:
    """The training made something else than it was asked for."""
    return f"The training wrote a card `{card_id}`, which nobody asked for."


def stopped(run_id: str) -> str:
    """The training is over."""
    return f"`{run_id}` is not trained any further, and what was exported for it is deleted."


OWNER_ONLY = "Only whoever runs this bot can do that: models are theirs to train and to change."
ADULT_SHEET = (
    "This model can draw nudity, so I show its sheet in age-restricted channels only. Its figures:"
)


def status(serving: str, run: str, trial: str) -> str:
    """Which model serves, how far the training is and what the trial says."""
    return f"**Serving** `{serving}`\n**Training** {run}\n**Trial** {trial}"


_STAGES = {
    "export": "writing down what is learned from",
    "train": "learning",
    "judge": "before the gate",
    "passed": "passed the gate: try it with `/learn trial start`, or promote it",
    "refused": "did not pass the gate, so it cannot serve: `/learn sheet` shows why",
    "failed": "failed, and nothing changed for members",
    "stopped": "stopped",
}


def run(run_id: str, stage: str, said: str, *, waits: bool, restarts: int) -> str:
    """How far a training is."""
    parts = [f"`{run_id}`: {_STAGES[stage]}"]
    parts += ["it waits while somebody waits for a picture"] if waits else []
    parts += ["it began anew, because a member was forgotten"] if restarts else []
    return "; ".join(parts) + (f"\n-# {said}" if said else "")


def trial(candidate: str, parent: str, wins: int, duels: int, e_value: float) -> str:
    """How a blind test stands."""
    both = f"`{candidate}` against `{parent}`"
    if not duels:
        return (
            f"{both}: no pair is decided yet. One is as soon as members whom I know well enough "
            "have chosen, and after an hour by whoever has."
        )
    return (
        f"{both}: the new one won {wins} of {duels} pairs. The evidence for it is {e_value:.3g}; "
        "at 100 it is shown to be better."
    )


_OUTCOMES = {
    "candidate": "was shown to be better. `/learn promote` has it serve.",
    "parent": "was not shown to be better, so nothing speaks for promoting it.",
    "stopped": "was not decided: the test was stopped, or another model was put to use.",
}


def trial_over(candidate: str, parent: str, outcome: str, wins: int, duels: int) -> str:
    """How the last blind test ended."""
    return (
        f"{NO_TRIAL} In the last one `{candidate}` won {wins} of {duels} pairs against "
        f"`{parent}` and {_OUTCOMES[outcome]}"
    )


def trial_begun(candidate: str, parent: str, share: float) -> str:
    """The blind test runs."""
    return (
        f"From now on `{candidate}` and `{parent}` both draw {share:.0%} of this server's requests "
        "once more, and members see the two side by side without names. Nobody waits longer for "
        "their own pictures, and `/learn status` shows how it stands."
    )


#: Of a figure's name in the gate's table.
_NAME_CHARS = 33
NO_TRIAL = "No trial runs."
TRIAL_STOPPED = "The trial is stopped; what it found so far is kept in `/learn history`."


def verdict(name: str, value: str, bounds: str, *, holds: bool) -> str:
    """One line of the gate's table; Discord breaks longer ones."""
    name = short(name.replace(", one group", ""), _NAME_CHARS)
    return f"{'ok  ' if holds else 'FAIL'} {name:<{_NAME_CHARS}} {value:>8} {bounds}"


def unjudged(card_id: str) -> str:
    """A card without a verdict."""
    return f"`{card_id}` was not before the gate yet, so there are no figures and no sheet."

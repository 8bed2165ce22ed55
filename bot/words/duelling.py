"""What the bot says of duels and rating parties: the question, the answer to a press, the end.

Called by the cogs that ask. Before a member has chosen, nothing here tells who asked for a picture,
its id, its seed or its model. Pure text.
"""

from __future__ import annotations

from bot.ballot import Choice, DuelOrigin, DuelTally
from bot.domain import JobId, UserId
from bot.words import wording
from bot.words.speaking import Message, say, tally

NOTHING_TO_COMPARE = Message(
    "There is nothing to compare here yet: a duel needs two pictures of one prompt that everybody "
    "in this channel may see. Ask for several with `/waifu prompt: ... count: 2`, or press "
    "🎲 Reroll under a picture."
)
ALL_RATED = Message(
    "You have rated every pair that I may show you here. Thank you! New pictures of a prompt that "
    "was drawn before bring new pairs: press 🎲 Reroll under one you like."
)
OVER = Message(
    "That pair is closed, so your press wasn't counted. `/duel rate` shows you another one."
)
UNREADABLE = Message(
    "A picture of this pair can't be read from my disk. Tell the operator, or try again."
)
TAKEN_BACK = Message("Choice withdrawn. Press a button to choose again.")
NOT_YOURS = Message("Only the person who started the party, or a moderator, can stop it.")
STOPPED = Message("The party is over. `/duel top` shows which pictures won.")
PARTY_IS_OVER = Message("That party is over already.")
PARTY_IS_ON = Message(
    "A rating party is on in this channel until <t:{ends_s}:t>. Join in: press Left or Right under "
    "its newest pair."
)
PARTY_BEGINS = Message(
    "The party is on until <t:{ends_s}:t>: I show one pair after another here, and everybody can "
    "choose. You can stop it at any time."
)
#: What the two pictures show, for those who do not see them.
ALT_TEXTS = (
    Message("AI-made picture, the left one of two"),
    Message("AI-made picture, the right one of two"),
)
#: What stands under a message of a duel, so that it can be told apart.
_HINT = Message(
    "-# Press another button to change your mind. You see who asked for them once you have chosen."
)
_OWN = Message("One of them is yours, so your choice is noted but doesn't count.")
_OWN_IN_TEST = Message(
    "Both are yours: this test of two models takes your choice like anybody's, and it counts for "
    "nothing else."
)
_CHOSEN = {
    Choice.LEFT: Message("⬅️ **Left** it is."),
    Choice.RIGHT: Message("➡️ **Right** it is."),
    Choice.SKIP: Message("🤷 **No difference** it is."),
}
#: By whom the pictures were asked for, and with which model, on both sides.
_OF_WHOM = (Message("Left: asked for by {user}"), Message("Right: asked for by {user}"))
_OF_MODEL = (
    Message("Left: asked for by {user}, drawn by `{model}`"),
    Message("Right: asked for by {user}, drawn by `{model}`"),
)


def question(prompt: str, *, until_ms: int | None = None) -> str:
    """What is asked of two pictures; of a pair of a party, until when."""
    asked = (
        say("**Which one is better?**")
        if until_ms is None
        else say("**Which one is better (until {time})?**", time=f"<t:{until_ms // 1000}:T>")
    )
    return wording.fit(f"{asked} {_prompt_line(prompt)}\n{_HINT()}")


def _prompt_line(prompt: str) -> str:
    return say("Prompt of both: {prompt}", prompt=wording.plain(prompt))


def answer(
    choice: Choice,
    voices: DuelTally,
    *,
    asked: tuple[UserId, UserId],
    job_ids: tuple[JobId, JobId],
    self_vote: bool,
    models: tuple[str, str] | None = None,
) -> str:
    """What a member reads after choosing; `models` is shown only for a blind test."""
    lines = [f"{_CHOSEN[choice]()} {counted(voices)}"]
    if self_vote:
        lines.append(_OWN_IN_TEST() if models else _OWN())
    for line, user_id, job_id, model in zip(
        _OF_MODEL if models else _OF_WHOM, asked, job_ids, models or ("", ""), strict=True
    ):
        lines.append(f"{line(user=f'<@{user_id}>', model=model)} · `{job_id}`")
    return wording.fitting(lines)


def counted(voices: DuelTally) -> str:
    """The current score of a duel."""
    return say(
        "So far: left {left}, right {right}, no difference {skip}.",
        left=voices.left,
        right=voices.right,
        skip=voices.skip,
    )


def ended(prompt: str, voices: DuelTally, asked: tuple[UserId, UserId], origin: DuelOrigin) -> str:
    """What stays under the two pictures once the duel is over."""
    lines = [_outcome(voices), _prompt_line(prompt)]
    if origin is DuelOrigin.PARTY:
        lines += [line(user=f"<@{user}>") for line, user in zip(_OF_WHOM, asked, strict=True)]
    return wording.fitting(lines)


def _outcome(voices: DuelTally) -> str:
    """Who won, in one line."""
    left, right = voices.left, voices.right
    if not left + right:
        return say("**Nobody chose between them.**")
    if left == right:
        return say("**A draw**, {won} to {lost}.", won=left, lost=right)
    if left > right:
        return say("**Left won**, {won} to {lost}.", won=left, lost=right)
    return say("**Right won**, {won} to {lost}.", won=right, lost=left)


def leaderboard_line(place: int, up: int, down: int, job_id: JobId, url: str) -> str:
    """One line of the leaderboard: a picture, not who asked for it."""
    result = tally("won {won} of {count} vote", "won {won} of {count} votes", up + down, won=up)
    return f"{place}. {result} · [`{job_id}`]({url})"

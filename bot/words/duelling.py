"""What the bot says of duels and rating parties: the question, the answer to a press, the end.

Called by the cogs that ask. Before a member has chosen, nothing here tells who asked for a picture,
its id, its seed or its model. Pure text.
"""

from __future__ import annotations

from bot.ballot import Choice, DuelOrigin, DuelTally
from bot.domain import JobId, UserId
from bot.words import wording

NOTHING_TO_COMPARE = (
    "There is nothing to compare here yet: a duel needs two pictures of one prompt that everybody "
    "in this channel may see. Ask for several with `/waifu prompt: ... count: 2`, or press "
    "🎲 Reroll under a picture."
)
ALL_RATED = (
    "You have rated every pair that I may show you here. Thank you! New pictures of a prompt that "
    "was drawn before bring new pairs: press 🎲 Reroll under one you like."
)
OVER = "That pair is closed, so your press was not counted. `/duel rate` shows you another one."
UNREADABLE = "A picture of this pair cannot be read from my disk. Tell the operator, or try again."
TAKEN_BACK = "Taken back: you have no choice on this pair now. Press again if you like."
NOT_YOURS = "Only who began the party, or a moderator (Manage Messages), may stop it."
STOPPED = "The party is over. `/duel top` shows which pictures won."
PARTY_IS_OVER = "That party is over already."
PARTY_IS_ON = (
    "A rating party is on in this channel until <t:{ends_s}:t>. Join in: press Left or Right under "
    "its newest pair."
)
PARTY_BEGINS = (
    "The party is on until <t:{ends_s}:t>: I show one pair after another here, and everybody may "
    "press. You can stop it at any time."
)
NO_WINNERS = (
    "No picture {period} that I may show here has won a duel yet. `/duel rate` asks you, "
    "`/duel party` asks everybody in this channel."
)
#: What stands under a message of a duel, so that it can be told apart.
_HINT = "-# Press once; press another button to change your mind. Who made them is told afterwards."
_OWN = "One of them is yours, so your choice is kept apart and does not count."
_OWN_IN_TEST = (
    "Both are yours: this test of two models takes your choice like anybody's, and it counts for "
    "nothing else."
)
_SIDES = {
    Choice.LEFT: "⬅️ **Left**",
    Choice.RIGHT: "➡️ **Right**",
    Choice.SKIP: "🤷 **No difference**",
}


def question(prompt: str, *, until_ms: int | None = None) -> str:
    """What is asked of two pictures; of a pair of a party, until when."""
    until = "" if until_ms is None else f" (until <t:{until_ms // 1000}:T>)"
    return wording.fit(
        f"**Which one is better{until}?** Both were asked for with: {wording.plain(prompt)}\n"
        f"{_HINT}"
    )


def answer(
    choice: Choice,
    tally: DuelTally,
    *,
    asked: tuple[UserId, UserId],
    job_ids: tuple[JobId, JobId],
    self_vote: bool,
    models: tuple[str, str] | None = None,
) -> str:
    """What a member reads after choosing; `models` is told of a blind test alone."""
    lines = [f"{_SIDES[choice]} it is. {counted(tally)}"]
    if self_vote:
        lines.append(_OWN_IN_TEST if models else _OWN)
    for side, user_id, job_id, model in zip(
        ("Left", "Right"), asked, job_ids, models or ("", ""), strict=True
    ):
        by = f", drawn by `{model}`" if model else ""
        lines.append(f"{side}: asked for by <@{user_id}>{by} · `{job_id}`")
    return wording.fitting(lines)


def counted(tally: DuelTally) -> str:
    """How a duel stands."""
    return f"So far: left {tally.left}, right {tally.right}, no difference {tally.skip}."


def ended(prompt: str, tally: DuelTally, asked: tuple[UserId, UserId], origin: DuelOrigin) -> str:
    """What stays under the two pictures when nobody chooses any more."""
    lines = [_outcome(tally), f"Both were asked for with: {wording.plain(prompt)}"]
    if origin is DuelOrigin.PARTY:
        lines.append(f"Left: asked for by <@{asked[0]}> · right: <@{asked[1]}>")
    return wording.fitting(lines)


def _outcome(tally: DuelTally) -> str:
    """Who won, in one line."""
    voices = tally.left + tally.right
    if not voices:
        return "**Nobody chose between them.**"
    if tally.left == tally.right:
        return f"**A draw**, {tally.left} to {tally.right}."
    side, won = max((("Left", tally.left), ("Right", tally.right)), key=lambda one: one[1])
    return f"**{side} won**, {won} to {voices - won}."


def rung(place: int, up: int, down: int, job_id: JobId, url: str) -> str:
    """One line of the leaderboard: a picture, not who asked for it."""
    duels = "1 voice" if up + down == 1 else f"{up + down} voices"
    return f"{place}. won {up} of {duels} · [`{job_id}`]({url})"

"""What is said around reviews: to moderators of a case, and to the members whom it is about.

Called by the cogs that post, report and decide. Pure text. What a member reads in a channel is for
all to read, so it names no rule, no word of theirs and no score.
"""

from __future__ import annotations

from collections.abc import Mapping

#: A member's words in a case, in a report and in an appeal.
PROMPT_CHARS, REASON_CHARS = 900, 300

REPORT_REASONS: Mapping[str, str] = {
    "minors": "It sexualises somebody who looks underage",
    "sexual": "It is too sexual for this place",
    "gore": "It shows gore or wants to shock",
    "person": "It shows a real person",
    "hate": "It is hateful or harasses somebody",
    "other": "Something else",
}
REPORTED = "Thank you. The moderators of this server will look at that picture."
REPORTED_NO_CHANNEL = (
    "Thank you, I wrote it down. This server has no review channel that I can write in, so please "
    "tell a moderator: they find it with `/moderate cases`."
)
REPORTED_TOO = "Thank you. Others reported that picture before you, and your reason is added."
REPORTED_AGAIN = "You reported that picture already; the moderators have your reason."
REPORT_DECIDED = (
    "The moderators have looked at that picture already and decided about it. If you see it "
    "otherwise, talk to one of them."
)
NOT_REPORTABLE = "That is no picture of mine, or it is gone by now."

APPEALED = (
    "The moderators of this server will look at it. You hear of it in this channel: if they say "
    "yes, I draw what you asked for by itself."
)
APPEALED_NO_CHANNEL = (
    "I wrote it down. This server has no review channel that I can write in, so please tell a "
    "moderator: they find it with `/moderate cases`."
)
APPEAL_GONE = (
    "That request is not kept any more, or you appealed it before. Ask again with `/waifu`; if it "
    "is refused again, you can appeal that."
)
APPEAL_TOO_MANY = (
    "{most} of your appeals are with the moderators already. Wait until they have looked at them, "
    "or ask for something else."
)
APPEAL_NEEDLESS = "That would be drawn by now: just ask again with `/waifu`."
APPEAL_FRUITLESS = (
    "That is not this server's to decide, so its moderators cannot let it pass. Please say it in "
    "other words."
)

CASE_GONE = "That case is gone: its member asked me to forget them, or it is long over."
NOT_ALLOWED = (
    "That is for this server's moderators: Manage Server, or the role that `/policy` names."
)
STILL_HIDDEN = (
    "That picture was drawn for an age-restricted channel, so I show it only where adults are. "
    "Mark this channel as age-restricted in its settings, then press again."
)
PICTURE_GONE = "That picture is gone by now."
HIDDEN = (
    "-# The picture may be for adults only, and this channel is not age-restricted, so it is not "
    "shown here. Mark the channel as age-restricted in its settings, then press *Show the picture*."
)
UNREADABLE = "-# The picture's file cannot be read from my disk."
UPHOLD_REFUSED = (
    "I may not draw that, whatever this server decides: {text}\nThe appeal stays open: dismiss it, "
    "and tell the member why."
)
UPHOLD_UNLICENSED = (
    "The model has changed, and its licence with it. I draw for that member once they have "
    "accepted it with `/licence`. The appeal stays open."
)
UPHOLD_BANNED = (
    "My operator banned that member in every server, so I draw nothing for them. The appeal stays "
    "open: dismiss it, or ask the operator first."
)
UPHOLD_NO_CHANNEL = (
    "The channel where it was asked for is gone, or I may not see it, so I could not post the "
    "picture. The appeal stays open."
)

NO_CHANNEL = (
    "This server has no review channel: cases wait in `/moderate cases` until `/policy` names one. "
    "Held pictures stay held."
)
CHANNEL_GONE = (
    "The review channel was deleted: cases wait in `/moderate cases` until `/policy` names "
    "another. Held pictures stay held."
)
CHANNEL_CLOSED = (
    "I cannot post cases in <#{channel}>: give me {names} there. Until then they wait in "
    "`/moderate cases`, and held pictures stay held."
)
CHANNEL_OPEN = (
    "<#{channel}> can be read by {who}: cases name members and their words, so make it private."
)
NO_CASES = "Nothing waits for a decision in this server."

REMOVED_BEFORE_SHOWN = (
    "The moderators looked at this picture and do not want it shown here. Another seed or other "
    "words may do."
)
TOLD_REMOVED = (
    "the moderators removed a picture of yours, `{id}`: it does not fit this server. Please keep "
    "to its rules; ask a moderator if you want to know more."
)
TOLD_SPOILER = "the moderators put a picture of yours, `{id}`, behind a spoiler. It stays."
TOLD_UPHELD = "the moderators looked at your appeal and agree with you: I draw it now."
TOLD_DISMISSED = (
    "the moderators looked at your appeal, and it stays as it is. Other words may well be fine; "
    "ask a moderator if you want to know more."
)
TOLD_HELD_TIME_OUT = "the moderators do not want a picture of yours here, and ask for a break."
TIME_OUT_REASON = "A moderator removed a picture of yours."
APPEAL_UNREADABLE = (
    "Another version of me wrote that request down, and I cannot read it. The appeal stays open: "
    "dismiss it, and the member can ask again."
)
TIMED_OUT = "You can ask me again <t:{until_s}:R>."


def told(user_id: int, words: str, until_ms: int | None = None) -> str:
    """A word to one member, in the channel."""
    rest = f" {TIMED_OUT.format(until_s=until_ms // 1000)}" if until_ms is not None else ""
    return f"<@{user_id}> {words}{rest}"


def reason(choice: str, words: str) -> str:
    """A report's reason as the moderators read it: one of the list, and free words."""
    chosen = REPORT_REASONS.get(choice, REPORT_REASONS["other"])
    return f"{chosen}: {words}" if words else chosen


def purged(user_id: int, pictures: int, left: int) -> str:
    """How far a purge is."""
    count = "1 picture" if pictures == 1 else f"{pictures} pictures"
    still = "1 message still leaves" if left == 1 else f"{left} messages still leave"
    rest = f"{still} Discord …" if left else "Every message is gone."
    return f"Removed of <@{user_id}>: {count}. {rest}"

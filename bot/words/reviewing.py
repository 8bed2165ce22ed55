"""What is said around reviews: to moderators of a case, and to the members whom it is about.

Called by the cogs that post, report and decide. Pure text. What a member reads in a channel is for
all to read, so it names no rule, no word of theirs and no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.policy.thresholds import THRESHOLDS
from bot.words.speaking import Message, aside, enumerated, labelled, listed, percent, say, tally
from bot.words.wording import cited, code, fit, quoted

#: A member's words in a case, in a report and in an appeal.
PROMPT_CHARS, REASON_CHARS = 900, 300
_WORDS, _WORD_CHARS = 5, 60

#: A case by its kind, and by what was decided, as the database has them.
HEADS = {
    "held": Message("🖼️ **A held picture**"),
    "report": Message("🚩 **A reported picture**"),
    "appeal": Message("⚖️ **An appeal against a refusal**"),
}
DONE = {
    "approve": Message("✅ Approved by {who} {at}: it is shown."),
    "spoiler": Message("🙈 Put behind a spoiler by {who} {at}."),
    "remove": Message("🗑️ Removed by {who} {at}."),
    "remove_and_time_out": Message("⏳ Removed by {who} {at}, and its member timed out."),
    "uphold": Message("✅ Granted by {who} {at}: it is drawn."),
    "dismiss": Message("✖️ Declined by {who} {at}: the refusal stands."),
}
STAYS = Message("✅ Approved by {who} {at}: it stays as it is.")
LAPSED = Message("⌛ Closed {at}: nobody decided in time, or the picture is gone.")
SAME_REMOVED = Message("Refused because **moderators removed the same picture** before.")
CASE = Message("case `{id}`")
TO_BE_KEPT_OUT = Message("To be kept out: {words}")
THEY_WRITE, WHY_HELD = Message("They write: {words}"), Message("Why it is held: {words}")
REFUSED_BY, HELD_BY = Message("Refused by {rules}"), Message("Held by {rules}")
EARLIER = Message("Earlier reports: {count}")
REPORT_REASONS: Mapping[str, Message] = {
    "minors": Message("It sexualises somebody who looks underage"),
    "sexual": Message("It is too sexual for this channel"),
    "gore": Message("It shows gore or is meant to shock"),
    "person": Message("It shows a real person"),
    "hate": Message("It is hateful, or harasses somebody"),
    "other": Message("Something else"),
}
REPORT_TITLE, REPORT_WHAT = Message("Report this picture"), Message("What is wrong with it?")
REPORT_WORDS = Message("In your own words (optional)")
APPEAL_TITLE = Message("Appeal to the moderators")
APPEAL_WHY = Message("Why should it be drawn here?")
REPORTED = Message("Thank you. The moderators of this server will look at this picture.")
REPORTED_NO_CHANNEL = Message(
    "Thank you, I have noted it. This server has no review channel that I can write in, so please "
    "tell a moderator: they find it with `/moderate cases`."
)
REPORTED_TOO = Message(
    "Thank you. Others have reported this picture too; I have added your reason."
)
REPORTED_AGAIN = Message(
    "You have reported this picture already, and the moderators have the reason that you gave then."
)
REPORT_DECIDED = Message(
    "The moderators have already looked at this picture and decided about it. If you see it "
    "differently, please talk to one of them."
)
NOT_REPORTABLE = Message("That isn't one of my pictures, or it is gone by now.")

APPEALED = Message(
    "The moderators of this server will look at it, and I tell you in this channel what they "
    "decide. If they agree with you, I draw what you asked for without being asked again."
)
APPEALED_NO_CHANNEL = Message(
    "I have noted it. This server has no review channel that I can write in, so please tell a "
    "moderator: they find it with `/moderate cases`."
)
APPEAL_GONE = Message(
    "I no longer have that request, or you have appealed it already. Ask again with `/waifu`; if "
    "it is refused again, you can appeal that."
)
APPEAL_TOO_MANY = Message(
    "The moderators already have {most} appeals of yours. Please wait until they have looked at "
    "them, or ask for something else."
)
APPEAL_NEEDLESS = Message(
    "There is nothing to appeal any more: ask again with `/waifu`, and I draw it."
)
APPEAL_FRUITLESS = Message(
    "This isn't for this server to decide, so its moderators can't allow it. Please ask for it in "
    "other words."
)
_YOUR_REASON = Message("Your reason, to copy:")

CASE_GONE = Message(
    "I no longer have that case: its member asked me to forget them, or it was decided long ago."
)
NOT_ALLOWED = Message(
    "This is for the moderators of this server: for members with *Manage Server* or with the role "
    "that `/policy panel` names."
)
STILL_HIDDEN = Message(
    "This picture was drawn for an age-restricted channel, so I only show it in one. Mark this "
    "channel as age-restricted in its settings, then press again."
)
PICTURE_GONE = Message("The picture is gone by now.")
HIDDEN = Message(
    "-# The picture may be for adults only, and this channel isn't age-restricted, so I don't show "
    "it here. Mark the channel as age-restricted in its settings, then press *Show the picture*."
)
UNREADABLE = Message("-# I can't read the picture's file from my disk.")
_FORBIDDEN_ANYWAY = Message(
    "I may not draw this, whatever this server decides:\n{text}\nThe appeal stays open: press "
    "*Refusal stands*."
)
_FORBIDDEN_BESIDES = Message(
    "This server forbids something in this prompt that the appeal isn't about:\n{text}\nThe appeal "
    "stays open: change that rule first, or press *Refusal stands*."
)
UPHOLD_UNLICENSED = Message(
    "The model has changed, and its licence with it. This member has to accept the new one with "
    "`/licence` before I draw for them. The appeal stays open."
)
UPHOLD_BANNED = Message(
    "My operator has banned this member from every server, so I draw nothing for them. The appeal "
    "stays open: press *Refusal stands*, or ask the operator first."
)
UPHOLD_NO_CHANNEL = Message(
    "The channel where they asked is gone, or I can't see it, so there is nowhere to post the "
    "picture. The appeal stays open."
)

NO_CHANNEL = Message(
    "This server has no review channel, so cases wait in `/moderate cases` until you choose one "
    "in `/policy panel`. Held pictures stay held."
)
CHANNEL_GONE = Message(
    "The review channel was deleted, so cases wait in `/moderate cases` until you choose another "
    "one in `/policy panel`. Held pictures stay held."
)
CHANNEL_CLOSED = Message(
    "I can't post cases in <#{channel}>: please give me {names} there. Until then they wait in "
    "`/moderate cases`, and held pictures stay held."
)
CHANNEL_OPEN = Message(
    "<#{channel}> can be read by {who}. Cases name members and quote their prompts, so please make "
    "it private."
)
MORE_CASES = Message("… and more")
PURGE = Message(
    "**Remove every picture of <@{user}> in this server?** The pictures leave every message, the "
    "gallery and every later export, and what this member has waiting is cancelled. This can't be "
    "undone."
)
NO_CASES = Message("There is nothing to decide in this server.")

REMOVED_BEFORE_SHOWN = Message(
    "The moderators have looked at this picture and do not want it shown here. Another seed or "
    "other words may be fine."
)
TOLD_REMOVED = Message(
    "The moderators have removed your picture `{id}`, because it does not fit this server. Please "
    "follow its rules; if you want to know more, ask a moderator."
)
TOLD_SPOILER = Message(
    "The moderators have put your picture `{id}` behind a spoiler. Nothing else changes."
)
TOLD_UPHELD = Message(
    "The moderators have looked at your appeal and agree with you. I am drawing it now."
)
TOLD_DISMISSED = Message(
    "The moderators have looked at your appeal, and the refusal stands. Other words may well be "
    "fine; if you want to know more, ask a moderator."
)
TOLD_HELD_TIME_OUT = Message(
    "The moderators do not want your last picture shown here, and ask you to take a break."
)
TIME_OUT_REASON = Message("A moderator removed one of your pictures.")
APPEAL_UNREADABLE = Message(
    "Another version of me wrote this request down, and I can't read it. The appeal stays open: "
    "press *Refusal stands*, and the member can ask again."
)
TIMED_OUT = Message("You can ask me again <t:{until_s}:R>.")


def asked_for(user_id: int, channel_id: int, at_ms: int) -> str:
    """Who asked for what a case is about, where and when."""
    return say(
        "Asked for by {who} in {where}, {at}",
        who=f"<@{user_id}>",
        where=f"<#{channel_id}>",
        at=f"<t:{at_ms // 1000}:R>",
    )


def addressed(user_id: int, words: str, until_ms: int | None = None) -> str:
    """A sentence addressed to one member in the channel; `words` follow their name."""
    rest = f" {TIMED_OUT(until_s=until_ms // 1000)}" if until_ms is not None else ""
    return labelled(f"<@{user_id}>", words + rest)


def still_refused(text: str, *, by_server: bool) -> str:
    """Why an appeal that a moderator agrees with is not drawn; `text` is what a member reads."""
    why = _FORBIDDEN_BESIDES if by_server else _FORBIDDEN_ANYWAY
    return fit(why(text=quoted(text)))


def not_taken(why: str, reason: str) -> str:
    """Why an appeal is not taken, with what its member wrote."""
    return fit(f"{why}\n{_YOUR_REASON()}\n{code(reason)}") if reason else why


def reason(choice: str, words: str) -> str:
    """A report's reason as it is written down, in English: one of the list, and free words."""
    chosen = REPORT_REASONS.get(choice, REPORT_REASONS["other"])
    return f"{chosen}: {words}" if words else str(chosen)


def reason_shown(written: str) -> str:
    """The reason as its reader sees it: the listed part translated, the free words as written."""
    for chosen in REPORT_REASONS.values():
        rest = written.removeprefix(f"{chosen}: ")
        if rest != written:
            return labelled(chosen(), rest)
    return say(written)


def purged(user_id: int, pictures: int, left: int) -> str:
    """How far a purge is."""
    gone = tally(
        "I have removed {count} picture of <@{user}>.",
        "I have removed {count} pictures of <@{user}>.",
        pictures,
        user=user_id,
    )
    if not left:
        return f"{gone} {say('All messages are deleted.')}"
    still = tally(
        "{count} message is still to be deleted …",
        "{count} messages are still to be deleted …",
        left,
    )
    return f"{gone} {still}"


def found_by(title: str, words: Sequence[str], layer: str) -> str:
    """A rule by which something is held or refused: who says so, and what it was found in."""
    said = aside(layer) if layer else ""
    shown = enumerated(cited(word, _WORD_CHARS) for word in words[:_WORDS])
    named = f"**{say(title)}**{said}"
    return say("{rule}, found in {words}", rule=named, words=shown) if shown else named


def scores_seen(scores: Mapping[str, float]) -> str:
    """What was measured in a picture, in words; empty if nothing matters."""
    parts: list[str] = []
    if (nudity := scores.get("nudity")) is not None:
        parts.append(f"{_likely(nudity)}{aside(percent(nudity))}")
    if (childlike := scores.get("childlike", 0.0)) >= THRESHOLDS.childlike:
        parts.append(f"{say('somebody who may look like a child')}{aside(percent(childlike))}")
    if scores.get("blank", 0.0) >= THRESHOLDS.blank:
        parts.append(say("an empty picture"))
    return say("The picture check sees {what}.", what=listed(parts)) if parts else ""


def _likely(nudity: float) -> str:
    """How likely a picture shows nudity, by the marks from which something follows."""
    marks = (
        (THRESHOLDS.withhold, say("nudity")),
        (THRESHOLDS.hold, say("probable nudity")),
        (THRESHOLDS.spoiler, say("possible nudity")),
    )
    return next((words for least, words in marks if nudity >= least), say("no nudity"))

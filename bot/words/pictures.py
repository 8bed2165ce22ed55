"""What members read of pictures that cannot be posted, shown or deleted, and of buttons under them.

Called by the cogs. Pure text. Those with `{id}` are said of each picture by itself.
"""

from __future__ import annotations

from bot.words.speaking import Message, tally
from models.contract import Draw

#: Why a post cannot be made. A job keeps the English, by which it is translated: keep the words.
NO_PERMISSION = Message(
    "I may not post pictures in this channel any more (I need View Channel, Send Messages and "
    "Attach Files). The picture is kept: `/show {id}` brings it back in another channel of this "
    "server."
)
NO_CHANNEL = Message(
    "The channel is gone. The picture is kept: `/show {id}` brings it back in another channel of "
    "this server."
)
NOT_TAKEN = Message(
    "Discord would not take the message. The picture is kept: `/show {id}` brings it back in "
    "another channel of this server."
)
TOO_LARGE_TO_POST = Message(
    "I could not make the picture small enough for this server. It is kept: `/show {id}` brings it "
    "back in another one of its channels."
)
FOR_ADULTS = Message(
    "This picture is for adults, and the channel is not age-restricted any more. The picture is "
    "kept: `/show {id}` brings it back in an age-restricted channel of this server."
)
SWITCHED_OFF = Message(
    "The moderators turned me off in this channel. The picture is kept: `/show {id}` brings it "
    "back in another channel of this server."
)
WORDS_BLOCKED = Message(
    "The moderators have blocked words in this picture's prompt, so I do not post it."
)
PERHAPS_POSTED = Message(
    "I may have posted the picture already, but I can't check without Read Message History in this "
    "channel, and I don't want to post it twice. It is kept: `/show {id}` brings it back in "
    "another channel of this server."
)
DELETED_BEFORE = Message("The picture was deleted before I could post it.")
FILE_UNREADABLE = Message(
    "The picture's file cannot be read from my disk. Tell the operator, or ask again."
)

#: What the engine says of one that it cannot draw. `models` speaks English alone, so its sentences
#: stand here once more, for whoever reads them in another language.
OF_ENGINE = (
    Message(
        "This picture did not come together. Try another seed, less guidance or less emphasis."
    ),
    Message("The upscaler could not enlarge this picture, so it stays as it is."),
    Message("This picture needs more memory than the device has. Try a smaller size."),
)

#: Why one is not made from another.
SOURCE_GONE = Message("The picture that this should start from is gone, so I did not draw it.")
ENLARGED_GONE = Message(
    "The picture that was to be upscaled is gone, so there is nothing to upscale."
)

#: Why one cannot be shown.
UNKNOWN = Message(
    "I can't find picture `{id}` in this server. `/history` lists yours with their IDs."
)
DELETED = Message("That picture was deleted.")
ELSEWHERE = Message(
    "That picture was drawn in a channel that not everybody here can see, so I don't show it here."
)
UNREADABLE = Message("The picture's file can't be read. Tell the operator.")
TOO_LARGE = Message("I couldn't make the picture small enough for this server.")
NOT_YET = Message("Not done yet. Press *Show* again in a moment.")
NO_LONGER_LISTED = Message("A picture in this list was just deleted. Ask for the list again.")
AI_MADE = Message("AI-made picture")
AI_MADE_PLACE = Message("AI-made picture, place {place}")
UNFINISHED = Message("Not finished yet")

#: Around a deletion.
DELETE = Message(
    "Delete this picture? It leaves every message. You can undo it for a minute; then it is gone."
)
IS_DELETED = Message("Deleted. You can undo it for a minute.")
IS_DELETED_FOR_GOOD = Message("The picture is deleted.")
IS_BACK = Message("The picture is back.")
TOO_LATE = Message("It is too late to undo that: the picture is gone.")
GONE_ALREADY = Message("That picture is gone already.")

#: After a press, or a choice in a message's menu.
NOT_YOURS = Message("Only the person who requested this, or a moderator, can do that.")
PICTURE_GONE = Message("That picture is gone, so this button has nothing to work with any more.")
REQUEST_GONE = Message("That request is gone, so this button has nothing to work with any more.")
OLD_BUTTON = Message(
    "This button is from an older version of me. Use `/show` to bring a picture back to life."
)
NONE_OF_MINE = Message("There is no picture of mine in that message. Try it on one that I posted.")
FOREIGN = Message(
    "That picture was asked for by another version of me, and I can't read all of its settings. "
    "Ask again with `/waifu`."
)
DRAW_AGAIN = Message("Draw it again:")
FOR_A1111 = Message("For AUTOMATIC1111's WebUI:")
SETTINGS_IN_FILE = Message(
    "The settings are too long to copy from a message, so here they are as a file."
)

#: Around the queue and what is done.
NOT_QUEUED = Message("You have no queued picture with that ID. `/queue` lists yours.")
NOTHING_QUEUED = Message("You have nothing queued.")
NOTHING_TO_CANCEL = Message("You have nothing to cancel.")
HOW_TO_CANCEL = Message("-# `/cancel` cancels your queued pictures.")
YOURS, THIS_SERVER = Message("**Yours**"), Message("**This server**")
OPEN = Message("open")
REQUEST = Message("-# Request `{id}`")
REQUEST_EXPIRED = Message("That request has expired. Run `/waifu` again.")
NO_RIGHTS = Message(
    "I can't post pictures here: a moderator must give me {names} in this channel first."
)
ASK_A_MODERATOR = Message("-# If you ask a moderator about this, tell them its ID: `{id}`")


def cancelled(count: int) -> str:
    """After a request, or all of a member's, was taken back."""
    if not count:
        return NOTHING_TO_CANCEL()
    return tally("Cancelled {count} picture.", "Cancelled {count} pictures.", count)


def source_gone(draw: Draw) -> Message:
    """Why what was to be made from another picture is not, once that is deleted or held."""
    return ENLARGED_GONE if draw.enlarged else SOURCE_GONE

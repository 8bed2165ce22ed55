"""What a member reads about what is stored of them, on `/privacy`. Pure text."""

from __future__ import annotations

from collections.abc import Mapping

from bot.words.speaking import Message, labelled, number
from bot.words.wording import size

FORGET = Message(
    "**Erase everything?** Your requests, your pictures (here and from my disk), your settings and "
    "your acceptance of the licence go, and your name goes from every vote.\n"
    "Votes stay as numbers without a name, so that no picture loses them: those that you gave to "
    "other members' pictures, and those that others gave to yours. Your reactions stay on Discord "
    "until you take them back, what you decided as a moderator stays decided, and a time-out or "
    "ban stays without your name. Lines that a server's log channel already shows stay on "
    "Discord.\n"
    "There is no way back."
)
FORGOTTEN = Message(
    "Done. Everything I stored about you is erased. Your pictures leave Discord over the next "
    "minutes."
)
STILL_PACKING = Message("I am still packing your data from the last time you asked. It comes soon.")
EVERYTHING = Message("Everything I store about you.")
_LEFT_OUT = Message(
    "Discord lets me send {limit} here. Older pictures that didn't fit: {count}. `everything.json` "
    "names each of them, and `/show` brings it."
)
MAY_SHARE = Message("Thank you: your prompts may help to improve the model.")
SHARES_NOTHING = Message("Your prompts stay out of the training data.")
NOT_FOR_YOU = Message("That button isn't for you.")
_HEAD = Message("**What I store about you**, in all servers:")
_NOTHING = Message("Nothing.")
_SHARED = Message("Your prompts may be used to improve the model (`/privacy share`).")
_NOT_SHARED = Message("Your prompts may not be used to improve the model (`/privacy share`).")
_MORE = Message("-# `/privacy export` gives you all of it, `/privacy forget` erases it.")
#: Table names as members understand them. What only says how these belong together (which post is
#: owed, which picture is in it) is exported, but is nothing more to count.
_NAMES = {
    "jobs": Message("pictures you asked for"),
    "requests": Message("your requests"),
    "pictures": Message("pictures of yours that I keep"),
    "curations": Message("pictures of yours that my operator marked or described for training"),
    "posts": Message("messages that show your pictures"),
    "votes": Message("your current votes"),
    "vote_events": Message("your reactions and choices, with their times"),
    "choices": Message("your current choices between pictures"),
    "duels": Message("duels with one of your pictures"),
    "parties": Message("rating parties you started"),
    "standing_reactions": Message("reactions of yours that stand under pictures"),
    "acceptances": Message("licences you accepted"),
    "sharing": Message("your choice about sharing prompts"),
    "waiting_asks": Message(
        "requests that wait until you accept the licence or press *Draw anyway*"
    ),
    "drafts": Message("drafts of requests that I didn't take"),
    "presets": Message("your presets"),
    "favourites": Message("pictures you marked as favourites"),
    "showpieces": Message("pictures of yours in gallery channels"),
    "styles": Message("styles you made as a moderator"),
    "sends": Message("messages I sent about your pictures"),
    "send_jobs": Message("your pictures in those messages"),
    "forget_wishes": Message("your request to be forgotten"),
    "turns": Message("notes on when it was last your turn"),
    "audit_log": Message("changes you made as a moderator"),
    "cases": Message("pictures and requests of yours that moderators looked at, or will"),
    "reports": Message("pictures you reported"),
    "strikes": Message("your strikes"),
    "tellings": Message("notices I still have to give you"),
    "lineage": Message("models you promoted or rolled back"),
    "trials": Message("blind tests you started"),
    "trial_ends": Message("blind tests you ended"),
    "trial_pairs": Message("pairs of your requests in blind tests"),
    "exclusions": Message("your time-outs and bans"),
    "decisions": Message("decisions about your requests and pictures"),
}


def stored(counts: Mapping[str, int], *, shares: bool) -> str:
    """A count for each kind of thing, and what they decided."""
    lines = [
        labelled(f"- {_NAMES[table]()}", number(count))
        for table, count in counts.items()
        if table in _NAMES
    ]
    choice = _SHARED if shares else _NOT_SHARED
    return "\n".join([_HEAD(), *(lines or [_NOTHING()]), choice(), _MORE()])


def exported(left_out: int, limit_bytes: int) -> str:
    """Beside the file; how many pictures did not fit in it."""
    if not left_out:
        return EVERYTHING()
    return f"{EVERYTHING()}\n{_LEFT_OUT(limit=size(limit_bytes), count=number(left_out))}"

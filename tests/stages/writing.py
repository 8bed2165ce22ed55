"""Stores a member's words in every possible way."""

from __future__ import annotations

from bot.domain import GuildId, Job
from bot.store.consent import Consent
from bot.store.drafts import Drafts
from bot.store.presets import Presets
from bot.store.styles import Styles
from bot.typed.options import Typed
from bot.typed.presets import Style
from tests.stages.factories import CHANNEL, GUILD, USER, make_ask
from tests.stages.stores import Stores


async def store_words_everywhere(stores: Stores, word: str, picture: Job) -> None:
    """Store `word` in a waiting ask, a draft and a preset; USER owns `picture`."""
    await _like_and_show(stores, picture)
    consent = Consent(stores.db)
    await consent.set_sharing(USER, True, 5)
    await consent.add_waiting_ask(make_ask(f"{word} waiting"), 5)
    await Drafts(stores.db).keep(USER, Typed(prompt=f"{word} refused"), 5)
    assert await Presets(stores.db).save(USER, word, Typed(prompt=word), 5)
    ours = Style(name="ours", words="pastel", negative="")
    assert await Styles(stores.db).put(GuildId(5), ours, USER, 5)


async def _like_and_show(stores: Stores, picture: Job) -> None:
    """USER marks one of their pictures, which is also in the gallery channel."""
    row = {"user": USER, "job": picture.id, "guild": GUILD, "channel": CHANNEL}
    await stores.db.write_one("INSERT INTO favourites VALUES (:user, :job, 1)", row)
    await stores.db.write_one(
        "INSERT INTO showpieces (job_id, guild_id, channel_id, since_id)"
        " VALUES (:job, :guild, :channel, 1)",
        row,
    )

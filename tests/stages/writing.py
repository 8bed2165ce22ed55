"""A member whose words are kept for them in every way there is."""

from __future__ import annotations

from bot.domain import GuildId
from bot.store.consent import Consent
from bot.store.drafts import Drafts
from bot.store.presets import Presets
from bot.store.styles import Styles
from bot.typed.kept import Style
from bot.typed.options import Typed
from tests.stages.factories import USER, make_ask
from tests.stages.stores import Stores


async def live_as_a_writer(stores: Stores, word: str) -> None:
    consent = Consent(stores.db)
    await consent.set_sharing(USER, True, 5)
    await consent.hold(make_ask(f"{word} waiting"), 5)
    await Drafts(stores.db).keep(USER, Typed(prompt=f"{word} refused"), 5)
    assert await Presets(stores.db).save(USER, word, Typed(prompt=word), 5)
    ours = Style(name="ours", words="pastel", negative="")
    assert await Styles(stores.db).put(GuildId(5), ours, USER, 5)

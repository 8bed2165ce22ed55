"""A member whose words are kept for them in every way there is."""

from __future__ import annotations

from bot.store.consent import Consent
from bot.store.drafts import Drafts
from bot.typed.options import Typed
from tests.stages.factories import USER, make_ask
from tests.stages.stores import Stores


async def live_as_a_writer(stores: Stores, word: str) -> None:
    consent = Consent(stores.db)
    await consent.set_sharing(USER, True, 5)
    await consent.hold(make_ask(f"{word} waiting"), 5)
    await Drafts(stores.db).keep(USER, Typed(prompt=f"{word} refused"), 5)
    await stores.db.write_one(
        "INSERT INTO presets (user_id, name, typed, saved_ms) VALUES (:user, :name, '{}', 5)",
        {"user": USER, "name": word},
    )
    await stores.db.write_one(
        "INSERT INTO styles VALUES (5, 'ours', 'pastel', '', :user, 5)", {"user": USER}
    )

"""The sheet in a browser: one view and its pictures, and no change without the token."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from datasette import hookimpl
from datasette.plugins import pm
from PIL import Image

from bot.ballot import Choice, DuelOrigin
from bot.browsing.sheet import SHEET, TOKEN, Sheet, open_sheet
from bot.domain import StorageError
from bot.store.consent import Consent
from bot.store.curation import Curation
from tests.stages.factories import GUILD, OTHER, USER, make_duel, make_reaction
from tests.stages.stores import Stores, open_stores

HOST = "127.0.0.1:4801"
SECRET = "a-token"  # noqa: S105  nobody's


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def browser(
    stores: Stores, tmp_path: Path, token: str | None = None
) -> AsyncGenerator[httpx.AsyncClient]:
    sheet = Sheet(stores.db, stores.gallery, hosts=frozenset({HOST}), token=token)
    async with (
        open_sheet(tmp_path / "bot.sqlite3", sheet) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{HOST}") as client,
    ):
        yield client


async def say(client: httpx.AsyncClient, picture: str, deed: str, **more: str) -> httpx.Response:
    page = (await client.get(SHEET)).text
    found = re.search(r'name="csrftoken" value="([^"]+)"', page)
    form = {"picture": picture, "deed": deed, "csrftoken": found[1] if found else "", **more}
    return await client.post("/-/curate", data=form)


async def test_pictures_are_shown_with_votes_and_facets(stores: Stores, tmp_path: Path) -> None:
    job = await stores.deliver(message=1, prompt="1girl, <b>bold</b>")
    private = await stores.deliver(message=2, prompt="nobody's business", user=OTHER)
    await Consent(stores.db).set_sharing(USER, True, 5)
    await stores.votes.record(make_reaction(1, OTHER))
    async with browser(stores, tmp_path) as client:
        page = (await client.get(SHEET)).text
        small = await client.get(f"/-/thumbnail/{job.id}.webp")
        liked = (await client.get(SHEET, params={"votes": "liked"})).text
        facets = (await client.get(f"{SHEET}.json")).json()["facet_results"]
    assert "1 up, 0 down" in page
    assert "1girl, &lt;b&gt;bold" in page
    assert "nobody" not in page
    assert "prompt not shared" in page
    assert str(USER) not in page
    assert 'name="deed"' not in page, "read-only"
    assert job.id in liked
    assert private.id not in liked
    with Image.open(io.BytesIO(small.content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (8, 8))
    counts = {
        name: {each["value"]: each["count"] for each in facet["results"]}
        for name, facet in facets.items()
    }
    assert counts["votes"] == {"liked": 1, "none": 1}
    assert counts["server"] == {str(GUILD): 2}
    assert counts["model"] == {"tiny-1": 2}
    assert counts["tags"] == {"1girl": 1, "<b>bold</b>": 1}


async def test_a_picture_shows_how_often_it_was_chosen_in_duels(
    stores: Stores, tmp_path: Path
) -> None:
    first = await stores.deliver(message=1)
    second = await stores.deliver(message=2, seed=8)
    await stores.deliver(message=3, seed=9)
    duel = make_duel(first.id, second.id, origin=DuelOrigin.ALONE)
    assert await stores.duels.open(duel)
    await stores.duels.vote(duel.id, OTHER, Choice.LEFT, 6)
    async with browser(stores, tmp_path) as client:
        page = (await client.get(SHEET)).text
        facets = (await client.get(f"{SHEET}.json")).json()["facet_results"]
        passed_over = (await client.get(SHEET, params={"votes": "passed over"})).text
    counts = {each["value"]: each["count"] for each in facets["votes"]["results"]}
    assert counts == {"chosen": 1, "passed over": 1, "none": 1}
    assert second.id in passed_over
    assert first.id not in passed_over
    counted = re.findall(r"0 up, 0 down(?:, (chosen \d of \d times))?", page)
    assert counted == ["", "chosen 0 of 1 times", "chosen 1 of 1 times"], "the newest first"


async def test_nothing_but_the_sheet_can_be_opened(stores: Stores, tmp_path: Path) -> None:
    """Not even with the token. A table that is added later is closed by default."""
    tables = [row["name"] for row in await stores.rows("sqlite_master") if row["type"] == "table"]
    assert len(tables) > 20
    closed = [f"/bot/{table}" for table in tables]
    closed += ["/bot?sql=select+1", "/bot.json?sql=select+*+from+votes", "/bot.db", "/_internal"]
    closed += [f"{SHEET}?_where=1=1", "/-/permissions", "/-/curate"]
    async with browser(stores, tmp_path, SECRET) as client:
        await client.get(TOKEN, params={"token": SECRET})
        for path in closed:
            answer = await client.get(path)
            assert answer.status_code == 403, path
        page = (await client.get("/bot")).text
    assert not any(f"/bot/{table}" in page for table in tables)


class Generous:
    """Another plugin, which allows everything."""

    __name__ = "generous"

    @hookimpl
    def permission_allowed(self, action: str) -> bool:
        return action != "none"


async def test_no_other_plugin_opens_a_closed_page(stores: Stores, tmp_path: Path) -> None:
    generous = Generous()
    pm.register(generous)
    try:
        async with browser(stores, tmp_path) as client:
            for path in ("/bot/votes", "/bot?sql=select+1", "/bot.db"):
                assert (await client.get(path)).status_code == 403, path
    finally:
        pm.unregister(generous)


async def test_a_request_under_another_host_name_is_refused(stores: Stores, tmp_path: Path) -> None:
    """Otherwise a site whose name resolves to this machine could read everything."""
    async with browser(stores, tmp_path) as client:
        for host in ("evil.example", "127.0.0.1", "127.0.0.1:4802", ""):
            assert (await client.get(SHEET, headers={"host": host})).status_code == 421
        answer = await client.get(SHEET)
    assert answer.status_code == 200
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"


async def test_pictures_that_members_cannot_see_have_no_thumbnail(
    stores: Stores, tmp_path: Path
) -> None:
    held, _ = await stores.hold()
    deleted, _ = await stores.draw()
    await stores.gallery.delete(deleted.id, 9)
    lost, picture = await stores.draw()
    stores.gallery.path(picture).unlink()
    async with browser(stores, tmp_path) as client:
        for name in (held.id, deleted.id, lost.id, "0000000000"):
            assert (await client.get(f"/-/thumbnail/{name}.webp")).status_code == 404
        page = (await client.get(SHEET)).text
    assert held.id not in page
    assert deleted.id not in page
    assert lost.id in page


async def test_a_curator_with_the_token_can_approve_and_describe_pictures(
    stores: Stores, tmp_path: Path
) -> None:
    job, _ = await stores.draw()
    async with browser(stores, tmp_path, SECRET) as client:
        assert (await client.get(TOKEN, params={"token": SECRET})).headers["location"] == SHEET
        for deed in ("reject", "approve", "describe"):
            answer = await say(client, job.id, deed, caption=" two  girls ", back=f"{SHEET}?a=b#c")
            assert answer.headers["location"] == f"{SHEET}?a=b#c"
        page = (await client.get(SHEET)).text
    assert f"{job.id}: describe" in page
    (row,) = await stores.rows("curations")
    assert (row["stamp"], row["caption"]) == ("approved", "two girls")
    actions = [entry.action for entry in await stores.guilds.audit_log(GUILD, 9)]
    assert actions == ["curate caption", "curate approve", "curate reject"]


async def test_nothing_changes_without_the_token(stores: Stores, tmp_path: Path) -> None:
    job, _ = await stores.draw()
    async with browser(stores, tmp_path) as client:
        for token in ("", "None", SECRET):
            assert (await client.get(TOKEN, params={"token": token})).status_code == 403
        assert (await say(client, job.id, "approve")).status_code == 403
    async with browser(stores, tmp_path, SECRET) as client:
        assert (await client.get(TOKEN, params={"token": "guessed"})).status_code == 403
        assert (await say(client, job.id, "approve")).status_code == 403
        client.cookies.set("ds_actor", "eyJhIjp7ImlkIjoiY3VyYXRvciJ9fQ.forged")
        assert (await say(client, job.id, "approve")).status_code == 403
    assert await stores.rows("curations") == []


async def test_the_token_works_only_once(stores: Stores, tmp_path: Path) -> None:
    async with browser(stores, tmp_path, SECRET) as client:
        assert (await client.get(TOKEN, params={"token": SECRET})).status_code == 302
        client.cookies.clear()
        assert (await client.get(TOKEN, params={"token": SECRET})).status_code == 403


async def test_another_sites_form_changes_nothing(stores: Stores, tmp_path: Path) -> None:
    job, _ = await stores.draw()
    async with browser(stores, tmp_path, SECRET) as client:
        await client.get(TOKEN, params={"token": SECRET})
        form = {"picture": job.id, "deed": "approve", "csrftoken": "guessed"}
        assert (await client.post("/-/curate", data=form)).status_code == 403
    assert await stores.rows("curations") == []


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", f"{SHEET}.evil", ""])
async def test_a_form_redirects_only_to_the_sheet(
    stores: Stores, tmp_path: Path, back: str
) -> None:
    job, _ = await stores.draw()
    async with browser(stores, tmp_path, SECRET) as client:
        await client.get(TOKEN, params={"token": SECRET})
        assert (await say(client, job.id, "approve", back=back)).headers["location"] == SHEET


async def test_a_failed_change_is_reported(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = await stores.draw()

    async def full(*_: object) -> None:
        raise StorageError("There is no room left on the disk.")

    async with browser(stores, tmp_path, SECRET) as client:
        await client.get(TOKEN, params={"token": SECRET})
        await say(client, "0000000000", "approve")
        assert "not there any more" in (await client.get(SHEET)).text
        await say(client, job.id, "delete")
        assert "nothing that can be said" in (await client.get(SHEET)).text
        monkeypatch.setattr(Curation, "stamp", full)
        await say(client, job.id, "approve")
        assert "no room left" in (await client.get(SHEET)).text
    assert await stores.rows("curations") == []

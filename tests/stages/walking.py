"""The boundary walk.

A whole life of the bot, repeated with a kill at a different boundary each time.

In this life people accept the licence, ask for one picture and for two, vote and pick, look at
settings, show a picture again, have one upscaled, choose a gallery, compare two at a party, delete
a single picture and one of two, and are forgotten; then the bot is stopped and started again. When
the bot dies, people act like people: they retry what got no answer. The boundaries are those of
`tests/stages/boundaries.py`, the faults those of `tests/stages/promises.py`. `tests/test_crash.py`
walks a few, `tests/bench/kills.py` all.
"""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world.interactions import Ticket
from tests.stages.looks import Forgotten
from tests.stages.promises import Faults, Told, broken_now, faults
from tests.stages.seen import GALLERY
from tests.stages.stage import Stage, button, stage

#: Words that only the member uses, and what somebody else asks for.
ONE, TWO, OTHERS = "wordaone", "wordbtwo", "a cat"
#: How often people try before they give up; the bot dies once.
_TRIES = 4
#: After this long without a boundary, the bot has nothing to do.
_QUIET_S = 0.5
#: How many lives run at the same time.
_AT_ONCE = 3
#: Pauses after failures grow to some seconds; faults after this time are permanent.
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """One life of the bot.

    The number and name of the boundary of the kill, all boundaries passed, and the faults.
    """

    kill_at: int
    boundaries: list[str]
    faults: Faults

    @property
    def killed(self) -> str:
        """Where the bot died; a life can be shorter than the one whose boundaries were counted."""
        if not self.kill_at:
            return "no kill"
        if self.kill_at > len(self.boundaries):
            return f"boundary {self.kill_at}, never reached"
        return f"boundary {self.kill_at}, {self.boundaries[self.kill_at - 1]}"


async def walk(sample: int | None, say: Callable[[str], None]) -> list[Lived]:
    """Live without a kill, then once for each boundary of that life, and die there.

    `sample` limits the number of boundaries, evenly spread. `say` receives each life's result.
    """
    # A life is mostly waiting: for a process to start, or to become quiet.
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> Lived:
        async with room:
            lived = await live(number)
        say(f"{lived.killed}: {lived.faults or 'every promise kept'}")
        return lived

    whole = await one(0)
    say(f"{len(whole.boundaries)} boundaries")
    return [whole, *await asyncio.gather(*map(one, spread(len(whole.boundaries), sample)))]


def spread(boundaries: int, sample: int | None) -> list[int]:
    """The numbers of all boundaries, or of `sample` of them at even distances."""
    everyone = list(range(1, boundaries + 1))
    if sample is None or sample >= boundaries:
        return everyone
    return [everyone[(2 * i + 1) * boundaries // (2 * sample)] for i in range(sample)]


async def live(kill_at: int) -> Lived:
    """One life with a death at the boundary of that number (0: none)."""
    with tempfile.TemporaryDirectory(prefix="waifu-life-") as scratch:
        trace = Path(scratch) / "boundaries"
        trace.touch()
        settings = {"BOUNDARIES": str(trace), "KILL_AT": str(kill_at), "LOG_LEVEL": "ERROR"}
        async with stage(
            Path(scratch), settings, start=False, module="tests.stages.boundaries"
        ) as here:
            try:
                broken = await Life(here, trace).lead()
            except (AssertionError, TimeoutError) as fault:
                broken = Faults(broke_off=[repr(fault)])
        return Lived(kill_at=kill_at, boundaries=trace.read_text().splitlines(), faults=broken)


class Life:
    """The people of one life, and what they were promised."""

    def __init__(self, here: Stage, trace: Path) -> None:
        self._here = here
        self._sandbox = here.sandbox
        self._trace = trace
        self._told = Told()
        #: What was broken at the kill, before anything was repaired.
        self._at_the_kill = Faults()
        #: True while only this harness has ended the bot.
        self._stopped = True

    async def lead(self) -> Faults:
        """Live to the end, or to the first promises that stay broken, and return those.

        Each promise is checked while its evidence exists: forgetting destroys the evidence of a
        loss, and closing the database destroys much of what forgetting has left.
        """
        for chapter in (
            self._draw,
            self._compare,
            self._enlarge_and_hang,
            self._pick_and_delete,
            self._vote_show_and_delete,
            self._forget,
            self._stop,
        ):
            await chapter()
            if broken := await self._settled():
                return broken
        return Faults()

    async def _draw(self) -> None:
        """Accept the licence, ask for one picture and for two, and for another member's."""
        await self._ask("member", ONE)
        await self._ask("moderator", OTHERS)
        await self._ask("member", TWO, 2)

    async def _compare(self) -> None:
        """Hold a rating party over two pictures of one prompt, choose one, and stop it."""
        click, where = self._sandbox.click, self._here.where
        for _ in range(_TRIES):
            # The bot may die after deferring its answer and before it stores the party.
            if self._here.rows("SELECT 1 FROM parties"):
                break
            party = partial(self._sandbox.slash, "member", where, "duel party", {"minutes": 1})
            await self._act(party)
            await self._quiet()
        asking = await self._asking()
        left, stop = button(asking, "left"), button(asking, "stopparty")
        if await self._act(lambda: click("owner", asking["id"], left)):
            self._told.chosen.add((self._sandbox.persona("owner"), "duel"))
        await self._act(lambda: click("member", asking["id"], stop))

    async def _enlarge_and_hang(self) -> None:
        """Choose a gallery as a moderator; like two pictures, and upscale one of them."""
        gallery = self._sandbox.channel(GALLERY)
        for _ in range(_TRIES):
            if self._here.rows(f"SELECT 1 FROM policies WHERE gallery_channel_id = {gallery}"):  # noqa: S608
                break
            await self._choose_gallery(str(gallery))
        alone = [m for m in self._here.posted() if ONE in m["content"] or OTHERS in m["content"]]
        for message in alone:
            self._sandbox.react("owner", message["id"], "👍")
        first = next(m for m in alone if ONE in m["content"])
        press = button(first, "upscale")
        await self._act(lambda: self._sandbox.click("member", first["id"], press))

    async def _choose_gallery(self, channel: str) -> None:
        click, where = self._sandbox.click, self._here.where
        panel = await self._act(lambda: self._sandbox.slash("owner", where, "policy panel"))
        if not panel:
            return
        for press, value in (("open", "gallery"), ("gallery", channel), ("votes", "1")):
            version = len(self._here.rows("SELECT 1 FROM policies"))
            id_ = f"wp:{press}:{version}"
            await self._act(partial(click, "owner", panel["id"], id_, [value]))

    async def _asking(self) -> Payload:
        """The message of the party's first pair, once the bot knows it as well."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                await self._alive()
                for message in self._sandbox.messages(self._here.where):
                    known = f"SELECT 1 FROM duels WHERE message_id = {message['id']}"  # noqa: S608
                    if button(message, "left", missing="") and self._here.rows(known):
                        return message
                await asyncio.sleep(0.05)

    async def _pick_and_delete(self) -> None:
        """Pick the second of two pictures; then their member deletes the first."""
        click = self._sandbox.click
        grid = next(m for m in self._here.posted() if TWO in m["content"])
        second, menu = button(grid, "pick2"), button(grid, "which")
        if await self._act(lambda: click("owner", grid["id"], second)):
            self._told.chosen.add((self._sandbox.persona("owner"), "pick"))
        panel = await self._act(lambda: click("member", grid["id"], menu, ["1"]))
        assert panel, "nobody answered the menu"
        await self._delete(panel)

    async def _vote_show_and_delete(self) -> None:
        """Two people vote; then settings and `/show` of a picture, which its owner deletes."""
        click, where = self._sandbox.click, self._here.where
        for message in self._here.posted():
            self._sandbox.react("owner", message["id"], "👍")
            self._sandbox.react("newcomer", message["id"], "👎")
        post = next(m for m in self._here.posted() if ONE in m["content"])
        job = post["attachments"][0]["filename"].partition(".")[0]
        await self._act(lambda: click("owner", post["id"], button(post, "settings")))
        await self._act(lambda: self._sandbox.slash("moderator", where, "show", {"id": job}))
        await self._delete(post)

    async def _delete(self, under: Payload) -> None:
        """Delete a picture by its button, with confirmation."""
        click, delete = self._sandbox.click, button(under, "delete")
        asked = await self._act(lambda: click("member", under["id"], delete))
        if asked:
            yes = button(asked, "deleteyes")
            await self._act(lambda: click("member", asked["id"], yes))

    async def _forget(self) -> None:
        """Forget the member; from the press on they are promised that, and nothing else."""
        member = self._sandbox.persona("member")
        theirs = self._here.rows(f"SELECT id FROM jobs WHERE user_id = {member}")  # noqa: S608
        question = await self._act(
            lambda: self._sandbox.slash("member", self._here.where, "privacy forget")
        )
        assert question, "nobody answered /privacy forget"
        yes = button(question, "forget")
        await self._act(lambda: self._sandbox.click("member", question["id"], yes))
        gone = Forgotten(
            user_id=member, words=(ONE, TWO), job_ids=frozenset(job for (job,) in theirs)
        )
        self._told = Told(promised={OTHERS: 1}, forgotten=[gone])

    async def _stop(self) -> None:
        """Send SIGTERM; then restart."""
        self._stopped = True
        await self._here.bot.stop()

    async def _ask(self, who: str, prompt: str, count: int = 1) -> None:
        """Ask, accepting the licence if it is shown, until the request is queued."""
        options = {"prompt": prompt, "count": count}
        for _ in range(_TRIES):
            told = await self._act(
                lambda: self._sandbox.slash(who, self._here.where, "waifu", options)
            )
            if told and (accept := button(told, "accept", missing="")):
                # The answer to this press ends the terms; by then the request is queued.
                told = await self._act(partial(self._sandbox.click, who, told["id"], accept))
                queued = told is not None and not button(told, "accept", missing="")
            else:
                queued = told is not None and bool(button(told, "cancel", missing=""))
            if queued:
                self._told.promised[prompt] = count
                return
        raise AssertionError(f"nobody took the request for {prompt}")

    async def _act(self, deed: Callable[[], Ticket]) -> Payload | None:
        """Act as a person, again if the bot dies before it answers.

        None if the control is gone: the bot acted and could not say so.
        """
        for _ in range(_TRIES):
            await self._alive()
            try:
                ticket = deed()
            except NotPossible:
                return None
            answer = asyncio.ensure_future(ticket.answer())
            death = asyncio.ensure_future(self._here.bot.wait())
            await asyncio.wait({answer, death}, return_when=asyncio.FIRST_COMPLETED)
            death.cancel()
            if answer.done() and answer.exception() is None:
                return answer.result().message or {}
            answer.cancel()
        return None

    async def _settled(self) -> Faults:
        """Wait until the bot is up, quiet, and keeps every promise; return those that it breaks."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _PATIENCE_S
        while True:
            await self._quiet()
            broken = self._faults()
            if not broken or loop.time() > until_s:
                return self._at_the_kill or broken

    async def _quiet(self) -> None:
        """Wait until the bot is up and has passed no boundary for a while."""
        loop = asyncio.get_running_loop()
        passed, since_s = -1, loop.time()
        async with asyncio.timeout(_PATIENCE_S):
            while loop.time() < since_s + _QUIET_S:
                await self._alive()
                if (now := self._trace.stat().st_size) != passed:
                    passed, since_s = now, loop.time()
                await asyncio.sleep(0.05)

    def _faults(self) -> Faults:
        with self._here.looking():
            return faults(self._here, self._told)

    async def _alive(self) -> None:
        """Ensure that the bot is up; a SIGKILL is the only end that it may have met."""
        bot = self._here.bot
        async with asyncio.timeout(_PATIENCE_S):
            while not (bot.running and await self._here.is_up()):
                if not bot.running:
                    if not self._stopped:
                        code = await bot.wait()
                        assert code == -signal.SIGKILL, f"it ended itself with code {code}"
                    self._stopped = False
                    self._look_at_the_dead()
                    await bot.start()
                await asyncio.sleep(0.02)

    def _look_at_the_dead(self) -> None:
        """Check what must hold at any moment; before the first answer there are no tables."""
        if self._told.promised:
            with self._here.looking():
                self._at_the_kill = self._at_the_kill or broken_now(self._here, self._told)

"""The boundary walk: a whole life of the bot, repeated with a kill at another boundary each time.

In this life people accept the licence, ask for one picture and for two, vote and pick, look at
settings, show a picture again, upscale one, choose a gallery, compare two at a party, delete a
single picture and one of two, and are forgotten; then the bot stops and starts again. When the bot
dies, people retry whatever got no answer. The boundaries are those of `tests/stages/boundaries.py`,
the faults those of `tests/stages/promises.py`. `tests/test_crash.py` kills at a few boundaries,
`tests/bench/kills.py` at all.
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
from tests.stages.promises import Expected, Faults, broken_now, faults
from tests.stages.seen import GALLERY
from tests.stages.stage import Stage, button, stage

#: Two words that only the member uses, and somebody else's prompt.
ONE, TWO, OTHERS = "wordaone", "wordbtwo", "a cat"
#: How often people try before they give up; the bot dies only once.
_TRIES = 4
#: After this time without a boundary the bot counts as idle.
_QUIET_S = 0.5
#: How many lives run at the same time.
_AT_ONCE = 3
#: Pauses after failures grow to some seconds; faults that last longer than this are permanent.
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeOutcome:
    """The result of one life: the boundary of the kill, all recorded boundaries, and the faults."""

    kill_at: int
    boundaries: list[str]
    faults: Faults

    @property
    def kill_site(self) -> str:
        """Where the bot died. A life can be shorter than the one whose boundaries were counted."""
        if not self.kill_at:
            return "no kill"
        if self.kill_at > len(self.boundaries):
            return f"boundary {self.kill_at}, never reached"
        return f"boundary {self.kill_at}, {self.boundaries[self.kill_at - 1]}"


async def walk_boundaries(sample: int | None, say: Callable[[str], None]) -> list[LifeOutcome]:
    """Live once without a kill, then once for each boundary of that life, with a kill there.

    `sample` limits the number of boundaries, evenly spread. `say` receives each life's result.
    """
    # A life mostly waits until a process has started or is idle.
    slots = asyncio.Semaphore(_AT_ONCE)

    async def live_and_report(number: int) -> LifeOutcome:
        async with slots:
            lived = await live_once(number)
        say(f"{lived.kill_site}: {lived.faults or 'every promise kept'}")
        return lived

    whole = await live_and_report(0)
    say(f"{len(whole.boundaries)} boundaries")
    return [
        whole,
        *await asyncio.gather(*map(live_and_report, spread(len(whole.boundaries), sample))),
    ]


def spread(boundaries: int, sample: int | None) -> list[int]:
    """The numbers of all boundaries, or of `sample` of them at even distances."""
    numbers = list(range(1, boundaries + 1))
    if sample is None or sample >= boundaries:
        return numbers
    return [numbers[(2 * i + 1) * boundaries // (2 * sample)] for i in range(sample)]


async def live_once(kill_at: int) -> LifeOutcome:
    """Live one life with a kill at the boundary of this number (0: none)."""
    with tempfile.TemporaryDirectory(prefix="waifu-life-") as scratch:
        trace = Path(scratch) / "boundaries"
        trace.touch()
        settings = {"BOUNDARIES": str(trace), "KILL_AT": str(kill_at), "LOG_LEVEL": "ERROR"}
        async with stage(
            Path(scratch), settings, start=False, module="tests.stages.boundaries"
        ) as here:
            try:
                broken = await Life(here, trace).live()
            except (AssertionError, TimeoutError) as fault:
                broken = Faults(broke_off=[repr(fault)])
        return LifeOutcome(
            kill_at=kill_at, boundaries=trace.read_text().splitlines(), faults=broken
        )


class Life:
    """The people of one life, and what they expect."""

    def __init__(self, here: Stage, trace: Path) -> None:
        self._here = here
        self._sandbox = here.sandbox
        self._trace = trace
        self._expected = Expected()
        #: The faults at the kill, before the bot repaired anything.
        self._broken_at_kill = Faults()
        #: Whether this harness has stopped the bot, and no kill has.
        self._stopped = True

    async def live(self) -> Faults:
        """Live to the end, or to the first promises that stay broken; return those.

        Each chapter ends with a check, while the evidence exists: forgetting destroys the evidence
        of a loss, and closing the database destroys much of what forgetting has left.
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
            if broken := await self._wait_until_settled():
                return broken
        return Faults()

    async def _draw(self) -> None:
        """Accept the licence; ask for one picture and for two; another member asks for one."""
        await self._ask("member", ONE)
        await self._ask("moderator", OTHERS)
        await self._ask("member", TWO, 2)

    async def _compare(self) -> None:
        """Hold a rating party over two pictures of one prompt, choose one, and stop the party."""
        click, where = self._sandbox.click, self._here.channel_name
        for _ in range(_TRIES):
            # The bot may die after deferring its answer and before it stores the party.
            if self._here.rows("SELECT 1 FROM parties"):
                break
            party = partial(self._sandbox.slash, "member", where, "duel party", {"minutes": 1})
            await self._act(party)
            await self._wait_until_quiet()
        question = await self._wait_for_duel()
        left, stop = button(question, "left"), button(question, "stopparty")
        if await self._act(lambda: click("owner", question["id"], left)):
            self._expected.chosen.add((self._sandbox.persona("owner"), "duel"))
        await self._act(lambda: click("member", question["id"], stop))

    async def _enlarge_and_hang(self) -> None:
        """Choose a gallery as a moderator, like two pictures, and upscale one of them."""
        gallery = self._sandbox.channel(GALLERY)
        for _ in range(_TRIES):
            if self._here.rows(f"SELECT 1 FROM policies WHERE gallery_channel_id = {gallery}"):  # noqa: S608
                break
            await self._choose_gallery(str(gallery))
        alone = [
            m for m in self._here.picture_posts() if ONE in m["content"] or OTHERS in m["content"]
        ]
        for message in alone:
            self._sandbox.react("owner", message["id"], "👍")
        first = next(m for m in alone if ONE in m["content"])
        press = button(first, "upscale")
        await self._act(lambda: self._sandbox.click("member", first["id"], press))

    async def _choose_gallery(self, channel: str) -> None:
        click, where = self._sandbox.click, self._here.channel_name
        panel = await self._act(lambda: self._sandbox.slash("owner", where, "policy panel"))
        if not panel:
            return
        for press, value in (("open", "gallery"), ("gallery", channel), ("votes", "1")):
            version = len(self._here.rows("SELECT 1 FROM policies"))
            id_ = f"wp:{press}:{version}"
            await self._act(partial(click, "owner", panel["id"], id_, [value]))

    async def _wait_for_duel(self) -> Payload:
        """Wait for the message of the party's first pair, until the bot has recorded it."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                await self._ensure_up()
                for message in self._sandbox.messages(self._here.channel_name):
                    known = f"SELECT 1 FROM duels WHERE message_id = {message['id']}"  # noqa: S608
                    if button(message, "left", missing="") and self._here.rows(known):
                        return message
                await asyncio.sleep(0.05)

    async def _pick_and_delete(self) -> None:
        """Pick the second of two pictures; then their member deletes the first."""
        click = self._sandbox.click
        grid = next(m for m in self._here.picture_posts() if TWO in m["content"])
        second, menu = button(grid, "pick2"), button(grid, "which")
        if await self._act(lambda: click("owner", grid["id"], second)):
            self._expected.chosen.add((self._sandbox.persona("owner"), "pick"))
        panel = await self._act(lambda: click("member", grid["id"], menu, ["1"]))
        assert panel, "nobody answered the menu"
        await self._delete(panel)

    async def _vote_show_and_delete(self) -> None:
        """Two people vote; somebody reads settings and shows a picture, which its owner deletes."""
        click, where = self._sandbox.click, self._here.channel_name
        for message in self._here.picture_posts():
            self._sandbox.react("owner", message["id"], "👍")
            self._sandbox.react("newcomer", message["id"], "👎")
        post = next(m for m in self._here.picture_posts() if ONE in m["content"])
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
        """Forget the member, who may from then on expect only that."""
        member = self._sandbox.persona("member")
        theirs = self._here.rows(f"SELECT id FROM jobs WHERE user_id = {member}")  # noqa: S608
        question = await self._act(
            lambda: self._sandbox.slash("member", self._here.channel_name, "privacy forget")
        )
        assert question, "nobody answered /privacy forget"
        yes = button(question, "forget")
        await self._act(lambda: self._sandbox.click("member", question["id"], yes))
        gone = Forgotten(
            user_id=member, words=(ONE, TWO), job_ids=frozenset(job for (job,) in theirs)
        )
        self._expected = Expected(promised={OTHERS: 1}, forgotten=[gone])

    async def _stop(self) -> None:
        """Send SIGTERM; then restart."""
        self._stopped = True
        await self._here.bot.stop()

    async def _ask(self, who: str, prompt: str, count: int = 1) -> None:
        """Ask, accepting the licence if it is shown, until the request is queued."""
        options = {"prompt": prompt, "count": count}
        for _ in range(_TRIES):
            answer = await self._act(
                lambda: self._sandbox.slash(who, self._here.channel_name, "waifu", options)
            )
            if answer and (accept := button(answer, "accept", missing="")):
                # The bot queues the request before its answer replaces the terms.
                answer = await self._act(partial(self._sandbox.click, who, answer["id"], accept))
                queued = answer is not None and not button(answer, "accept", missing="")
            else:
                queued = answer is not None and bool(button(answer, "cancel", missing=""))
            if queued:
                self._expected.promised[prompt] = count
                return
        raise AssertionError(f"nobody took the request for {prompt}")

    async def _act(self, action: Callable[[], Ticket]) -> Payload | None:
        """Act as a person; repeat it if the bot dies before it answers.

        None if the control is gone: the bot has acted and could not answer.
        """
        for _ in range(_TRIES):
            await self._ensure_up()
            try:
                ticket = action()
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

    async def _wait_until_settled(self) -> Faults:
        """Wait until the bot is idle and keeps every promise; return those that it breaks."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _PATIENCE_S
        while True:
            await self._wait_until_quiet()
            broken = self._faults()
            if not broken or loop.time() > until_s:
                return self._broken_at_kill or broken

    async def _wait_until_quiet(self) -> None:
        """Wait until the bot is up and has passed no boundary for a while."""
        loop = asyncio.get_running_loop()
        passed, since_s = -1, loop.time()
        async with asyncio.timeout(_PATIENCE_S):
            while loop.time() < since_s + _QUIET_S:
                await self._ensure_up()
                if (now := self._trace.stat().st_size) != passed:
                    passed, since_s = now, loop.time()
                await asyncio.sleep(0.05)

    def _faults(self) -> Faults:
        with self._here.sharing_connection():
            return faults(self._here, self._expected)

    async def _ensure_up(self) -> None:
        """Ensure that the bot is up. It may have ended by SIGKILL, or because we stopped it."""
        bot = self._here.bot
        async with asyncio.timeout(_PATIENCE_S):
            while not (bot.running and await self._here.is_up()):
                if not bot.running:
                    if not self._stopped:
                        code = await bot.wait()
                        assert code == -signal.SIGKILL, f"it ended itself with code {code}"
                    self._stopped = False
                    self._check_dead_bot()
                    await bot.start()
                await asyncio.sleep(0.02)

    def _check_dead_bot(self) -> None:
        """Check what must hold at any moment. Before the first answer there may be no tables."""
        if self._expected.promised:
            with self._here.sharing_connection():
                self._broken_at_kill = self._broken_at_kill or broken_now(
                    self._here, self._expected
                )

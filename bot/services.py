"""What cogs may use: stores, policy, signals and clocks, in one frozen value.

Built by the composition root (`bot/serving.py`) and handed on by the client. Must not know Discord.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from bot.domain import Place, RoleId, UserId
from bot.drawing.outlook import Outlook
from bot.drawing.progress import ProgressBoard
from bot.drawing.signals import Signals
from bot.glossaries import Glossaries, Tails
from bot.learning.desk import LearningDesk
from bot.policy.layers import EffectivePolicy, effective, is_compiled, rules_of_licence
from bot.policy.rulebook import Rulebook
from bot.settings import Settings
from bot.store.caps import Caps
from bot.store.case_posts import CasePosts
from bot.store.consent import Consent
from bot.store.db import Database
from bot.store.decisions import Decisions
from bot.store.doomed import Doomed
from bot.store.doors import QueueDoor
from bot.store.drafts import Drafts
from bot.store.duels import Duels
from bot.store.favourites import Favourites
from bot.store.gallery import Gallery
from bot.store.grids import Grids
from bot.store.guilds import Guilds
from bot.store.members import Members
from bot.store.outbox import Outbox
from bot.store.parties import Parties
from bot.store.presets import Presets
from bot.store.privacy import Privacy
from bot.store.reviews import Reviews
from bot.store.sends import Sends
from bot.store.showpieces import Showpieces
from bot.store.styles import Styles
from bot.store.tellings import Tellings
from bot.store.trust import Trust
from bot.store.views import JobViews
from bot.store.votes import Votes
from models.contract import ModelInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a cog may use. Built once by the composition root; outlives reconnects."""

    settings: Settings
    queue: QueueDoor
    views: JobViews
    outbox: Outbox
    gallery: Gallery
    grids: Grids
    sends: Sends
    doomed: Doomed
    votes: Votes
    duels: Duels
    parties: Parties
    trust: Trust
    guilds: Guilds
    reviews: Reviews
    case_posts: CasePosts
    members: Members
    tellings: Tellings
    decisions: Decisions
    rulebook: Rulebook
    consent: Consent
    drafts: Drafts
    presets: Presets
    styles: Styles
    favourites: Favourites
    showpieces: Showpieces
    privacy: Privacy
    signals: Signals
    progress: ProgressBoard
    outlook: Outlook
    caps: Caps
    learning: LearningDesk
    glossaries: Glossaries
    tails: Tails
    #: The model that serves requests; read it each time, because a promotion can change it.
    model: Callable[[], ModelInfo]
    clock: Callable[[], int]
    #: Monotonic seconds, for pauses: nobody can set this clock.
    elapsed_s: Callable[[], float]

    @classmethod
    def over(
        cls,
        db: Database,
        *,
        settings: Settings,
        queue: QueueDoor,
        rulebook: Rulebook,
        signals: Signals,
        caps: Caps,
        learning: LearningDesk,
        glossaries: Glossaries,
        model: Callable[[], ModelInfo],
        clock: Callable[[], int],
        elapsed_s: Callable[[], float],
    ) -> Self:
        """Build the services with every store on this database; `close` ends them."""
        gallery = Gallery(db, settings.pictures_dir)
        views, progress = JobViews(db), ProgressBoard()
        return cls(
            settings=settings,
            queue=queue,
            views=views,
            outbox=Outbox(db),
            gallery=gallery,
            grids=Grids(db),
            sends=Sends(db),
            doomed=Doomed(db),
            votes=Votes(db),
            duels=Duels(db),
            parties=Parties(db),
            trust=Trust(db),
            guilds=Guilds(db),
            reviews=Reviews(db, gallery),
            case_posts=CasePosts(db),
            members=Members(db, gallery),
            tellings=Tellings(db),
            decisions=Decisions(db),
            rulebook=rulebook,
            consent=Consent(db),
            drafts=Drafts(db),
            presets=Presets(db),
            styles=Styles(db),
            favourites=Favourites(db),
            showpieces=Showpieces(db),
            privacy=Privacy(db, gallery),
            signals=signals,
            progress=progress,
            outlook=Outlook(views, progress, clock=clock, elapsed_s=elapsed_s),
            caps=caps,
            learning=learning,
            glossaries=glossaries,
            tails=Tails(),
            model=model,
            clock=clock,
            elapsed_s=elapsed_s,
        )

    async def close(self) -> None:
        """Flush the stores that write in batches."""
        await self.decisions.close()
        await self.votes.close()
        await self.views.close()

    def forget_in_memory(self, user_id: UserId) -> None:
        """Drop what only memory holds of a member.

        Call it again once their rows are erased: what is read until then can bring them back.
        """
        self.tails.forget(user_id)
        self.progress.forget(user_id)
        self.outlook.forget()

    async def policy_at(
        self,
        place: Place,
        roles: frozenset[RoleId] = frozenset(),
        *,
        model: ModelInfo | None = None,
    ) -> EffectivePolicy:
        """The policy for a member with these roles in a place, for this model or the served one."""
        guild = await self.guilds.policy(place.guild_id)
        licence = rules_of_licence(self.rulebook, model or self.model())
        if not is_compiled(self.rulebook, guild):
            # After a start or a change it is read anew, off the event loop.
            await asyncio.to_thread(effective, self.rulebook, guild, place, roles, licence)
        return effective(self.rulebook, guild, place, roles, licence)

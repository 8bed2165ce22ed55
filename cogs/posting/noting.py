"""The line under a picture about words that its model does not know. Not a cog.

Asked by whatever shows a member's words beside a picture, or on their way to one.
"""

from __future__ import annotations

from bot.domain import Job
from bot.services import Services
from bot.words import knowing
from models.catalogue.tags.grasping import grasp


async def note(services: Services, job: Job) -> str:
    """What is to be told of the job's words; "" if all of them are known.

    Of a job that was asked of another model than the one in use, nothing is told.
    """
    info = services.model()
    if job.draw.model not in {None, info.card_id}:
        return ""
    glossary = await services.glossaries.of(info)
    return knowing.note(grasp(job.draw.prompt, glossary), glossary.book.draws)

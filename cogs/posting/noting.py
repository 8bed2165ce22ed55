"""The line under a picture about words that its model does not know. Not a cog.

Called wherever a member's words are shown with a picture, or before one.
"""

from __future__ import annotations

from bot.domain import Job
from bot.services import Services
from bot.words import knowing
from models.catalogue.tags.analysing import analyse


async def unknown_words_note(services: Services, job: Job) -> str:
    """The note on the job's unknown words; "" if all are known.

    Nothing is said about a job of another model than the one in use.
    """
    info = services.model()
    if job.draw.model not in {None, info.card_id}:
        return ""
    glossary = await services.glossaries.of(info)
    return knowing.note(analyse(job.draw.prompt, glossary), glossary.book.draws)

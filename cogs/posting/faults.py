"""Classifies Discord's errors for tasks that can be retried.

Called by background tasks that post, edit and react. Knows status codes and nothing about the task.
"""

from __future__ import annotations

import aiohttp
import discord

#: Every exception that a request to Discord can raise without a bug of ours.
DISCORD_ERRORS = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)

#: Unknown channel, server or message; any other 404 may come from a broken proxy.
_UNKNOWN = frozenset({10003, 10004, 10008})
_TOO_LARGE = 40005
_TOO_MANY_EDITS_OF_OLD = 30046
_THREAD_ARCHIVED = 50083


def is_transient(problem: BaseException) -> bool:
    """Whether a retry may succeed: server errors, lost connections, rate limits.

    A 403 or 404 without one of Discord's own codes comes from something in between.
    """
    if not isinstance(problem, discord.HTTPException):
        return True
    if problem.status in {401, 408, 429} or problem.status >= 500:
        return True
    return problem.status in {403, 404} and problem.code == 0


def is_gone(problem: BaseException) -> bool:
    """Whether the channel, the server or the message no longer exists."""
    return isinstance(problem, discord.NotFound) and problem.code in _UNKNOWN


def is_forbidden(problem: BaseException) -> bool:
    """Whether the bot lacks a permission."""
    return isinstance(problem, discord.Forbidden) and problem.code != 0


def is_archived(problem: BaseException) -> bool:
    """Whether the thread is archived: nothing in it changes until it is reopened."""
    return isinstance(problem, discord.HTTPException) and problem.code == _THREAD_ARCHIVED


def is_too_large(problem: BaseException) -> bool:
    """Whether the upload was larger than this server accepts."""
    return isinstance(problem, discord.HTTPException) and (
        problem.status == 413 or problem.code == _TOO_LARGE
    )


def is_edit_limit(problem: BaseException) -> bool:
    """Whether a message older than an hour was edited too often."""
    return isinstance(problem, discord.HTTPException) and problem.code == _TOO_MANY_EDITS_OF_OLD

"""What members read of words that the model does not know, and of what it knows instead.

Called by the cogs. Pure text, in Discord's markdown; every word of a member's is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.words.speaking import Message, and_more, enumerated, say
from bot.words.wording import fit, plain
from models.catalogue.tags.analysing import PromptAnalysis

#: How many words are named, and how much of each.
_NAMED, _WORD_CHARS = 5, 40
FORGOTTEN = Message(
    "I only have the end of your prompt, because I was restarted while you typed it. Press *Edit* "
    "and add its beginning, or give me the whole prompt again."
)
FORGOTTEN_NEGATIVE = Message(
    "I only have the end of your negative prompt, because I was restarted while you typed it. "
    "Press *Edit* and add its beginning, or give me the whole of it again."
)
#: What the model in the folder draws, by its own words.
EMBEDDED_DRAWS = Message("heads and shoulders of one person")
HERE_WE_GO, NOT_TAKEN = Message("Here we go."), Message("I can't draw it after all:")
NOT_YOUR_TYPO = Message("Only the person who requested this can do that.")
TOO_LATE = Message(
    "There's nothing left to correct: that request is already drawn, cancelled or corrected."
)
INSTEAD = Message(
    "I'm drawing what you meant. What wasn't drawn yet of the request with the typo is cancelled."
)


def note(analysis: PromptAnalysis, draws: str | None) -> str:
    """A small line for under a picture and under the first answer; "" if all is known."""
    return "\n".join(f"-# {line}" for line in _unknown_and_meant(analysis, draws))


def doubt(analysis: PromptAnalysis, draws: str | None, known: Sequence[str]) -> str:
    """The answer to a prompt of which nothing is known, before it is drawn."""
    lines = [
        *_unknown_and_meant(analysis, draws),
        say("I can draw it anyway, but I have to make it all up."),
    ]
    if known:
        words = _listed(known, _NAMED * 2)
        lines.append(
            say("Words that I know well: {words}. `/tags` shows all of them.", words=words)
        )
    return fit("\n".join(lines))


def filled(completion: str | None) -> str:
    """What *Settings* says was filled in; "" if nothing was."""
    if not completion:
        return ""
    return say(
        "I filled in what you left open: {tags} (`complete: off` leaves it open)",
        tags=plain(completion),
    )


def _unknown_and_meant(analysis: PromptAnalysis, draws: str | None) -> list[str]:
    """A line on the unknown words, and one for each correction; no word is named twice."""
    slipped = {word for written in analysis.corrections for word in written.split()}
    unknown = [word for word in analysis.unknown if word not in slipped]
    told = [_unknown_words(unknown, draws)] if unknown else []
    return told + _did_you_mean(analysis.corrections)


def _did_you_mean(near: Mapping[str, str]) -> list[str]:
    return [
        say(
            "*{word}*: did you mean *{tag}*?",
            word=plain(written, _WORD_CHARS),
            tag=plain(tag, _WORD_CHARS),
        )
        for written, tag in near.items()
    ]


def _unknown_words(unknown: Iterable[str], draws: str | None) -> str:
    if draws:
        return say(
            "I don't know {words}: this model draws {subject}.",
            words=_listed(unknown),
            subject=plain(say(draws)),
        )
    return say("I don't know {words}.", words=_listed(unknown))


def _listed(words: Iterable[str], most: int = _NAMED) -> str:
    """*sushi*, *city* and 3 more."""
    words = list(words)
    named = enumerated(f"*{plain(word, _WORD_CHARS)}*" for word in words[:most])
    return and_more(named, max(0, len(words) - most))

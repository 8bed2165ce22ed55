"""The form for changing a request, and the reader of its fields. Not a cog.

*Edit* under a picture, a refusal and a doubt open it; `editing.py` handles it. Its fields hold
everything, so it can be open twice, and submitted long after its button is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.client import Interaction
from bot.typed.options import Typed
from bot.typed.values import Unreadable, parse_seed
from bot.typed.writing import flags_text
from bot.words import asking
from cogs.components import Action
from cogs.forms import FIELD_CHARS_MAX, choice_field, form, words_field
from models.contract import Aspect

#: A form's target says only whether it is private; its fields hold the rest.
_PUBLIC, _PRIVATE = "public", "private"
_PROMPT, _NEGATIVE, _ASPECT, _SEED, _MORE = "prompt", "negative", "aspect", "seed", "more"
_SEED_CHARS = 20
#: Longer text gets a field of several lines.
_LINE_CHARS = 100
_ANY_ASPECT = "any"


async def show_editor(interaction: Interaction, typed: Typed) -> None:
    """Open the form with these values filled in."""
    values = field_values(typed)
    prompt_fits = values[_PROMPT] == typed.prompt
    negative_fits = values[_NEGATIVE] == (typed.negative or "")
    more_fits = len(values[_MORE]) <= FIELD_CHARS_MAX
    await interaction.response.send_modal(
        form(
            Action.EDIT,
            _PRIVATE if typed.private else _PUBLIC,
            asking.EDIT_TITLE(),
            words_field(
                _PROMPT,
                asking.PROMPT() if prompt_fits else asking.PROMPT_GOES_ON(),
                chars_max=FIELD_CHARS_MAX,
                needed=True,
                words=values[_PROMPT],
            ),
            words_field(
                _NEGATIVE,
                asking.NEGATIVE() if negative_fits else asking.NEGATIVE_GOES_ON(),
                chars_max=FIELD_CHARS_MAX,
                needed=False,
                words=values[_NEGATIVE],
            ),
            choice_field(_ASPECT, asking.ASPECT(), _aspects(), chosen=values[_ASPECT]),
            words_field(
                _SEED,
                asking.SEED(),
                chars_max=_SEED_CHARS,
                needed=False,
                words=values[_SEED],
                long=False,
            ),
            words_field(
                _MORE,
                asking.MORE() if more_fits else asking.MORE_CUT(),
                chars_max=FIELD_CHARS_MAX,
                needed=False,
                words=values[_MORE][:FIELD_CHARS_MAX],
                long=len(values[_MORE]) > _LINE_CHARS,
                hint=None if typed.source is None else asking.MORE_VARIED(),
            ),
        )
    )


def field_values(typed: Typed) -> dict[str, str]:
    """The value of each field; `read_fields` reads the same request from them.

    What is too long for its own field goes on in *More*, whose value may be too long for a form.
    """
    prompt, more_words = _split(typed.prompt)
    negative, more_unwanted = _split(typed.negative or "")
    unwanted = ", ".join(filter(None, (more_unwanted, typed.without)))
    flags = flags_text(replace(typed, without=" ".join(unwanted.split())))
    return {
        _PROMPT: prompt,
        # The comma between it and its rest comes back with `--no`.
        _NEGATIVE: negative.removesuffix(",") if more_unwanted else negative,
        _ASPECT: typed.aspect or _ANY_ASPECT,
        _SEED: "" if typed.seed is None else str(typed.seed),
        _MORE: f"{more_words} {flags}".strip(),
    }


def _split(text: str) -> tuple[str, str]:
    """What fits into a field, up to the end of a tag or else of a word, and the rest."""
    if len(text) <= FIELD_CHARS_MAX:
        return text, ""
    # The beginning and the rest meet again at a line break, which counts as a space.
    end = text.rfind(", ", 0, FIELD_CHARS_MAX) + 1 or text.rfind(" ", 0, FIELD_CHARS_MAX)
    end = end if end > 0 else FIELD_CHARS_MAX
    return text[:end], text[end:].strip()


def _aspects() -> dict[str, str]:
    return {_ANY_ASPECT: asking.AS_SAID()} | {a.value: asking.ASPECTS[a]() for a in Aspect}


def read_fields(target: str, fields: Mapping[str, str]) -> Typed:
    """Read the fields. An unreadable seed stays in the prompt, where it is reported."""
    prompt, more = fields.get(_PROMPT, ""), fields.get(_MORE, "").strip()
    number: int | None = None
    if text := fields.get(_SEED, "").strip():
        try:
            number = parse_seed(text)
        except Unreadable:
            more = f"--seed {text} {more}"
    aspect = fields.get(_ASPECT, _ANY_ASPECT)
    return Typed(
        prompt=f"{prompt}\n{more}".strip(),
        negative=fields.get(_NEGATIVE, "").strip() or None,
        aspect=None if aspect == _ANY_ASPECT else Aspect(aspect),
        seed=number,
        private=target == _PRIVATE or None,
    )

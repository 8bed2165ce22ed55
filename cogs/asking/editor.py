"""The form for changing a request, and the reader of its fields. Not a cog.

*Edit* under a picture and under a refusal open it; `editing.py` handles it. Its fields hold
everything, so it can be open twice, and submitted long after its button is gone.
"""

from __future__ import annotations

from collections.abc import Mapping

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
_SEED_CHARS, _MORE_CHARS = 20, 500
_ANY_ASPECT = "any"


async def show_editor(interaction: Interaction, typed: Typed) -> None:
    """Open the form with these values filled in."""
    fits = len(typed.prompt) <= FIELD_CHARS_MAX
    await interaction.response.send_modal(
        form(
            Action.EDIT,
            _PRIVATE if typed.private else _PUBLIC,
            asking.EDIT_TITLE(),
            words_field(
                _PROMPT,
                asking.PROMPT() if fits else asking.PROMPT_CUT(),
                chars_max=FIELD_CHARS_MAX,
                needed=True,
                words=typed.prompt[:FIELD_CHARS_MAX],
            ),
            words_field(
                _NEGATIVE,
                asking.NEGATIVE(),
                chars_max=FIELD_CHARS_MAX,
                needed=False,
                words=(typed.negative or "")[:FIELD_CHARS_MAX],
            ),
            choice_field(_ASPECT, asking.ASPECT(), _aspects(), chosen=typed.aspect or _ANY_ASPECT),
            words_field(
                _SEED,
                asking.SEED(),
                chars_max=_SEED_CHARS,
                needed=False,
                words="" if typed.seed is None else str(typed.seed),
                long=False,
            ),
            words_field(
                _MORE,
                asking.MORE(),
                chars_max=_MORE_CHARS,
                needed=False,
                words=flags_text(typed)[:_MORE_CHARS],
                long=False,
                hint=None if typed.source is None else asking.MORE_VARIED(),
            ),
        )
    )


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

"""Notes on what a text says besides the words to draw: options, ignored parts, faults."""

from __future__ import annotations

from typing import Any

from bot.typed.options import Typed
from bot.typed.values import PARSERS, Unreadable, parse_sampler
from bot.words import limits
from bot.words.wording import named


class Notes:
    """The notes on one text. Of repeated options the last counts."""

    def __init__(self) -> None:
        #: Each option's value, and its name in the text.
        self.values: dict[str, tuple[Any, str]] = {}
        #: Parts not meant for this bot, in the order of the text.
        self.left_out: list[str] = []
        #: What cannot be read, as sentences for the member.
        self.faults: list[str] = []
        #: What this bot offers instead of a part that was left out, as sentences for the member.
        self.remarks: list[str] = []

    def read_option(self, option: str, text: str, label: str) -> None:
        """Read an option's value; `label` is its name in the text."""
        if option == "sampler":
            self._read_sampler(text, label)
            return
        try:
            value = PARSERS[option](text)
        except Unreadable as form:
            self.faults.append(limits.UNREADABLE(what=f"`{named(label, 60)}`", form=form))
            return
        self.values[option] = (value, label)

    def _read_sampler(self, text: str, label: str) -> None:
        known, schedule = parse_sampler(text)
        if known is None:
            self.left_out.append(label)
            self.remarks.append(limits.samplers())
            return
        self.values["sampler"] = (known, label)
        if schedule:
            self.left_out.append(limits.SCHEDULE(name=schedule))

    def merge_into(self, typed: Typed) -> Typed:
        """The typed options, completed by those in the text.

        A typed option overrules one in the text, which is then noted as left out.
        """
        for option, (value, label) in self.values.items():
            typed_value = getattr(typed, option)
            if typed_value is not None and value is not None and typed_value != value:
                self.left_out.append(label)
        values: dict[str, Any] = {option: value for option, (value, _) in self.values.items()}
        return typed.completed_by(Typed(prompt=typed.prompt, **values))

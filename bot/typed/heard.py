"""Collects what a text says besides the words to draw: options, ignored parts, faults."""

from __future__ import annotations

from typing import Any

from bot.typed.options import Typed
from bot.typed.values import READERS, Unreadable, sampler
from bot.words import limits
from bot.words.wording import named
from models.contract import Sampler


class Heard:
    """Notes about one text. The last of repeated values counts."""

    def __init__(self) -> None:
        #: Each option's value, and its name in the text.
        self.values: dict[str, tuple[Any, str]] = {}
        #: Parts not meant for this bot, in the order of the text.
        self.left_out: list[str] = []
        #: What cannot be read, as sentences for the member.
        self.faults: list[str] = []
        #: What there is instead of a part that was left out, as sentences for the member.
        self.remarks: list[str] = []

    def take(self, option: str, text: str, label: str) -> None:
        """Read an option's value; `label` is its name in the text."""
        if option == "sampler":
            self._take_sampler(text, label)
            return
        try:
            value = READERS[option](text)
        except Unreadable as form:
            self.faults.append(limits.UNREADABLE(what=f"`{named(label, 60)}`", form=form))
            return
        self.values[option] = (value, label)

    def _take_sampler(self, text: str, label: str) -> None:
        known, schedule = sampler(text)
        if known is None:
            self.left_out.append(label)
            self.remarks.append(limits.SAMPLERS(names=", ".join(f"`{one}`" for one in Sampler)))
            return
        self.values["sampler"] = (known, label)
        if schedule:
            self.left_out.append(limits.SCHEDULE(name=schedule))

    def under(self, typed: Typed) -> Typed:
        """The typed options, completed by the text's.

        Overruled values are ignored, and noted.
        """
        for option, (value, label) in self.values.items():
            given = getattr(typed, option)
            if given is not None and value is not None and given != value:
                self.left_out.append(label)
        heard: dict[str, Any] = {option: value for option, (value, _) in self.values.items()}
        return typed.over(Typed(prompt=typed.prompt, **heard))

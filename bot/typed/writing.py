"""Writes options as text that `reading.py` can parse, for forms and for returned words. Pure."""

from __future__ import annotations

from bot.typed.options import Typed


def flags_text(typed: Typed) -> str:
    """The options that have no form field, each as a flag."""
    parts = [
        f"--n {typed.count}" if typed.count is not None else "",
        f"--steps {typed.steps}" if typed.steps is not None else "",
        f"--cfg {typed.guidance:g}" if typed.guidance is not None else "",
        f"--sampler {typed.sampler}" if typed.sampler is not None else "",
        f"--clip_skip {typed.clip_skip}" if typed.clip_skip is not None else "",
        "" if typed.complete is None else f"--complete {'on' if typed.complete else 'off'}",
        f"--style={_joined(typed.style)}" if typed.style is not None else "",
        f"--preset {_joined(typed.preset)}" if typed.preset is not None else "",
        f"--source {typed.source}" if typed.source is not None else "",
        f"--strength {typed.strength:g}" if typed.strength is not None else "",
        f"--no {typed.without}" if typed.without else "",
        # No words at all, instead of the model's usual ones.
        "Negative prompt:" if typed.negative == "" else "",
    ]
    return " ".join(filter(None, parts))


def _joined(name: str) -> str:
    """The name as one word, as `names.name_of` joins it: a flag takes no more."""
    return "-".join(name.split())


def full_text(typed: Typed) -> str:
    """Everything that was typed, ready to paste into `prompt:` again."""
    aspect = f"--ar {typed.aspect}" if typed.aspect is not None else ""
    seed = f"--seed {typed.seed}" if typed.seed is not None else ""
    words = " ".join(filter(None, (typed.prompt, aspect, seed, flags_text(typed))))
    return f"{words}\nNegative prompt: {typed.negative}" if typed.negative else words

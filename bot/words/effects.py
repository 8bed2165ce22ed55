"""What follows from a rule, in words: for the panel, the audit log and the explanation of a place.

Pure text. It must not know which rule it is, nor who made it that strict.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain import Layer, Ruling
from bot.policy.effect import Audience, Effect

_RULINGS: Mapping[Ruling, str] = {
    Ruling.ALLOW: "allowed",
    Ruling.SPOILER: "shown behind a spoiler",
    Ruling.HOLD: "held until a moderator approves",
    Ruling.REFUSE: "refused",
}
_LAYERS: Mapping[Layer, str] = {
    Layer.FLOOR: "in every server",
    Layer.LICENCE: "the model's licence",
    Layer.PRESET: "the preset",
    Layer.SERVER: "this server",
    Layer.CATEGORY: "this category",
    Layer.CHANNEL: "this channel",
    Layer.ROLE: "exempt by a role",
}


def in_words(effect: Effect) -> str:
    """`allowed`, `refused; moderators are told`: what follows, the strictest word first."""
    told = [_RULINGS[effect.ruling]]
    if effect.audience is Audience.ADULTS and effect.ruling is not Ruling.REFUSE:
        told[0] += ", in age-restricted channels only"
    if effect.alert:
        told.append("moderators are told")
    if effect.strike:
        told.append("counts as a strike")
    return "; ".join(told)


def layer_in_words(layer: Layer) -> str:
    """Who says so."""
    return _LAYERS[layer]

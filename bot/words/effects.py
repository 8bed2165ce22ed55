"""What follows from a rule, in words: for the panel, the audit log and the explanation of a place.

Pure text. It must not know which rule it is, nor who made it that strict.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain import Layer, Ruling
from bot.policy.effect import Audience, Effect
from bot.words.speaking import Message, say, set_apart

#: In place of a member who was forgotten.
FORGOTTEN_MEMBER = Message("somebody who asked to be forgotten")
_RULINGS: Mapping[Ruling, Message] = {
    Ruling.ALLOW: Message("allowed"),
    Ruling.SPOILER: Message("shown behind a spoiler"),
    Ruling.HOLD: Message("held until a moderator approves"),
    Ruling.REFUSE: Message("refused"),
}
_LAYERS: Mapping[Layer, Message] = {
    Layer.FLOOR: Message("in every server"),
    Layer.LICENCE: Message("the model's licence"),
    Layer.PRESET: Message("the preset"),
    Layer.SERVER: Message("this server"),
    Layer.CATEGORY: Message("this category"),
    Layer.CHANNEL: Message("this channel"),
    Layer.ROLE: Message("exempt by a role"),
}


def in_words(effect: Effect) -> str:
    """`allowed`, `refused; moderators are told`: what follows, the strictest word first."""
    parts = [_RULINGS[effect.ruling]()]
    if effect.audience is Audience.ADULTS and effect.ruling is not Ruling.REFUSE:
        parts = [say(", ").join([*parts, say("in age-restricted channels only")])]
    if effect.alert:
        parts.append(say("moderators are told"))
    if effect.strike:
        parts.append(say("counts as a strike"))
    return set_apart(parts)


def layer_in_words(layer: Layer) -> str:
    """Who says so."""
    return _LAYERS[layer]()

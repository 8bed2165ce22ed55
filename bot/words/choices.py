"""The names of options' choices, which Discord shows each member in their own language.

Called by the cogs, which register them. The values stay English: commands that are typed or pasted
use them, and so do presets.
"""

from __future__ import annotations

from bot.words.speaking import Message
from models.contract import Aspect

ASPECTS = {
    Aspect.SQUARE: Message("square"),
    Aspect.PORTRAIT: Message("portrait"),
    Aspect.LANDSCAPE: Message("landscape"),
}
SWITCH = {"on": Message("on"), "off": Message("off")}

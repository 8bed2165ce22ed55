"""Assigns a Danbooru tag to a group by its form, for captions that only list tags. Data only.

The groups have the painter's names, so that a further trained model keeps its groups.
"""

from __future__ import annotations

import re

_COLOURS = (
    "black|brown|blonde|red|orange|pink|purple|blue|light blue|green|aqua|white|grey|yellow|silver"
    "|multicolored|two-tone|gradient|rainbow"
)
_FORMS = {
    "figure": re.compile(r"(?:[1-6]\+?|multiple )(?:girl|boy|other)s?"),
    "hair length": re.compile(r"(?:very short|short|medium|long|very long|absurdly long) hair"),
    "hair colour": re.compile(rf"(?:{_COLOURS}) hair"),
    "eye colour": re.compile(rf"(?:{_COLOURS}) eyes"),
    "background": re.compile(rf"(?:{_COLOURS}|simple|transparent) background"),
}
#: The order of filling; every picture of a figure shows some value of each.
ORDER = tuple(_FORMS)


def group_of(tag: str) -> str:
    """The group of a tag in plain form; "" if its form does not tell."""
    return next((name for name, form in _FORMS.items() if form.fullmatch(tag)), "")

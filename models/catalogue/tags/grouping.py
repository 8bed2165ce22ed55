"""Which group a Danbooru tag belongs to, by its form: for captions that only name tags. Data alone.

The names of the groups are those of the painter's, so that a model that was trained further knows
its groups again.
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
#: In the order of filling; every picture of a figure shows some value of each.
ORDER = tuple(_FORMS)


def group_of(tag: str) -> str:
    """The group of a tag in plain form; "" if its form tells none."""
    return next((name for name, form in _FORMS.items() if form.fullmatch(tag)), "")

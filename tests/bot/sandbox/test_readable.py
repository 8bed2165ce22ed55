"""What `--once` prints of a message: names, and no markup that only a client shows."""

from __future__ import annotations

import pytest

from bot.sandbox.readable import readable

NAMES = {7: "Momo", 8: "art"}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@7> and <@!7> in <#8>", "@Momo and @Momo in #art"),
        ("<@9> is nobody", "@9 is nobody"),
        ("see </policy panel:12>", "see /policy panel"),
        ("<t:0:R>, <t:60>", "1970-01-01 00:00 UTC, 1970-01-01 00:01 UTC"),
        (r"re\: zero, \*bold\* `\*` <b>", r"re: zero, *bold* `\*` <b>"),
        ("```\n1girl \\(a\\) <@7>\n``` <@7>", "```\n1girl \\(a\\) <@7>\n``` @Momo"),
    ],
)
def test_ids_become_names_and_code_stays_unchanged(text: str, read: str) -> None:
    assert readable(text, NAMES) == read

"""The page on the policy describes every rule as the rulebook does."""

from __future__ import annotations

from pathlib import Path

from bot import rulebooks
from bot.policy.layers import GuildPolicy, effective
from bot.policy.rulebook import UNREADABLE, Rule
from bot.words.effects import in_words
from tests.stages.factories import GUILD, make_place

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"


def row(rule: Rule) -> str:
    """A rule's line in the table: its effect by preset, for a model under OpenRAIL-M."""
    rulebook = rulebooks.load()
    licence = frozenset(rulebook.licences["openrail-m"])
    follows = [
        in_words(effective(rulebook, guild, make_place(), licence=licence).lines[rule.id].effect)
        for guild in (GuildPolicy(guild_id=GUILD, preset=preset) for preset in rulebook.presets)
    ]
    if rule.when is None and rule.id != UNREADABLE:
        follows = ["stated only"] * len(follows)
    cells = " | ".join([rule.clause or "", *follows])
    return f"| {rule.title} (`{rule.id}`) | {cells} |"


def test_every_rule_is_on_the_policy_page() -> None:
    page = PAGE.read_text()
    rules = sorted(rulebooks.load().rules.values(), key=lambda rule: (not rule.floor, rule.id))
    missing = [line for line in map(row, rules) if line not in page]
    assert not missing, "\n".join(["lines to put into docs/policy.md:", *missing])

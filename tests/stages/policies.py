"""Policies of every shape for Hypothesis, and a rulebook of a few rules.

The rulebook is the shipped one with other rules, so that no test depends on the words in the data.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from bot import rulebooks
from bot.domain import ChannelId, Place, RoleId, RuleId, Ruling
from bot.policy.arrangements import VOTES_MAX, GalleryTerms, StrikeTerms
from bot.policy.document_faults import REASON_CHARS_MAX, TERM_CHARS_MAX
from bot.policy.effect import NOTHING, Audience, Effect
from bot.policy.expressions import read
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms
from bot.policy.rulebook import SERVER, Rule, Rulebook
from bot.policy.screening import Term, is_wordless
from tests.stages.factories import GUILD

REFUSED = Effect(ruling=Ruling.REFUSE)
ADULTS = Effect(audience=Audience.ADULTS)
FLOOR = Effect(ruling=Ruling.REFUSE, alert=True, strike=True)
NEVER, LAWFUL, GROWN, OPEN = map(RuleId, ("never", "lawful", "grown", "open"))
CATEGORY, PARENT, CHANNEL, ELSEWHERE = map(ChannelId, (11, 12, 13, 14))
ROLES = [RoleId(21), RoleId(22)]
#: The shipped rulebook, from which the tests build theirs.
_OWN = rulebooks.load()


def make_rule(
    name: RuleId, effect: Effect, *, floor: bool = False, clause: str | None = None
) -> Rule:
    return replace(
        next(iter(_OWN.rules.values())),
        id=name,
        title=f"Title of {name}",
        summary=f"Summary of {name}.",
        advice=f"Advice of {name}.",
        clause=clause,
        effect=effect,
        floor=floor,
        # A prompt could match it if the concept had words.
        when=read("nothing"),
    )


def make_rulebook(*rules: Rule) -> Rulebook:
    """A licence requires `lawful`, `grown` is for adults, `never` is the floor."""
    used = rules or (
        make_rule(NEVER, FLOOR, floor=True, clause="b"),
        make_rule(LAWFUL, REFUSED, clause="e"),
        make_rule(GROWN, ADULTS),
        make_rule(OPEN, NOTHING),
    )
    return replace(
        _OWN,
        # These are empty, because they must match nothing and take time to compile.
        concepts={},
        lexicon=replace(
            _OWN.lexicon,
            ordinary=frozenset(),
            familiar=frozenset(),
            borders=frozenset(),
            given_names=frozenset(),
            surnames=frozenset(),
        ),
        rules={rule.id: rule for rule in used},
        presets={
            "family": {LAWFUL: REFUSED, GROWN: REFUSED, OPEN: REFUSED},
            "standard": {},
            "age-restricted": {LAWFUL: NOTHING, GROWN: NOTHING},
        },
        licences={"strict": (LAWFUL,), "lax": ()},
    )


BOOK = make_rulebook()
LICENCES = [frozenset[RuleId](), frozenset({LAWFUL})]

EFFECTS = st.builds(
    Effect,
    ruling=st.sampled_from(Ruling),
    audience=st.sampled_from(Audience),
    alert=st.booleans(),
    strike=st.booleans(),
)
ANY_RULES = st.sampled_from([NEVER, LAWFUL, GROWN, OPEN, SERVER])
#: The rules that a server may change.
OWN_RULES = st.sampled_from([LAWFUL, GROWN, OPEN, SERVER])


def overrides(rules: st.SearchStrategy[RuleId] = ANY_RULES) -> st.SearchStrategy[Overrides]:
    return st.builds(
        Overrides,
        effects=st.dictionaries(rules, EFFECTS, max_size=4),
        enabled=st.sampled_from([None, True, False]),
    )


_COUNTS = st.none() | st.integers(0, 100_000)
_IDS = st.integers(1, 2**63 - 1)
#: Single lines with every character that might break a file format.
_LINES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")) | st.sampled_from("\"'\\#=[]{}.,"),
    max_size=30,
).filter(str.isprintable)
#: For properties that do not depend on the texts: random letters take most of the time.
FEW_LINES = st.sampled_from(["dragon", "a red dragon", "wyvern!", "naga", "kraken 2"])


def policies(
    rules: st.SearchStrategy[RuleId] = ANY_RULES, lines: st.SearchStrategy[str] = _LINES
) -> st.SearchStrategy[GuildPolicy]:
    """Any policy that a server may have, with ids of the tests' places or any others."""
    # `:0` has no word, so the prompt language reads it as a weight.
    texts = lines.filter(lambda text: not is_wordless(text))
    channels = st.sampled_from([CATEGORY, PARENT, CHANNEL, ELSEWHERE]) | _IDS.map(ChannelId)
    roles = st.sampled_from(ROLES) | _IDS.map(RoleId)
    places = st.dictionaries(channels, overrides(rules), max_size=3)
    terms = st.builds(Term, text=texts, reason=lines, effect=EFFECTS)
    return st.builds(
        GuildPolicy,
        guild_id=st.just(GUILD),
        preset=st.sampled_from(list(BOOK.presets)),
        rules=overrides(rules),
        categories=places,
        channels=places,
        roles=st.dictionaries(
            roles,
            st.builds(
                RoleTerms,
                exempt=st.frozensets(rules, max_size=3),
                waiting_max=_COUNTS,
                per_day_max=_COUNTS,
                cooldown_s=_COUNTS,
            ),
            max_size=3,
        ),
        blocked=st.lists(terms, max_size=4, unique_by=lambda term: term.text).map(tuple),
        allowed=st.lists(texts, max_size=3, unique=True).map(tuple),
        only_channels=st.frozensets(channels, max_size=3),
        paused=st.booleans(),
        moderator_role=st.none() | roles,
        review_channel=st.none() | channels,
        log_channel=st.none() | channels,
        gallery=st.builds(
            GalleryTerms, channel=st.none() | channels, votes=st.integers(1, VOTES_MAX)
        ),
        strikes=st.builds(
            StrikeTerms,
            limit=st.integers(0, 100),
            expire_days=st.integers(1, 3650),
            timeout_minutes=st.integers(1, 40_320),
        ),
        cooldown_s=st.integers(0, 100_000),
        per_day_max=_COUNTS,
    )


def long_terms(count: int) -> tuple[Term, ...]:
    """`count` different terms of the greatest allowed length."""
    return tuple(
        Term(
            text=f"{number:06} {'x' * (TERM_CHARS_MAX - 7)}",
            reason="y" * (REASON_CHARS_MAX if count < 1000 else 10),
        )
        for number in range(count)
    )


PLACES = st.builds(
    Place,
    guild_id=st.just(GUILD),
    channel_id=st.just(CHANNEL),
    parent_id=st.none() | st.just(PARENT),
    category_id=st.none() | st.just(CATEGORY),
    channel_age_restricted=st.booleans(),
)


def with_line(guild: GuildPolicy, layer: str, lines: Overrides) -> GuildPolicy:
    match layer:
        case "server":
            return replace(guild, rules=lines)
        case "category":
            return replace(guild, categories={**guild.categories, CATEGORY: lines})
        case "parent":
            return replace(guild, channels={**guild.channels, PARENT: lines})
        case _:
            return replace(guild, channels={**guild.channels, CHANNEL: lines})

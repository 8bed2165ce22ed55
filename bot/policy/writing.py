"""A server's policy as the TOML file that moderators export, edit and import again.

Each key says what it is for. `document.from_toml` takes what this writes back to the same policy.
Pure; with ten thousand terms it takes a moment, so call it off the loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.policy.document import TERMS_MAX, VERSION, effect_text
from bot.policy.document_faults import TERM_CHARS_MAX
from bot.policy.editing import adjustable_rules
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms, preset_effect
from bot.policy.rulebook import Rulebook
from bot.policy.toml_text import comment, key, listed, quoted

_HEAD = """\
What this server lets the bot draw and show. Edit this file and import it again: you see what would
change before anything does. What you leave out is no longer set.
"""
_RULES = """\
[server.rules] has a line for each rule that this server sets; the others are as the preset says.
A line says allow, spoiler, hold (until a moderator approves) or refuse, and then what else follows:
adults (age-restricted channels only), alert (moderators are told), strike (it counts against the
member), as in "hold, adults, alert". The rules that a server can set, and what this preset says:
"""
_PLACES = """\
The same for a category or a channel, by its id; a channel's threads follow it. The nearest line
counts: the channel's before the category's, and that before the server's.
[channels.123456789012345678]
enabled = false
[channels.123456789012345678.rules]
suggestive = "spoiler"
"""
_ROLES = """\
What the members with a role may, by its id; with several roles the most generous counts. exempt
names rules that do not apply to them; "server" is every term of blocked. waiting_max: pictures
that may wait at once. per_day_max: pictures in 24 hours. cooldown_s: seconds between two requests.
[roles.123456789012345678]
exempt = ["suggestive"]
per_day_max = 200
"""
_BLOCKED = f"""\
Words and phrases of this server's own, at most {TERMS_MAX:,}, each of {TERM_CHARS_MAX} characters;
spelling tricks are seen through. Members read the reason.
"spoiler dragon" = {{ effect = "refuse", reason = "we are still reading it" }}
"""


def to_toml(policy: GuildPolicy, rulebook: Rulebook, names: Mapping[int, str] | None = None) -> str:
    """The file. `names` are those of channels and roles, for the comments."""
    return "".join(_sections(policy, rulebook, names or {}))


def _sections(policy: GuildPolicy, rulebook: Rulebook, names: Mapping[int, str]) -> Iterator[str]:
    yield comment(_HEAD)
    yield f"version = {VERSION}\n"
    yield from _general(policy, rulebook)
    yield "\n" + comment(
        "A strike expires after so many days; with so many strikes a time-out follows (0: none)."
    )
    strikes = policy.strikes
    yield f"[strikes]\nlimit = {strikes.limit}\nexpire_days = {strikes.expire_days}\n"
    yield f"timeout_minutes = {strikes.timeout_minutes}\n"
    yield "\n" + comment(_RULES) + comment("\n".join(_rules(policy, rulebook)))
    yield from _place("server", policy.rules)
    yield "\n" + comment(_PLACES)
    for table, places in (("categories", policy.categories), ("channels", policy.channels)):
        for id_, lines in places.items():
            yield comment(names.get(id_, "")) + "".join(_place(f"{table}.{id_}", lines))
    yield "\n" + comment(_ROLES)
    for id_, terms in policy.roles.items():
        yield comment(names.get(id_, "")) + "".join(_role(f"roles.{id_}", terms))
    yield "\n" + comment(_BLOCKED) + "[blocked]\n"
    for term in policy.blocked:
        effect, reason = quoted(effect_text(term.effect)), quoted(term.reason)
        yield f"{quoted(term.text)} = {{ effect = {effect}, reason = {reason} }}\n"


def _general(policy: GuildPolicy, rulebook: Rulebook) -> Iterator[str]:
    def option(name: str, value: int | None) -> str:
        return f"# {name} =\n" if value is None else f"{name} = {value}\n"

    yield comment(f"What holds where nothing else is said: {', '.join(rulebook.presets)}.")
    yield f"preset = {quoted(policy.preset)}\n"
    yield comment("true: I draw and show nothing in the whole server.")
    yield f"paused = {str(policy.paused).lower()}\n"
    yield comment("The only channels or categories where I can be asked, by id; empty: all.")
    yield f"only_channels = {listed(sorted(policy.only_channels))}\n"
    yield comment("Members with this role decide, as those with Manage Server do.")
    yield option("moderator_role", policy.moderator_role)
    yield comment("Where held pictures, reports and appeals go; and where every change is told.")
    yield option("review_channel", policy.review_channel)
    yield option("log_channel", policy.log_channel)
    yield comment("Where pictures that members like are shown once more, and from how many votes.")
    yield option("gallery_channel", policy.gallery.channel)
    yield f"gallery_votes = {policy.gallery.votes}\n"
    yield comment("Seconds between two requests of a member; their pictures in 24 hours.")
    yield f"cooldown_s = {policy.cooldown_s}\n"
    yield option("per_day_max", policy.per_day_max)
    yield comment(
        "Phrases in which no rule finds anything but what every server or the licence forbids."
    )
    yield f"allowed = {listed(policy.allowed)}\n"


def _rules(policy: GuildPolicy, rulebook: Rulebook) -> Iterator[str]:
    for rule in adjustable_rules(rulebook):
        said = effect_text(preset_effect(rulebook, policy.preset, rule.id))
        yield f'{rule.id} = "{said}"   {rule.title}'


def _place(table: str, lines: Overrides) -> Iterator[str]:
    yield f"[{table}]\n"
    if lines.enabled is not None:
        yield f"enabled = {str(lines.enabled).lower()}\n"
    yield f"[{table}.rules]\n"
    yield from (f"{key(r)} = {quoted(effect_text(e))}\n" for r, e in lines.effects.items())


def _role(table: str, terms: RoleTerms) -> Iterator[str]:
    yield f"[{table}]\nexempt = {listed(sorted(terms.exempt))}\n"
    said = {
        "waiting_max": terms.waiting_max,
        "per_day_max": terms.per_day_max,
        "cooldown_s": terms.cooldown_s,
    }
    yield from (f"{name} = {value}\n" for name, value in said.items() if value is not None)

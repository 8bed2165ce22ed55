"""What moderators read on the pages of `/policy panel`, and what is answered to their presses.

Called by `cogs/governing`. Pure text; where and by whom it is read is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.domain import Layer, RuleId, Ruling
from bot.policy.editing import is_adjustable
from bot.policy.effect import Audience, Effect
from bot.policy.layers import EffectivePolicy, GuildPolicy, PolicyLine, RoleTerms
from bot.policy.rulebook import SERVER, Rule
from bot.policy.term_lists import LineFault
from bot.words.effects import in_words, layer_in_words
from bot.words.wording import fitting, plain

GONE = "This no longer exists, so there was nothing to change. Here is what there is."
NOTHING_CHANGED = "Nothing changed: it was like that already."
STATED = (
    "Everybody who accepts the licence promises this. No prompt can show whether they keep it, so "
    "there is nothing to set."
)
LOCKED = "This is the same in every server and cannot be changed."
STALE = (
    "Somebody changed the policy while you were looking at it, so I have not made your change. "
    "This is what they changed; look again, and decide."
)
#: What an exemption from the rule `server` means.
ALL_OWN_TERMS = "every blocked word of this server (later ones too)"
NO_LOG = "Nothing has been changed yet."
NOT_EVERYONE = "Everybody has this role, so everybody would decide. Please choose another one."
UNSEEN_CHANNEL = (
    "I cannot write in {channel}, because I do not see it. Let me view it, or choose another "
    "channel."
)
NO_WRITING = (
    "I cannot write in {channel} without these permissions: {names}. Give them to me there first, "
    "or choose another channel."
)
KEPT = "-# What you wrote is in this file, so nothing is lost."
AGAIN = "Press *Edit again* to go on from there."
NOTHING_TO_TRY = "Please give me a prompt, or the id of a picture."
NO_TERM = "I cannot block this: {why}."
BLOCKED_ALREADY = "“{term}” is blocked already."
NOT_BLOCKED = "“{term}” is not blocked."
LIST_FULL = "A server can block at most {most:,} words and phrases: please unblock some first."
NO_EMOJI = "Please give me two emoji that I can use: ordinary ones, or custom emoji of this server."
_COMMON = (
    "⚠️ **Harmless prompts would be stopped too.** I tried your words on {tried} prompts that have "
    "nothing wrong with them, and have blocked nothing yet:"
)
SAVED = "✅ **Saved.**"
UNDONE = "↩️ **Undone**: the last change. What was → what is now:"
UNDONE_FIRST = "There is nothing to undo: this is how every server begins."

#: Changes that have a name of their own, by the word that the log has for them.
_UNDOABLE = frozenset({"undo", "import"})
#: The most that a page says beside its menus; a page has 4,000 characters.
_LIST_CHARS = 2600
_LINES_TOLD, _SAVED_CHARS = 8, 900

_SIGNS: Mapping[Ruling, str] = {
    Ruling.ALLOW: "✅",
    Ruling.SPOILER: "🙈",
    Ruling.HOLD: "✋",
    Ruling.REFUSE: "⛔",
}
_GROUPS: Mapping[str, str] = {
    "🔒": "Never, in any server",
    "⛔": "Refused",
    "✋": "Held until a moderator approves",
    "🙈": "Behind a spoiler",
    "🔞": "In age-restricted channels only",
    "✅": "Allowed",
    "📜": "Promised with the licence (no prompt can show it)",
}
#: The groups of rules that no server sets.
_FIXED = ("🔒", "📜")
RULING_LABELS: Mapping[Ruling, tuple[str, str]] = {
    Ruling.ALLOW: ("Allow", "It is drawn and shown"),
    Ruling.SPOILER: ("Behind a spoiler", "It is drawn and shown behind Discord's spoiler"),
    Ruling.HOLD: ("Hold", "It is drawn, and shown once a moderator approves it"),
    Ruling.REFUSE: ("Refuse", "It is not drawn, and the member is told why"),
}
AUDIENCE_LABELS: Mapping[Audience, tuple[str, str]] = {
    Audience.EVERYBODY: ("Everybody", "In every channel"),
    Audience.ADULTS: ("Adults only", "In age-restricted channels only"),
}
PRESETS: Mapping[str, str] = {
    "family": "The strictest, for servers with young members",
    "standard": "What every server starts with",
    "age-restricted": "For servers of adults",
}


def impossible(faults: Sequence[str]) -> str:
    """What no policy may say."""
    told = fitting([f"- {plain(fault, 200)}" for fault in faults[:_LINES_TOLD]], 900)
    return f"⚠️ I have changed nothing, because a policy cannot say this:\n{told}"


def changed(head: str, changes: Sequence[str]) -> str:
    """A change was made; a line for each part of it, before and after."""
    return f"{head}\n" + fitting([f"- {line}" for line in changes], _SAVED_CHARS)


def undone(actor_id: int | None, action: str, at_ms: int) -> str:
    """Whose change was taken back, and from when; of an undo, that it is."""
    who = f"<@{actor_id}>" if actor_id else "somebody who asked to be forgotten"
    what = action if action in _UNDOABLE else "change"
    return f"↩️ **Undone**: the {what} by {who} <t:{at_ms // 1000}:R>. What was → what is now:"


def sign_of(rule: Rule | None, effect: Effect) -> str:
    """One emoji for what follows from a rule."""
    if rule is not None and not is_adjustable(rule):
        return "🔒" if rule.floor else "📜"
    if effect.ruling is Ruling.ALLOW and effect.audience is Audience.ADULTS:
        return "🔞"
    return _SIGNS[effect.ruling]


def grouped(policy: EffectivePolicy) -> str:
    """What holds in a place, the strictest first: each kind of consequence with its rules."""
    found: dict[str, list[str]] = {sign: [] for sign in _GROUPS}
    for rule_id, line in policy.lines.items():
        rule = policy.rulebook.rules.get(rule_id)
        if rule is not None:
            found[sign_of(rule, line.effect)].append(_short_line(rule, line.effect))
    lines = [f"{s} **{_GROUPS[s]}**: {' · '.join(titles)}" for s, titles in found.items() if titles]
    return "\n".join(lines)


def _short_line(rule: Rule, effect: Effect) -> str:
    shown = effect.ruling in {Ruling.SPOILER, Ruling.HOLD}
    adults = shown and effect.audience is Audience.ADULTS
    return f"{rule.title} (🔞)" if adults else rule.title


def state(policy: EffectivePolicy) -> str:
    """Whether the bot draws here at all."""
    if policy.guild.paused:
        return "⏸️ I am **paused** in the whole server."
    if not policy.enabled:
        return f"⏸️ I am **switched off** here ({layer_in_words(policy.enabled_by)})."
    return "▶️ I am **switched on** here."


def rule_lines(policy: EffectivePolicy) -> str:
    """Every rule with what follows and who says so; the fixed ones in one line."""
    rules = policy.rulebook.rules
    lines = [
        rule_line(rules[rule], line)
        for rule, line in policy.lines.items()
        if rule in rules and is_adjustable(rules[rule])
    ]
    fixed = [line for line in grouped(policy).splitlines() if line[0] in _FIXED]
    return fitting([*fixed, *lines], _LIST_CHARS)


def rule_line(rule: Rule, line: PolicyLine) -> str:
    """One rule with what follows and who says so."""
    who = "" if line.layer is Layer.PRESET else f" · *{layer_in_words(line.layer)}*"
    return f"{sign_of(rule, line.effect)} **{rule.title}**: {in_words(line.effect)}{who}"


def rule_page(rule: Rule, line: PolicyLine, written: Effect | None, below: PolicyLine) -> str:
    """One rule, and how it comes to what holds."""
    parts = [f"## {rule.title}", rule.summary]
    if rule.clause:
        parts.append(f"-# It comes from the model's licence: clause {rule.clause} of Attachment A.")
    who = " and ".join(map(layer_in_words, line.layers))
    parts.append(f"**What holds**: {in_words(line.effect)} ({who}).")
    if Layer.LICENCE in line.layers:
        parts.append(
            "The model's licence asks for this, so nothing that you set here can lower it."
        )
    if written is None:
        parts.append("Nothing is set here yet; choose below.")
    else:
        otherwise = in_words(below.effect)
        parts.append(f"**Set here**: {in_words(written)}. Without that: {otherwise}.")
    parts.append(f"**Members are advised**: {rule.advice}")
    return "\n".join(parts)


def fixed_page(rule: Rule) -> str:
    """A rule that no server sets."""
    clause = f" It is clause {rule.clause} of the model's licence." if rule.clause else ""
    sign, why = ("🔒", LOCKED) if rule.floor else ("📜", STATED)
    return f"## {sign} {rule.title}\n{rule.summary}\n{why}{clause}"


def preset_page(name: str, effects: Mapping[RuleId, Effect], rules: Mapping[RuleId, Rule]) -> str:
    """What a preset makes of every rule that can be changed."""
    lines = [
        f"{sign_of(rule, effects[rule_id])} **{rule.title}**: {in_words(effects[rule_id])}"
        for rule_id, rule in rules.items()
        if is_adjustable(rule)
    ]
    about = PRESETS.get(name, "")
    return f"## Preset {name}\n{about}\n{fitting(lines, _LIST_CHARS)}"


def role_summary(terms: RoleTerms, titles: Mapping[RuleId, str]) -> str:
    """What the members with a role may."""
    titles = {**titles, SERVER: ALL_OWN_TERMS}
    parts = [f"exempt from {', '.join(titles.get(r, r) for r in sorted(terms.exempt))}"]
    parts = parts if terms.exempt else []
    for value, words in (
        (terms.waiting_max, "{} pictures waiting at once"),
        (terms.per_day_max, "{} pictures a day"),
        (terms.cooldown_s, "{} s between two requests"),
    ):
        if value is not None:
            parts.append(words.format(value))
    return "; ".join(parts) or "the same as everybody"


def members_page(policy: GuildPolicy) -> str:
    """Strikes, cooldown and pictures a day."""
    terms = policy.strikes
    strikes = (
        f"With **{terms.limit}** strikes a member cannot ask me for "
        f"**{terms.timeout_minutes}** minutes. A strike expires after **{terms.expire_days}** days."
        if terms.limit
        else "Strikes are counted, but nothing follows from them."
    )
    day = "as many as they like" if policy.per_day_max is None else f"**{policy.per_day_max}**"
    pause = f"**{policy.cooldown_s}** s" if policy.cooldown_s else "none"
    return (
        f"## Members\n{strikes}\n\nPictures for one member in 24 hours: {day}.\n"
        f"Pause between two requests of one member: {pause}.\n"
        "-# A role can have limits of its own; with several roles, the most generous one counts."
    )


def no_number(label: str, least: int, most: int, written: str) -> str:
    """A field of a form that wants a number and got something else."""
    return f"**{label}** has to be a whole number from {least} to {most}, not “{plain(written)}”."


def no_numbers(faults: Sequence[str]) -> str:
    """Everything that is wrong in a form."""
    told = "\n".join(f"- {fault}" for fault in faults)
    return f"⚠️ I have changed nothing yet:\n{told}"


def common(stopped: Mapping[str, Sequence[str]], tried: int) -> str:
    """Words that harmless prompts have in them, with some of those; empty if there are none."""
    if not stopped:
        return ""
    lines = [
        f"- “{plain(term)}” stops {len(hit)} of them, such as {_examples(hit)}"
        for term, hit in stopped.items()
    ]
    told = fitting(lines[:_LINES_TOLD], 1500, total=len(lines))
    return f"{_COMMON.format(tried=tried)}\n{told}"


def _examples(prompts: Sequence[str]) -> str:
    return " and ".join(f"“{plain(prompt, 60)}”" for prompt in prompts[:2])


def strangers(ids: Sequence[int]) -> str:
    """Channels and roles that a file names and the server does not have."""
    told = fitting([f"`{id_}`" for id_ in ids[:_LINES_TOLD]], 300, total=len(ids))
    return f"⚠️ This server has no channel or role with these ids:\n{told}"


def faulty_lines(faults: Iterable[LineFault]) -> str:
    """Which lines of a list could not be taken."""
    told = [f"- line {fault.line}: {fault.why}" for fault in faults]
    shown = fitting(told[:_LINES_TOLD], 1500, total=len(told))
    return f"⚠️ I have changed nothing yet, because I cannot take these lines:\n{shown}"


def term_lines(lines: Iterable[str], limit: int) -> str:
    """Lines of a word list, as they are and without markdown."""
    return fitting([f"- {plain(line)}" for line in lines], limit)


GALLERY = (
    "Pictures that members like are shown in this channel, each once, with who asked for them and "
    "a link. Nothing of a channel that not everybody there can read, nothing private, and nothing "
    "that may not be shown there; what is deleted leaves it. Pictures of the last 7 days count."
)
GALLERY_FROM = (
    "**Votes**: 👍 less 👎 that a picture needs. What people vote on their own is left out."
)


def votes(count: int) -> str:
    """How many votes are needed."""
    return "1 vote" if count == 1 else f"{count} votes"

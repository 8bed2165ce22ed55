"""What moderators read on the pages of `/policy panel`, and what is answered to their presses.

Called by `cogs/governing`. Pure text; where and by whom it is read is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.domain import Layer, RuleId, Ruling
from bot.policy.arrangements import StrikeTerms
from bot.policy.editing import is_adjustable
from bot.policy.effect import Audience, Effect
from bot.policy.layers import EffectivePolicy, GuildPolicy, PolicyLine, RoleTerms
from bot.policy.rulebook import SERVER, Rule
from bot.policy.term_lists import LineFault
from bot.words.differences import role_terms_in_words
from bot.words.effects import FORGOTTEN_MEMBER, in_words, layer_in_words
from bot.words.speaking import Message, aside, labelled, listed, number, say, sentences, tally
from bot.words.wording import cited, fitting, plain

GONE = Message("This no longer exists, so there was nothing to change. Here is what there is.")
NOTHING_CHANGED = Message("Nothing changed: it was like that already.")
STATED = Message(
    "Everybody who accepts the licence promises this. No prompt can show whether they keep it, so "
    "there is nothing to set."
)
LOCKED = Message("This is the same in every server and can't be changed.")
STALE = Message(
    "Somebody changed the policy while you were looking at it, so I haven't made your change. This "
    "is what they changed; look again, and decide."
)
#: What an exemption from the rule `server` means.
ALL_OWN_TERMS = Message("every blocked word of this server (later ones too)")
NO_LOG = Message("Nothing has been changed yet.")
NOT_EVERYONE = Message(
    "Everybody has this role, so everybody would decide. Please choose another one."
)
UNSEEN_CHANNEL = Message(
    "I can't write in {channel}, because I don't see it. Let me view it, or choose another channel."
)
NO_WRITING = Message(
    "I can't write in {channel} without these permissions: {names}. Give them to me there first, "
    "or choose another channel."
)
KEPT = Message("-# What you wrote is in this file, so nothing is lost.")
AGAIN = Message("Press *Edit again* to go on from there.")
NOTHING_TO_TRY = Message("Please give me a prompt, or the ID of a picture.")
NO_TERM = Message("I can't block this: {why}.")
BLOCKED_ALREADY = Message("“{term}” is blocked already.")
NOT_BLOCKED = Message("“{term}” isn't blocked.")
LIST_FULL = Message(
    "A server can block at most {most} words and phrases: please unblock some first."
)
NO_EMOJI = Message(
    "Please give me two emoji that I can use: ordinary ones, or custom emoji of this server."
)
_COMMON = Message(
    "⚠️ **Harmless prompts would be stopped too.** I tried your words on {tried} prompts that have "
    "nothing wrong with them, and have blocked nothing yet:"
)
NO_ROLE_EXEMPT = Message(
    "-# No role is exempt from what is fixed in every server or what the model's licence asks for."
)
DECIDE_WITH = Message("Members with **Manage Server** decide, and members with {role}.")
DECIDE_ALONE = Message("Members with **Manage Server** decide; no role decides with them.")
HOW_TO_SHOW = Message(
    "-# Discord shows `/policy` to that role once you allow it in *Server Settings*, "
    "*Integrations*."
)
REVIEW_CHANNEL = Message(
    "**Review channel**: where held pictures, reports and appeals go. Now: {channel}."
)
LOG_CHANNEL = Message(
    "**Log channel**: where I report every change, alert and removal. Now: {channel}."
)
VOTES_WITH = Message("Votes are now given with {up} and {down}.")
DELETED_CHANNEL, DELETED_ROLE = Message("a deleted channel"), Message("a deleted role")
DELETED = Message("deleted")
SOMEBODY_WITH = Message("a member with {role}")
SOMEBODY = Message("a member without a special role")
SAVED = Message("✅ **Saved.**")
UNDONE = Message("↩️ **Undone**: the last change. What was → what is now:")
UNDONE_FIRST = Message("There is nothing to undo: this is how every server begins.")

_UNDONE_CHANGE = Message("↩️ **Undone**: the change by {who} {at}. What was → what is now:")
#: Changes that have a name of their own, by the word that the log has for them.
_UNDONE = {
    "undo": Message("↩️ **Undone**: the undo by {who} {at}. What was → what is now:"),
    "import": Message("↩️ **Undone**: the import by {who} {at}. What was → what is now:"),
}
_NOTHING_YET = Message("⚠️ I have changed nothing yet:")
_STRANGERS = Message("⚠️ This server has no channel or role with these ids:")
_FAULTY_LINES = Message("⚠️ I have changed nothing yet, because I can't take these lines:")
_CLAUSE = Message("-# It comes from the model's licence: clause {clause} of Attachment A.")
_IS_CLAUSE = Message("It is clause {clause} of the model's licence.")
_NO_PAUSE = Message("none", context="pause")
_IMPOSSIBLE = Message("⚠️ I have changed nothing, because a policy can't say this:")
#: The most that a page says beside its menus; a page has 4,000 characters.
_LIST_CHARS = 2600
_LINES_MAX, _SAVED_CHARS = 8, 900

_SIGNS: Mapping[Ruling, str] = {
    Ruling.ALLOW: "✅",
    Ruling.SPOILER: "🙈",
    Ruling.HOLD: "✋",
    Ruling.REFUSE: "⛔",
}
_GROUPS: Mapping[str, Message] = {
    "🔒": Message("Never, in any server"),
    "⛔": Message("Refused"),
    "✋": Message("Held until a moderator approves"),
    "🙈": Message("Behind a spoiler"),
    "🔞": Message("In age-restricted channels only"),
    "✅": Message("Allowed"),
    "📜": Message("Promised with the licence (no prompt can show it)"),
}
#: The groups of rules that no server sets.
_FIXED = ("🔒", "📜")
RULING_LABELS: Mapping[Ruling, tuple[Message, Message]] = {
    Ruling.ALLOW: (Message("Allow"), Message("It is drawn and shown")),
    Ruling.SPOILER: (
        Message("Behind a spoiler"),
        Message("It is drawn and shown behind Discord's spoiler"),
    ),
    Ruling.HOLD: (Message("Hold"), Message("It is drawn, and shown once a moderator approves it")),
    Ruling.REFUSE: (Message("Refuse"), Message("It is not drawn, and the member learns why")),
}
AUDIENCE_LABELS: Mapping[Audience, tuple[Message, Message]] = {
    Audience.EVERYBODY: (Message("Everybody"), Message("In every channel")),
    Audience.ADULTS: (Message("Adults only"), Message("In age-restricted channels only")),
}
PRESETS: Mapping[str, Message] = {
    "family": Message("The strictest, for servers with young members"),
    "standard": Message("What every server starts with"),
    "age-restricted": Message("For servers of adults"),
}


def impossible(faults: Sequence[str]) -> str:
    """What no policy may say."""
    lines = fitting([f"- {plain(fault, 200)}" for fault in faults[:_LINES_MAX]], 900)
    return f"{_IMPOSSIBLE()}\n{lines}"


def changed(head: str, changes: Sequence[str]) -> str:
    """A change was made; a line for each part of it, before and after."""
    return f"{head}\n" + fitting([f"- {line}" for line in changes], _SAVED_CHARS)


def undone(actor_id: int | None, action: str, at_ms: int) -> str:
    """Whose change was undone, and when it was made; says so if it was an undo itself."""
    who = f"<@{actor_id}>" if actor_id else FORGOTTEN_MEMBER()
    return _UNDONE.get(action, _UNDONE_CHANGE)(who=who, at=f"<t:{at_ms // 1000}:R>")


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
    lines = [
        labelled(f"{s} **{_GROUPS[s]()}**", " · ".join(titles))
        for s, titles in found.items()
        if titles
    ]
    return "\n".join(lines)


def _short_line(rule: Rule, effect: Effect) -> str:
    shown = effect.ruling in {Ruling.SPOILER, Ruling.HOLD}
    adults = shown and effect.audience is Audience.ADULTS
    return say(rule.title) + (aside("🔞") if adults else "")


def state(policy: EffectivePolicy) -> str:
    """Whether the bot draws here at all."""
    if policy.guild.paused:
        return say("⏸️ I am **paused** in the whole server.")
    if not policy.enabled:
        who = layer_in_words(policy.enabled_by)
        return say("⏸️ I am **switched off** here ({who}).", who=who)
    return say("▶️ I am **switched on** here.")


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
    return _rule_with(rule, line.effect) + who


def _rule_with(rule: Rule, effect: Effect) -> str:
    """The sign and the title of a rule, and what follows from it."""
    return labelled(f"{sign_of(rule, effect)} **{say(rule.title)}**", in_words(effect))


def rule_page(rule: Rule, line: PolicyLine, written: Effect | None, below: PolicyLine) -> str:
    """One rule, and how it comes to what holds."""
    parts = [f"## {say(rule.title)}", say(rule.summary)]
    if rule.clause:
        parts.append(_CLAUSE(clause=rule.clause))
    who = listed([layer_in_words(layer) for layer in line.layers])
    holds = in_words(line.effect)
    parts.append(say("**In effect**: {effect} ({who}).", effect=holds, who=who))
    if Layer.LICENCE in line.layers:
        parts.append(
            say("The model's licence asks for this, so nothing that you set here can lower it.")
        )
    if written is None:
        parts.append(say("Nothing is set here yet; choose below."))
    else:
        otherwise = in_words(below.effect)
        parts.append(
            say(
                "**Set here**: {effect}. Without that: {otherwise}.",
                effect=in_words(written),
                otherwise=otherwise,
            )
        )
    parts.append(say("**Members are advised**: {advice}", advice=say(rule.advice)))
    return "\n".join(parts)


def fixed_page(rule: Rule) -> str:
    """A rule that no server sets."""
    clause = " " + _IS_CLAUSE(clause=rule.clause) if rule.clause else ""
    sign, why = ("🔒", LOCKED()) if rule.floor else ("📜", STATED())
    return f"## {sign} {say(rule.title)}\n{say(rule.summary)}\n{why}{clause}"


def preset_page(name: str, effects: Mapping[RuleId, Effect], rules: Mapping[RuleId, Rule]) -> str:
    """What a preset makes of every rule that can be changed."""
    lines = [
        _rule_with(rule, effects[rule_id]) for rule_id, rule in rules.items() if is_adjustable(rule)
    ]
    about = say(PRESETS.get(name, ""))
    return f"## {preset(name)}\n{about}\n{fitting(lines, _LIST_CHARS)}"


def preset(name: str) -> str:
    """What a preset is called."""
    return say("Preset {name}", name=name)


def rules_of(scope: str) -> str:
    """What stands over the rules of a server or a channel."""
    return say("Rules of {place}", place=scope)


def role_summary(terms: RoleTerms, titles: Mapping[RuleId, str]) -> str:
    """What the members with a role may."""
    titles = {**titles, SERVER: ALL_OWN_TERMS}
    exempt = [say(titles.get(rule, rule)) for rule in sorted(terms.exempt)]
    return role_terms_in_words(terms, exempt) or say("the same as everybody")


def role_members(terms: RoleTerms, titles: Mapping[RuleId, str]) -> str:
    """The same as a sentence, on the role's own page."""
    return say("Members with this role: {what}.", what=role_summary(terms, titles))


def members_page(policy: GuildPolicy) -> str:
    """Strikes, cooldown and pictures a day."""
    terms = policy.strikes
    strikes = (
        _strikes(terms)
        if terms.limit
        else say("Strikes are counted, but nothing follows from them.")
    )
    most = policy.per_day_max
    day = say("as many as they like") if most is None else f"**{number(most)}**"
    seconds = say("{count} s", count=number(policy.cooldown_s))
    pause = f"**{seconds}**" if policy.cooldown_s else _NO_PAUSE()
    lines = [
        f"## {say('Members')}\n{strikes}\n",
        say("Pictures for one member in 24 hours: {count}.", count=day),
        say("Pause between two requests of one member: {time}.", time=pause),
        say(
            "-# A role can have limits of its own; with several roles, the most generous one "
            "counts."
        ),
    ]
    return "\n".join(lines)


def _strikes(terms: StrikeTerms) -> str:
    return sentences(
        tally(
            "At **{count}** strike a member can't ask me for pictures for **{time}**.",
            "At **{count}** strikes a member can't ask me for pictures for **{time}**.",
            terms.limit,
            time=say("{count} min", count=number(terms.timeout_minutes)),
        ),
        tally(
            "A strike expires after **{count}** day.",
            "A strike expires after **{count}** days.",
            terms.expire_days,
        ),
    )


def no_number(label: str, least: int, most: int, written: str) -> str:
    """A field of a form that wants a number and got something else."""
    return say(
        "**{label}** has to be a whole number from {least} to {most}, not “{written}”.",
        label=label,
        least=number(least),
        most=number(most),
        written=plain(written),
    )


def no_numbers(faults: Sequence[str]) -> str:
    """Everything that is wrong in a form."""
    lines = "\n".join(f"- {fault}" for fault in faults)
    return f"{_NOTHING_YET()}\n{lines}"


def common_terms(stopped: Mapping[str, Sequence[str]], tried: int) -> str:
    """Blocked words that harmless prompts contain, with examples; empty if there are none."""
    if not stopped:
        return ""
    lines = [
        "- "
        + say(
            "“{term}” stops {count} of them, such as {examples}",
            term=plain(term),
            count=number(len(hit)),
            examples=_examples(hit),
        )
        for term, hit in stopped.items()
    ]
    shown = fitting(lines[:_LINES_MAX], 1500, total=len(lines))
    return f"{_COMMON(tried=number(tried))}\n{shown}"


def _examples(prompts: Sequence[str]) -> str:
    return listed([cited(prompt, 60) for prompt in prompts[:2]])


def missing_ids(ids: Sequence[int]) -> str:
    """Channels and roles that a file names but the server does not have."""
    lines = fitting([f"`{id_}`" for id_ in ids[:_LINES_MAX]], 300, total=len(ids))
    return f"{_STRANGERS()}\n{lines}"


def faulty_lines(faults: Iterable[LineFault]) -> str:
    """Which lines of a list could not be taken."""
    told = [f"- {say('line {line}: {why}', line=fault.line, why=fault.why)}" for fault in faults]
    shown = fitting(told[:_LINES_MAX], 1500, total=len(told))
    return f"{_FAULTY_LINES()}\n{shown}"


def term_lines(lines: Iterable[str], limit: int) -> str:
    """Lines of a word list, as they are and without markdown."""
    return fitting([f"- {plain(line)}" for line in lines], limit)


GALLERY = Message(
    "Pictures that members like are shown in this channel, each once, with who asked for them and "
    "a link. I leave out pictures from channels that not everybody there can read, private ones "
    "and any that may not be shown there; deleted ones leave it. Pictures of the last 7 days count."
)
GALLERY_CHANNEL = Message("Now: {channel}.")
GALLERY_FROM = Message(
    "**Votes** that a picture needs: 👍 minus 👎. Votes on your own pictures don't count."
)


def votes(count: int) -> str:
    """How many votes are needed."""
    return tally("{count} vote", "{count} votes", count)

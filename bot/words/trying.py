"""What moderators read of a try: what would happen to a prompt or a picture, and why. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import Refused, Ruling
from bot.policy.decide import Weighed
from bot.policy.effect import Audience
from bot.policy.layers import EffectivePolicy, title_of
from bot.policy.rulebook import SERVER
from bot.policy.showing import Shown
from bot.words.effects import FORGOTTEN_MEMBER, in_words, layer_in_words
from bot.words.panel import ALL_OWN_TERMS, sign_of
from bot.words.speaking import Message, and_more, aside, enumerated, labelled, say, sentences
from bot.words.wording import cited, fit, fitting, quoted

NOTHING_DRAWN = Message("-# Nothing was drawn, and nothing was written down.")
UNKNOWN_DECISION = Message(
    "I can't find that decision in this server. A picture's ID is below the picture, a refusal's "
    "in its last line. I forget decisions after a while."
)
UNKEPT_WORDS = Message("-# The words of the prompt aren't kept with a decision.")
NO_PICTURE = Message("I can't find that picture in this server.")

_ABOUT = Message("**What was decided** about a request of {who} in {where}:")
_ABOUT_WITH = Message(
    "**What was decided** about a request of {who} in {where}, with the model {model}:"
)
_WOULD = {
    Ruling.ALLOW: Message("✅ **It would be drawn and shown.**"),
    Ruling.SPOILER: Message("🙈 **It would be drawn and shown behind a spoiler.**"),
    Ruling.HOLD: Message("✋ **It would be drawn, and held until a moderator approves it.**"),
}
_REFUSED = Message("⛔ **It would be refused.**")
_ADULTS = Message("🔞 **It would be refused here, and drawn in an age-restricted channel.**")
_WORDS, _WORD_CHARS, _LINES_CHARS = 5, 60, 700


def prompt_tried(
    where: str, who: str, policy: EffectivePolicy, weighed: Weighed, refused: Refused | None
) -> str:
    """What would happen to a prompt, by which rules, and what its member would read."""
    parts = [say("In {where}, asked by {who}:", where=where, who=who), _would(weighed, refused)]
    if weighed.found:
        parts.append(_reasons(policy, weighed))
    if refused is not None:
        parts.append(f"{say('The member would read:')}\n{quoted(refused.text)}")
    if weighed.effect.strike and refused is not None:
        parts.append(say("It would count as a strike."))
    return fit("\n".join([*parts, NOTHING_DRAWN()]))


def _would(weighed: Weighed, refused: Refused | None) -> str:
    effect = weighed.effect
    if refused is None:
        return _WOULD[effect.ruling]()
    for_others = effect.audience is Audience.ADULTS and effect.ruling is not Ruling.REFUSE
    return _ADULTS() if for_others and weighed.found else _REFUSED()


def _reasons(policy: EffectivePolicy, weighed: Weighed) -> str:
    lines: list[str] = []
    for rule_id in sorted({finding.rule for finding in weighed.found}):
        rule = policy.rulebook.rules.get(rule_id)
        effect = max(
            (e for f, e in weighed.found.items() if f.rule == rule_id),
            key=lambda e: (e.ruling, e.audience),
        )
        line = policy.lines.get(rule_id)
        who = aside(layer_in_words(line.layer)) if line else ""
        if rule_id in policy.exempt and rule_id == SERVER:
            who = " " + say("(a role is exempt from {what})", what=ALL_OWN_TERMS())
        where = "" if rule and rule.floor else _found(weighed.words(rule_id))
        title = f"{sign_of(rule, effect)} **{title_of(policy.rulebook, rule_id)}**"
        lines.append("- " + labelled(title, in_words(effect) + who + where))
    return fitting(lines, _LINES_CHARS)


def _found(words: tuple[str, ...]) -> str:
    """Where it was found; never shown for a floor rule, or people would spell around it."""
    shown = enumerated(cited(word, _WORD_CHARS) for word in words[:_WORDS])
    if not shown:
        return ""
    whole = and_more(shown, max(0, len(words) - _WORDS))
    return say(", ") + say("found in {words}", words=whole)


def picture_tried(where: str, outcome: Shown | Refused) -> str:
    """Whether a picture would be shown, and how."""
    if isinstance(outcome, Refused):
        head_line = say("⛔ **It would not be shown.** Whoever asks would read:")
        answer = f"{head_line}\n{quoted(outcome.text)}"
    elif outcome.spoiler:
        answer = say("🙈 **It would be shown behind a spoiler.**")
    else:
        answer = say("✅ **It would be shown.**")
    head = say("The picture in {where}:", where=where)
    return fit(f"{head}\n{answer}\n{NOTHING_DRAWN()}")


#: What was to be decided, and what came of it, by the words that the database holds.
_KINDS = {
    "admit": Message("The request"),
    "release": Message("The finished picture"),
    "show": Message("Shown again"),
    "moderation": Message("The case"),
    "held": Message("The held picture"),
    "report": Message("The report"),
    "appeal": Message("The appeal"),
}
_OUTCOMES = {
    "allow": Message("let through"),
    "spoiler": Message("put behind a spoiler"),
    "hold": Message("held for the moderators"),
    "refuse": Message("refused", context="decision"),
    "withhold": Message("shown to nobody"),
    "approve": Message("approved"),
    "remove": Message("removed"),
    "remove_and_time_out": Message("removed, and its member timed out"),
    "dismiss": Message("left as it is"),
    "uphold": Message("granted, so it is drawn"),
    "decline": Message("declined, so the refusal stands"),
    "lapse": Message("nobody decided in time"),
}


def decision_line(
    *, kind: str, outcome: str, rules: str, layer: str, why: str, actor_id: int | None, at_ms: int
) -> str:
    """One decision: what came of it, by which rules, who says so, and why in words.

    `rules` are titles, `layer` who said the strictest of them, `actor_id` the moderator.
    """
    what, came = say(_KINDS.get(kind, kind)), say(_OUTCOMES.get(outcome, outcome))
    return sentences(
        labelled(f"- <t:{at_ms // 1000}:f> {what}", say("{what}.", what=f"**{came}**")),
        say("By {who}.", who=f"<@{actor_id}>") if actor_id else "",
        say("Rule: {rules}.", rules=rules + (aside(layer) if layer else "")) if rules else "",
        why,
    )


def explained(about: str, lines: Sequence[str]) -> str:
    """Every decision about one thing, below the line that says what it is."""
    if not lines:
        return UNKNOWN_DECISION()
    return fitting([about, *lines, UNKEPT_WORDS()])


def asked_by(user_id: int | None, channel_id: int, card_id: str) -> str:
    """Who asked, where, and which model."""
    message = _ABOUT_WITH if card_id else _ABOUT
    who = f"<@{user_id}>" if user_id else FORGOTTEN_MEMBER()
    return message(who=who, where=f"<#{channel_id}>", model=card_id)

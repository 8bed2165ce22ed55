"""The panel's pages about channels, categories, roles, and who moderates.

Each page is drawn afresh from the desk. `deeds.py` carries out its presses.
"""

from __future__ import annotations

from collections.abc import Mapping

from discord import ButtonStyle, ChannelType, ui

from bot.domain import ChannelId, Layer, RoleId
from bot.policy.editing import Scope, adjustable_rules, overrides_at, role_terms, scope_of
from bot.policy.layers import Overrides
from bot.policy.rulebook import OWN_TERMS, SERVER
from bot.words import panel as words
from bot.words.differences import NO_CHANNEL
from bot.words.speaking import capitalised, enumerated, labelled, say, tally
from bot.words.wording import fitting
from cogs.governing.controls import (
    OPTIONS_MAX,
    Option,
    Part,
    button,
    channel_menu,
    line,
    menu,
    page,
    press_id,
    role_menu,
    row,
    text,
)
from cogs.governing.desk import Desk
from cogs.governing.outlook import review_warnings
from cogs.governing.pages import Page, home_row, note_parts

#: Channels where the bot can be used, and the categories above them.
USABLE_CHANNEL_TYPES = (
    ChannelType.text,
    ChannelType.news,
    ChannelType.voice,
    ChannelType.stage_voice,
    ChannelType.forum,
)
_LIST_CHARS = 2400


def places(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """Every channel and category with settings of its own."""
    del args
    known = _scopes_of(desk)
    lines = [
        labelled(f"- {desk.scope_name(scope)}", _scope_summary(desk, scope)) for scope in known
    ]
    listed = fitting(lines, _LIST_CHARS) or say("The same rules apply in every channel.")
    only = (
        "\n\n" + say("I draw **only** in the channels that are marked “on the list” above.")
        if desk.policy.only_channels
        else ""
    )
    return page(
        *note_parts(note),
        text(f"## {say('Channels and categories')}\n{listed}{only}"),
        line(),
        channel_menu("Open a channel …", press_id("open", desk.version, "place", "c"),
                     USABLE_CHANNEL_TYPES),
        channel_menu("Open a category …", press_id("open", desk.version, "place", "k"),
                     [ChannelType.category]),
        *_scope_menu(desk, known),
        home_row(desk),
    )  # fmt: skip


def _scopes_of(desk: Desk) -> list[Scope]:
    """Categories with settings, then such channels, then others on the channel list."""
    policy = desk.policy
    categories = [Scope(layer=Layer.CATEGORY, id=i) for i in policy.categories]
    channels = [Scope(layer=Layer.CHANNEL, id=i) for i in policy.channels]
    configured = {scope.id for scope in (*categories, *channels)}
    rest = [desk.scope_of_id(i) for i in sorted(policy.only_channels - configured)]
    return [*categories, *channels, *rest]


def _scope_summary(desk: Desk, scope: Scope) -> str:
    written = overrides_at(desk.policy, scope)
    parts = {
        True: [say("switched on")],
        False: [say("switched off")],
        None: list[str](),
    }[written.enabled]
    if written.effects:
        count = len(written.effects)
        parts = [*parts, tally("{count} rule differs", "{count} rules differ", count)]
    if scope.id in desk.policy.only_channels:
        parts = [*parts, say("on the list")]
    return enumerated(parts)


def _scope_menu(desk: Desk, known: list[Scope]) -> list[Part]:
    """A menu of places with settings, including deleted ones."""
    options = [
        Option(
            label=desk.plain_name(scope.id or 0),
            value=scope.key(),
            about=_scope_summary(desk, scope),
        )
        for scope in known[:OPTIONS_MAX]
    ]
    opening = press_id("open", desk.version, "place", "known")
    return [menu("Open one of these places …", opening, options)] if options else []


def place(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """One channel or category: on or off, its rules, and the list of allowed channels."""
    scope = _chosen_scope(args)
    if scope is None or scope.id is None:
        return places(desk, (), note)
    written = overrides_at(desk.policy, scope)
    listed = scope.id in desk.policy.only_channels
    here = desk.effective_at(scope)
    rules = [
        words.rule_line(desk.rulebook.rules[rule], here.lines[rule])
        for rule in written.effects
        if rule in here.lines and rule in desk.rulebook.rules
    ]
    rules_text = fitting(rules, _LIST_CHARS) or say(
        "The same rules apply here as in the rest of the server."
    )
    return page(
        *note_parts(note),
        text(f"## {desk.scope_name(scope)}\n{words.state(here)}\n{rules_text}"),
        line(),
        menu("On or off here", press_id("enabled", desk.version, scope.key()),
             _switch_options(written)),
        row(
            button("Rules of this place",
                   press_id("open", desk.version, "rules", scope.key()), ButtonStyle.primary),
            button(_channel_list_label(desk, listed),
                   press_id("only", desk.version, scope.key(), int(not listed))),
            button("Reset this place", press_id("clear", desk.version, scope.key()),
                   ButtonStyle.danger, disabled=written == Overrides()),
        ),
        row(
            button("← Channels and categories", press_id("open", desk.version, "places")),
            button("← Back to the start", press_id("open", desk.version, "home")),
        ),
    )  # fmt: skip


def _channel_list_label(desk: Desk, listed: bool) -> str:  # noqa: FBT001  a plain fact
    if listed:
        return say("Take it off the list")
    return say("Put it on the list, too") if desk.policy.only_channels else say("Draw only here")


def _chosen_scope(args: tuple[str, ...]) -> Scope | None:
    """The scope from `c` and a chosen id, `known` and a key, or a key alone.

    None if none was chosen.
    """
    last = args[-1]
    if last in {"c", "k", "known"}:
        return None
    return scope_of(last if len(args) == 1 or args[0] == "known" else args[0] + last)


def _switch_options(written: Overrides) -> list[Option]:
    return [
        Option(
            label=say("As in the rest of the server"), value="none", chosen=written.enabled is None
        ),
        Option(label=say("On"), value="on", chosen=written.enabled is True),
        Option(label=say("Off"), value="off", chosen=written.enabled is False),
    ]


def roles(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """Every role with terms of its own."""
    del args
    titles = {rule.id: rule.title for rule in desk.rulebook.rules.values()}
    lines = [
        labelled(f"- {desk.role_name(role)}", words.role_summary(terms, titles))
        for role, terms in desk.policy.roles.items()
    ]
    roles_text = fitting(lines, _LIST_CHARS) or say("No role has exemptions or limits of its own.")
    options = [
        Option(label=desk.plain_name(role), value=str(role))
        for role in list(desk.policy.roles)[:OPTIONS_MAX]
    ]
    opening = press_id("open", desk.version, "role", "known")
    return page(
        *note_parts(note),
        text(f"## {say('Roles')}\n{roles_text}"),
        line(),
        role_menu("Open a role …", press_id("open", desk.version, "role")),
        *([menu("Open one of these roles …", opening, options)] if options else []),
        home_row(desk),
    )


def role(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """One role: its exemptions and its numbers."""
    if not args or not args[-1].isdecimal():
        return roles(desk, (), note)
    role_id = RoleId(int(args[-1]))
    terms = role_terms(desk.policy, role_id)
    titles = {rule.id: rule.title for rule in desk.rulebook.rules.values()}
    options = [
        Option(label=say(found.title), value=found.id, chosen=found.id in terms.exempt)
        for found in adjustable_rules(desk.rulebook)[: OPTIONS_MAX - 1]
    ]
    options.append(
        Option(
            label=say(OWN_TERMS.title),
            value=SERVER,
            about=capitalised(words.ALL_OWN_TERMS()),
            chosen=SERVER in terms.exempt,
        )
    )
    return page(
        *note_parts(note),
        text(f"## {desk.role_name(role_id)}\n{words.role_members(terms, titles)}"),
        text(words.NO_ROLE_EXEMPT()),
        line(),
        menu("Exempt them from rules …", press_id("exempt", desk.version, role_id),
             options, several=True),
        row(
            button("Limits …", press_id("form", desk.version, "role", role_id),
                   ButtonStyle.primary),
            button("Reset this role", press_id("norole", desk.version, role_id),
                   ButtonStyle.danger, disabled=role_id not in desk.policy.roles),
        ),
        row(
            button("← Roles", press_id("open", desk.version, "roles")),
            button("← Back to the start", press_id("open", desk.version, "home")),
        ),
    )  # fmt: skip


def members(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """Strikes, cooldown and pictures a day."""
    del args
    change = button("Change …", press_id("form", desk.version, "members"), ButtonStyle.primary)
    return page(*note_parts(note), text(words.members_page(desk.policy)), home_row(desk, change))


def staff(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """The moderators' role, and their channels with any problems there."""
    del args
    policy = desk.policy
    closed = desk.channel_problem(policy.log_channel)
    role = policy.moderator_role
    who = words.DECIDE_WITH(role=desk.role_name(role)) if role else words.DECIDE_ALONE()
    return page(
        *note_parts(note),
        text(f"## {say('Moderators')}\n{who}\n{words.HOW_TO_SHOW()}"),
        role_menu("A role that decides, too", press_id("modrole", desk.version),
                  _known_role(desk, role)),
        text(words.REVIEW_CHANNEL(channel=_channel_text(desk, policy.review_channel))
             + _review_problems(desk)),
        channel_menu("Review channel", press_id("review", desk.version), [ChannelType.text],
                     _known_channel(desk, policy.review_channel)),
        text(words.LOG_CHANNEL(channel=_channel_text(desk, policy.log_channel))
             + (f"\n⚠️ {closed}" if closed else "")),
        channel_menu("Log channel", press_id("log", desk.version), [ChannelType.text],
                     _known_channel(desk, policy.log_channel)),
        home_row(desk),
    )  # fmt: skip


#: The choices for the votes a picture needs to enter the gallery.
_GALLERY_VOTES = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50)


def gallery(desk: Desk, args: tuple[str, ...], note: str) -> ui.LayoutView:
    """The gallery channel for liked pictures, and how many votes they need."""
    del args
    terms = desk.policy.gallery
    closed = desk.channel_problem(terms.channel)
    options = [
        Option(label=words.votes(votes), value=str(votes), chosen=votes == terms.votes)
        for votes in sorted({*_GALLERY_VOTES, terms.votes})
    ]
    return page(
        *note_parts(note),
        text(f"## {say('Gallery')}\n{words.GALLERY()}\n"
             + words.GALLERY_CHANNEL(channel=_channel_text(desk, terms.channel))
             + (f"\n⚠️ {closed}" if closed else "")),
        channel_menu("Gallery channel", press_id("gallery", desk.version), [ChannelType.text],
                     _known_channel(desk, terms.channel)),
        text(words.GALLERY_FROM()),
        menu("Votes", press_id("votes", desk.version), options),
        home_row(desk),
    )  # fmt: skip


def _review_problems(desk: Desk) -> str:
    """The problems of the review channel, one per line."""
    warnings = review_warnings(desk.guild, desk.policy) if desk.guild else []
    return "".join(f"\n⚠️ {warning}" for warning in warnings)


def _channel_text(desk: Desk, channel_id: ChannelId | None) -> str:
    return desk.channel_name(channel_id) if channel_id else NO_CHANNEL()


def _known_channel(desk: Desk, channel_id: ChannelId | None) -> int | None:
    """The channel's id if it exists; Discord rejects a menu preset to a deleted channel."""
    return channel_id if channel_id and desk.channel(channel_id) else None


def _known_role(desk: Desk, role_id: RoleId | None) -> int | None:
    return role_id if role_id and desk.guild and desk.guild.get_role(role_id) else None


PLACE_PAGES: Mapping[str, Page] = {
    "places": places,
    "place": place,
    "roles": roles,
    "role": role,
    "members": members,
    "gallery": gallery,
    "staff": staff,
}

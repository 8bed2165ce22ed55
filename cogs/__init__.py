"""Translation only: Discord in, domain out; domain in, Discord out.

`EXTENSIONS` is the list that `bot.client` loads by name; `bot` imports nothing from here.
"""

EXTENSIONS: tuple[str, ...] = (
    "cogs.asking.waifu",
    "cogs.posting.delivery",
    "cogs.posting.status",
    "cogs.asking.buttons",
    "cogs.asking.editing",
    "cogs.asking.presets",
    "cogs.asking.menus",
    "cogs.asking.helping",
    "cogs.asking.queue",
    "cogs.voting.votes",
    "cogs.voting.duels",
    "cogs.voting.parties",
    "cogs.governing.licence",
    "cogs.governing.policy",
    "cogs.governing.styles",
    "cogs.governing.logbook",
    "cogs.governing.privacy",
    "cogs.governing.review",
    "cogs.governing.reporting",
    "cogs.governing.appealing",
    "cogs.governing.moderating",
    "cogs.governing.purging",
    "cogs.governing.telling",
    "cogs.posting.takedown",
    "cogs.posting.spoilering",
    "cogs.posting.lost",
    "cogs.learning.learn",
)

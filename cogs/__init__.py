"""Translation only: Discord in, domain out; domain in, Discord out.

`EXTENSIONS` is the list that `bot.client` loads by name; `bot` imports nothing from here.
"""

EXTENSIONS: tuple[str, ...] = (
    "cogs.waifu",
    "cogs.delivery",
    "cogs.status",
    "cogs.buttons",
    "cogs.queue",
    "cogs.votes",
    "cogs.policy",
    "cogs.privacy",
    "cogs.takedown",
    "cogs.lost",
)

"""What `/help` says, the examples that it offers, and the answer to a mention. Pure text."""

from __future__ import annotations

from bot.words.speaking import Message, say
from models.contract import ModelInfo, Sampler

#: To be pressed; words that every model of anime pictures knows and the embedded one draws well.
EXAMPLES = (
    "1girl, blue hair, glasses, smile",
    "cat girl, pink hair, twintails, cherry blossoms",
    "1boy, black hair, green eyes, red scarf, smile",
)
TITLE = Message("Anime pictures, drawn for you")
HINT = Message(
    "Hi! I draw with `/waifu`, for example `/waifu prompt: 1girl, blue hair, smile`. "
    "`/help` shows what else I can do."
)
#: Discord tells no bot of a command that another one would have; so it is said where people look.
FROM_ELSEWHERE = Message("What other bots call `/imagine` is `/waifu` here.")
EXAMPLE_GONE = Message("I don't offer that example any more. `/help` shows the new ones.")
ABOUT = Message(
    "`/waifu prompt:` draws what you describe, best in Danbooru tags with commas between them. "
    "Others vote with 👍 and 👎, and the votes make the next model better."
)
_ASKING = Message(
    "`negative:` keeps things out, `aspect:` is the shape, `count:` draws up to {count}, `seed:` "
    "draws the same picture again, `style:` adds a style of this server's, `preset:` one of yours, "
    "`private: True` shows it to you alone. `--ar 16:9 --no hat` and settings pasted from other "
    "programs work, too."
)
_AFTER = Message(
    "Under each picture: *Again*, *Reroll* (a new seed), *Vary subtle* and *Vary strong*, "
    "*Upscale* (larger), *Edit*, *Favourite* (⭐, for `/history`), *Settings*, *Delete*, *Report*. "
    "*Draw like this* and *Settings* are in the menu of its message, too, under *Apps*."
)
_YOURS = Message(
    "`/preset` keeps your own defaults, `/queue` and `/cancel` are about what is in progress, "
    "`/history` and `/show` about what is done, `/votes` and `/duel` about the best, `/privacy` "
    "about what I store about you."
)
_MODEL = Message("{name}: {sizes}, up to {steps} steps, samplers {samplers}.")
_RULES = Message(
    "The model's licence: {licence}. {licence_command} shows its rules and its whole text. This "
    "server's moderators decide what is drawn here, and a refusal says which rule it was."
)
_MODERATING = Message("You can decide that too: {policy_command}.")
#: Under the picture of the examples.
EXAMPLES_SHOWN = Message("The three examples below, drawn by {model}")


def hint() -> str:
    """What a mention of the bot is answered with."""
    return f"{HINT()} {FROM_ELSEWHERE()}"


def fields(
    info: ModelInfo, *, licence_command: str, policy_command: str | None
) -> tuple[tuple[str, str], ...]:
    """The paragraphs of the help, each with its heading; the policy's is for who may use it."""
    sizes = ", ".join(f"{aspect} {w} x {h}" for aspect, (w, h) in info.sizes_px.items())
    samplers = ", ".join(sampler.label for sampler in Sampler)
    return (
        (say("Asking"), f"{_ASKING(count=info.limits.count_max)} {FROM_ELSEWHERE()}"),
        (say("Afterwards"), _AFTER()),
        (say("Yours"), _YOURS()),
        (
            say("The model"),
            _MODEL(name=info.name, sizes=sizes, steps=info.limits.steps_max, samplers=samplers),
        ),
        (say("Licence and rules"), _rules(info.licence_name, licence_command, policy_command)),
    )


def _rules(licence: str, licence_command: str, policy_command: str | None) -> str:
    rules = _RULES(licence=licence, licence_command=licence_command)
    if policy_command is None:
        return rules
    return f"{rules} {_MODERATING(policy_command=policy_command)}"

"""What `/help` says, the examples that it offers, and the answer to a mention. Pure text."""

from __future__ import annotations

from bot.words.asking import ASPECTS
from bot.words.speaking import Message, enumerated, say, sentences
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
    "- `negative:` what to keep out of the picture\n"
    "- `aspect:` square, portrait or landscape\n"
    "- `count:` up to {count} pictures to choose from\n"
    "- `seed:` the same seed draws the same picture again\n"
    "- `style:` a style of this server; `preset:` one of yours\n"
    "- `private: True` shows the pictures to you alone\n"
    "`--ar 16:9 --no hat` and settings pasted from other programs work, too. `/tags` shows the "
    "words that I know, `/surprise` makes up a prompt."
)
_AFTER = Message(
    "Press the buttons under a picture:\n"
    "- *Reroll*: the same words with a new seed\n"
    "- *Vary subtle*, *Vary strong*: more like this picture\n"
    "- *Edit*: change the words or the settings; *Upscale*: make it larger\n"
    "- *Favourite*: find it in `/history` again\n"
    "- *Delete*: take it away (a minute to undo it); *Report*: tell the moderators\n"
    "*Draw like this* and *Settings* are also in the menu of its message, under *Apps*."
)
_YOURS = Message(
    "- `/queue`, `/cancel`: what is in progress\n"
    "- `/history`, `/show`: your pictures\n"
    "- `/preset`: your own defaults\n"
    "- `/votes top`, `/duel`: the best pictures\n"
    "- `/privacy`: what I store about you"
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
    return sentences(HINT(), FROM_ELSEWHERE())


def fields(
    info: ModelInfo, *, licence_command: str, policy_command: str | None
) -> tuple[tuple[str, str], ...]:
    """The paragraphs of the help, each with its heading; the policy's is for who may use it."""
    sizes = enumerated(f"{ASPECTS[aspect]()} {w}x{h}" for aspect, (w, h) in info.sizes_px.items())
    samplers = enumerated(sampler.label for sampler in Sampler)
    return (
        (say("Asking"), f"{_ASKING(count=info.limits.count_max)}\n{FROM_ELSEWHERE()}"),
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
    return sentences(rules, _MODERATING(policy_command=policy_command))

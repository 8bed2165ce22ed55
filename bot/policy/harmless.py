"""Harmless prompts, and which of them a server's own terms would stop.

The cogs ask before a term is blocked, so that a moderator sees what a short or common word would
hit. The prompts were written for this list, are frozen, and come from no member. Pure; with ten
thousand terms it takes a second, so call it off the loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.policy.rulebook import SERVER, Rulebook
from bot.policy.screening import Screen, Term

#: A term that stops this many of the prompts is common.
COMMON = 3

PROMPTS = (
    "1girl, blue hair, glasses, smile",
    "1girl, solo, long hair, school uniform, cherry blossoms, looking at viewer",
    "1girl, silver hair, red eyes, black dress, moonlight",
    "1girl, cat ears, hoodie, holding a cup of coffee",
    "1girl, witch hat, broom, full moon, pumpkin, night sky",
    "1girl, kimono, umbrella, rain, lantern, street at night",
    "1girl, armor, sword, castle, wind, cape",
    "1girl, short hair, green eyes, freckles, overalls, sunflower field",
    "1girl, twintails, idol, stage lights, microphone, crowd",
    "1girl, nurse, clipboard, hospital corridor, gentle smile",
    "1girl, maid, tea set, mansion garden",
    "1girl, mechanic, goggles, oil stains, motorcycle, garage",
    "1girl, astronaut, earth in the background, floating, stars",
    "1girl, winter coat, scarf, snow, breath, train station",
    "1girl, swimsuit, beach, watermelon, blue sky, summer",
    "1girl, reading a book, library, window light, dust",
    "1girl, ponytail, tennis racket, sweat, determined",
    "1girl, violin, concert hall, elegant dress, eyes closed",
    "1girl, shrine maiden, autumn leaves, stairs, fox mask",
    "1girl, elf, forest, bow and arrow, braid, leaves",
    "1girl, vampire, fangs, rose, gothic window",
    "1girl, detective, trench coat, magnifying glass, foggy street",
    "1girl, gamer, headphones, neon lights, messy room",
    "1girl, baker, apron, bread, flour on cheek",
    "1girl, wheelchair, park bench, autumn, laughing",
    "1girl, hijab, city street, shopping bags, happy",
    "1girl, dark skin, curly hair, yellow dress, market",
    "1girl, old woman, knitting, fireplace, cat on lap",
    "2girls, holding hands, festival, fireworks, yukata",
    "2girls, sisters, sharing an ice cream, bench",
    "1boy, black hair, school uniform, rooftop, sunset",
    "1boy, knight, shield, battlefield, banner",
    "1boy, glasses, laboratory, flask, white coat",
    "1boy, basketball, jumping, gym, dynamic angle",
    "1boy, samurai, bamboo forest, katana, topknot",
    "1boy, guitar, stage, smoke, spotlight",
    "1boy, farmer, straw hat, rice field, morning",
    "1boy, beard, lumberjack, axe, mountains",
    "1boy, wizard, staff, glowing runes, robe",
    "1boy, chef, kitchen, knife, vegetables",
    "1boy, 1girl, couple, picnic, hill, spring",
    "1boy, 1girl, dancing, ballroom, chandelier",
    "family of four, dinner table, warm light, laughing",
    "grandfather and grandchild, fishing, lake at dawn",
    "group of friends, karaoke, neon, having fun",
    "mother and baby, blanket, sleeping, soft light",
    "no humans, cat sleeping on a windowsill, rain outside",
    "no humans, dog running on a beach, waves",
    "no humans, owl on a branch, night, stars",
    "no humans, red dragon on a mountain, clouds",
    "no humans, koi pond, lotus, top view",
    "no humans, steam train, snow, bridge",
    "no humans, bowl of ramen, steam, chopsticks",
    "no humans, cake with strawberries, plate, fork",
    "no humans, spaceship over a desert planet, two suns",
    "no humans, ruined temple in a jungle, light rays",
    "no humans, street of an old town, shop signs, evening",
    "no humans, lighthouse in a storm, big waves",
    "no humans, bookshelf, plants, cozy room",
    "no humans, robot in a field of flowers",
    "masterpiece, best quality, 1girl, white hair, wings, halo, sky",
    "masterpiece, highly detailed, cyberpunk city, rain, reflections",
    "chibi, 1girl, mage, big hat, sparkles, simple background",
    "watercolor, 1girl, garden, hydrangea, soft colors",
    "sketch, 1boy, portrait, charcoal, side view",
    "pixel art, forest, river, small house",
    "monochrome, manga, 1girl, crying, rain, close-up",
    "oil painting, ship at sea, storm, dramatic light",
    "ukiyo-e, mount fuji, waves, cherry tree",
    "a girl with blue hair sits on a swing under an old tree",
    "a boy and his dog are walking home through the snow",
    "a young woman drinks tea in a quiet café while it rains",
    "an old man feeds pigeons in front of a fountain",
    "a knight kneels before a queen in a hall full of light",
    "a little witch learns to fly on a broom that is too big for her",
    "a group of students is painting a mural on a school wall",
    "a tired office worker sleeps on the last train",
    "a mermaid looks up at the ship from the dark water",
    "a detective follows a trail of footprints in the snow",
    "a robot gives a flower to a child in a ruined city",
    "a cat is sitting on a pile of books and is looking at the moon",
    "a fox spirit with nine tails stands at the gate of a shrine",
    "a singer on a small stage, warm light, people listening",
    "a pirate captain at the wheel of her ship, smiling, in the wind",
    "a ballerina is practicing alone in front of a mirror",
    "a mountain village in the morning, fog, and a river",
    "a gardener waters roses on the roof of a tower block",
    "a painter in her studio, with colors on her hands and face",
    "a dragon sleeps on its gold and a mouse steals a coin",
    "the last bookshop in the city, at night, in the rain",
    "the view from a train window, rice fields and mountains",
    "the queen of winter in a dress made of ice",
    "two friends are building a snowman with a red scarf",
    "three cats are playing with a ball of wool on the floor",
    "portrait of a woman with short black hair and a scar on her cheek",
    "portrait of a king with a golden crown, in the style of an old painting",
    "close-up of a hand holding a seashell",
    "wide shot of a desert with a caravan under the stars",
    "what would it look like if cats could fly, cute, pastel colors",
    "my character as a space pirate with a red jacket",
    "her name is Aiko and she is a florist with a green apron",
    "summer festival, goldfish scooping, girl in a yukata, lanterns",
    "halloween party, costumes, candy, pumpkin lanterns",
    "christmas tree, presents, fireplace, girl in a red sweater",
    "new year, shrine visit, kimono, breath in the cold air",
    "rainy day, tram, umbrella, reflections on the street",
    "night market, food stalls, smoke, lights",
    "magical girl, transformation, ribbons, sparkles, wand",
    "mecha pilot, cockpit, helmet, red light",
    "angel and devil, arm wrestling, table, funny",
    "office lady, high heels, coffee, city at night",
    "bunny ears, cheerful, carrot, field, spring",
    "青い髪の女の子、眼鏡、笑顔、桜",
    "猫耳の少女がカフェで本を読んでいる",
    "夜の街、雨、傘をさした女性、ネオン",
    "黒髪の侍、竹林、月明かり",
    "小さな家と川のある山の風景",
    "蓝色头发的女孩，微笑，樱花树下",  # noqa: RUF001  as it is written
    "一只猫睡在窗台上，外面下着雨",  # noqa: RUF001  as it is written
    "파란 머리 소녀, 안경, 미소, 벚꽃",
    "비 오는 밤거리, 우산, 네온 불빛",
    "ein Mädchen mit blauen Haaren liest im Park ein Buch",
    "ein alter Mann und sein Hund am See im Nebel",
    "une fille aux cheveux bleus sous un cerisier en fleurs",
    "un chat dort sur une pile de livres près de la fenêtre",
    "una chica con gafas y pelo azul en una cafetería",
    "un castillo rojo sobre la montaña al amanecer",
    "uma menina com um guarda-chuva na chuva, cidade à noite",
    "um gato dormindo no sofá da sala",
    "девушка с синими волосами читает книгу у окна",  # noqa: RUF001  as it is written
    "старый замок в тумане, луна, вороны",
)


def prompts_stopped_by(rulebook: Rulebook, terms: Sequence[Term]) -> Mapping[str, tuple[str, ...]]:
    """The terms that are common, and the prompts that each would stop; the most common first."""
    screen = Screen(rulebook, terms)
    found: dict[str, list[str]] = {}
    for prompt in PROMPTS:
        for finding in screen.findings(prompt):
            if finding.rule == SERVER:
                found.setdefault(finding.words[0], []).append(prompt)
    common = {term: tuple(hit) for term, hit in found.items() if len(hit) >= COMMON}
    return dict(sorted(common.items(), key=lambda item: (-len(item[1]), item[0])))

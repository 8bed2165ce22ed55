"""The words behind the rules that hold everywhere: data for `screening.py`, nothing else.

Terms are written in normalised form (lower case, one space between words) and match whole words
only. What is on the floor no server can lower; the sexual terms are fine among adults in
age-restricted channels.
"""

from __future__ import annotations

#: Words that sexualise minors by themselves: refused in every context.
SEXUALISED_MINORS: frozenset[str] = frozenset({
    "loli", "lolis", "lolicon", "lolikon", "roricon", "rorikon", "shota", "shotas", "shotacon",
    "shotakon", "toddlercon", "toddlerkon", "oppai loli", "jailbait", "cunny", "pedo", "pedophile",
    "pedophilia", "paedophile", "paedophilia", "child porn", "child pornography", "kiddie porn",
    "csam", "underage sex", "lo li", "lo li con", "sho ta", "sho ta con",
    # The Russian words, as look-alikes fold them.
    "lolikoh", "shotakoh",
    "ロリ", "ロリコン", "ショタ", "ショタコン", "萝莉", "幼女",
})  # fmt: skip

#: What the law forbids or nobody may be shown in, whoever is drawn.
FORBIDDEN: frozenset[str] = frozenset({
    "rape", "raped", "raping", "gang rape", "gangrape", "bestiality", "zoophilia", "necrophilia",
    "snuff", "snuff film", "molestation", "molested", "non consensual", "nonconsensual", "noncon",
    "revenge porn", "deepfake porn",
})  # fmt: skip

#: People who are, or look like, minors. Harmless alone; never together with the words below.
MINORS: frozenset[str] = frozenset({
    "child", "children", "childlike", "kid", "kids", "toddler", "toddlers", "baby", "babies",
    "infant", "little girl", "little girls", "little boy", "little boys", "young girl",
    "young girls", "young boy", "young boys", "small girl", "small boy", "preteen", "pre teen",
    "preteens", "tween", "teen", "teens", "teenager", "teenagers", "teenage", "underage", "minor",
    "minors", "adolescent", "adolescents", "schoolgirl", "schoolgirls", "schoolboy", "school girl",
    "school boy", "kindergarten", "kindergartener", "elementary school", "elementary schooler",
    "elementary schoolgirl", "primary school", "middle school", "middle schooler", "junior high",
    "high school", "high schooler", "kogal", "aged down", "ageplay", "young looking", "child body",
    "小学生", "中学生", "高校生", "子供", "少女", "少年",
})  # fmt: skip

#: Phrases that name no minor although a word of `MINORS` is in them.
HARMLESS: frozenset[str] = frozenset({
    "baby blue", "baby pink", "baby bangs", "baby s breath", "kid icarus", "minor key",
    "ursa minor", "asia minor", "teenage mutant", "inner child",
})  # fmt: skip

#: Sexual content: for adults, in age-restricted channels only.
SEXUAL: frozenset[str] = frozenset({
    "nsfw", "r18", "nude", "nudes", "nudity", "naked", "completely nude", "topless",
    "bottomless", "undressed", "sex", "sexual", "having sex", "porn", "porno", "pornographic",
    "hentai", "ecchi hentai", "explicit", "rating explicit", "rating questionable", "erotic",
    "erotica", "nipple", "nipples", "areola", "areolae", "bare breasts", "exposed breasts",
    "breasts out", "penis", "penises", "cock", "cocks", "dick", "dicks", "vagina", "vaginal",
    "vulva", "pussy", "pussies", "clitoris", "anus", "anal", "anal sex", "pubic hair", "erection",
    "cum", "cumming", "cumshot", "cum on body", "cum on face", "bukkake", "semen", "ejaculation",
    "creampie", "blowjob", "fellatio", "oral sex", "cunnilingus", "handjob", "footjob", "paizuri",
    "masturbation", "masturbating", "fingering", "dildo", "vibrator", "orgasm", "ahegao",
    "gangbang", "threesome", "orgy", "doggystyle", "missionary position",
    "cowgirl position", "deepthroat",
    "bdsm", "bondage", "shibari", "spread legs", "spread pussy", "cameltoe", "futanari", "futa",
    "tentacle sex", "tentacle porn", "no panties", "no bra", "panties aside", "sex toy",
    "uncensored", "genitals", "genitalia", "エロ", "裸", "全裸", "セックス",
})  # fmt: skip

#: Suggestive content: fine for adults anywhere, and never with a minor.
SUGGESTIVE: frozenset[str] = frozenset({
    "sexy", "seductive", "sensual", "ecchi", "lewd", "lingerie", "underwear", "panties", "bra",
    "thong", "bikini", "micro bikini", "cleavage", "underboob", "sideboob", "see through",
    "wet shirt", "large breasts", "huge breasts", "gigantic breasts", "thighs apart", "ass",
    "ass focus", "groping", "upskirt", "pantyshot", "panty shot", "bedroom eyes", "in heat",
    "aroused", "arousal", "horny", "stripping", "undressing", "striptease", "kissing", "swimsuit",
    "school swimsuit", "naked apron", "garter belt", "dominatrix", "spanking",
})  # fmt: skip

#: Real people: never in sexual pictures.
REAL_PEOPLE: frozenset[str] = frozenset({
    "celebrity", "celebrities", "real person", "real people", "real life person", "actress",
    "actor", "politician", "influencer", "my ex", "my girlfriend", "my boyfriend", "my wife",
    "my husband", "my teacher", "my classmate", "my coworker", "my boss", "my sister", "my mother",
    "deepfake", "deep fake",
})  # fmt: skip

#: Named as unwanted beside a sexual prompt, these ask for the opposite: somebody who is no adult.
ADULTHOOD: frozenset[str] = frozenset({
    "adult", "adults", "mature", "mature female", "mature woman", "mature male", "grown up",
    "grown woman", "grown man", "milf", "aged up", "old", "older", "woman", "18 years old",
})  # fmt: skip

"""What the screening sees through, and what it leaves alone."""

# ruff: noqa: RUF001  letters that look alike are what is tested
from __future__ import annotations

import pytest

from bot.domain import Finding
from bot.policy.rulebook import SERVER, UNREADABLE
from bot.policy.screening import Screen, Term, normalise
from bot.rulebooks import load
from models.contract import Limits

SCREEN = Screen(load())


def rules(prompt: str, negative: str = "") -> set[str]:
    return {finding.rule for finding in SCREEN.findings(prompt, negative)}


@pytest.mark.parametrize(
    "prompt",
    [
        "LoLi", "ｌｏｌｉ", "𝓵𝓸𝓵𝓲", "ⓛⓞⓛⓘ", "🅻🅾🅻🅸", "🇱🇴🇱🇮", "ʟᴏʟɪ", "ⅼoⅼi", "⒧⒪⒧⒤",  # NFKC, case
        "lо\u200bli", "lo\u00adli", "l\u2060oli", "l̶o̶l̶i̶", "lóli", "l\ufe0fo\ufe0fli",  # unseen
        "lоli", "lοli", "løli", "лоли", "лоликон", "шота",  # other scripts
        "l o l i", "l.o.l.i", "l-o-l-i", "l * o * l * i", "l🌸o🌸l🌸i", "l。o。l。i", "l!o!l!i",
        "lo-li", "lo_li", "lo.li", "lo li", "lo\nli", "sho ta", "l, o, l, i",  # spacing
        "l0li", "lo1i", "1oli", "1o1i", "10l1", "l 0 l i", "shot@", "$hota", "lol!", "l|oli",
        "1loli", "2lolis", "loli2", "looooli", "lolii", "llolli", "ilol", "i l o l",
        "(loli:1.3)", "((lo)li)", "[lo]li", "lo(li:1.2)", "{loli}", "<lora:loli:1>", "loli_girl",
        "lo BREAK li", "[lo|x]li", "[x|lo][y|li]", "{x|lo}li", "[x:lo:0.5]li", "[loli|cat]",
        "[[x|lo]|y]li", "sh(ot:1.1)a", "l<|startoftext|>oli",
        "girlLOLI", "LOLIgirl", "bigLoli", "ılol", "ɐʇoɥs", "ろりこん",
        "ロリ", "合法ロリ", "ロリっ子", "幼女の絵", "loliの絵", "ﾛﾘ", "ロ リ", "かわいい ろり",
    ],
)  # fmt: skip
def test_a_spelling_trick_is_seen_through(prompt: str) -> None:
    assert "minors-sexualised" in rules(f"1girl, {prompt}, smile")


@pytest.mark.parametrize(
    "prompt",
    [
        "nude, 15yo", "nude, 12 y/o", "nude 16 years old", "nude, a seventeen-year-old",
        "nude, age 15", "nude, aged 9", "nude, 15歳", "n u d e, child", "nud3 k1d",
        "nude, age:12", "nude, (age:12)", "nude, 12 years", "nude, ١٢ years old", "nude, 十二歳",
        "nude, 12 ans", "nude, 12 años", "nude, 12 лет", "nude, zwölfjährige", "nude, 열두 살",
        "nude, 12 岁", "nude, twelve-year-old", "nude, 12 ye4rs old", "nude, 1 2 years old",
        "sexy schoolgirl", "kids in lingerie", "topless, middle school", "裸の少女",
        "nude, seven-teen-year-old", "nude, seventeenyearsold", "nude, neetneves sraey dlo",
        "nude, dlo sraey neetneves", "nude, s.e.v.e.n years old", "nude, 12 ye-ars old",
        "nude, <lora:12yo:0.8>", "nude, <lora:ten_years_old_v2:1>", "nude, SevenYearsOld",
        "nude, sevveen yeaars old", "nude, agedten", "nude, plo sɹɐǝʎ uǝʌǝs",
        "1girl, school uniform, nude", "nude, flat chest", "nude, childlike body",
    ],
)  # fmt: skip
def test_a_minor_beside_anything_sexual_is_found(prompt: str) -> None:
    assert "minors-sexual" in rules(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "1girl, blue hair, glasses, smile", "2girls, classic dress, grape soda",
        "1boy, bass guitar",
        "cocktail dress, night city", "analog clock", "peacock feathers", "assassin, dagger",
        "1girl, grass field, glass of water", "scunthorpe castle", "cumulonimbus clouds, summer",
        "lolita fashion, gothic dress", "lollipop, candy", "shot glass", "a shot at the sky",
        "shooting star, close-up shot", "calorie, カロリー", "プロリーグ", "フロリダ", "美少女",
        "mother and child, park", "baby dragon", "teenage wizard, staff", "schoolgirl, umbrella",
        "4koma", "1koma, 3d render", "8bit pixel art", "mature female, kimono", "Essex countryside",
        "sextant, sailor", "therapist office", "drapes, window", "rapeseed oil",
        "kid icarus", "minor key, piano", "100 years old tree", "young woman, Sussex",
        "15 candles, birthday cake", "flag 🇯🇵, 🌸", "فتاة واحدة، شعر أزرق", "wrapped gift",
        "title card", "hello kitty", "analysis of a cube", "coca-cola bottle", "uncanny valley",
        "an us soldier", "pen is on the table", "naked mole rat", "nude-coloured dress",
        "topless mountain", "bottomless brunch", "Shota Tanaka, tennis", "rape blossoms, field",
        "naked eye view of the moon", "annals of history", "lana, smile", "neet, jersey",
    ],
)  # fmt: skip
def test_harmless_words_are_left_alone(prompt: str) -> None:
    assert not rules(prompt) - {"brands", "suggestive"}


def test_a_disguised_time_is_not_an_age() -> None:
    for time in ("t.e.n years later", "112 ye ars old", "3.12 ye ars", "sev enty years old"):
        assert rules(f"nude, {time}") == {"sexual"}, time


def test_a_harmless_phrase_excuses_only_words_side_by_side() -> None:
    assert not rules("nude dress")
    for tags in ("nude, dress", "[nude|dress]", "(nude:1.2) dress"):
        assert rules(tags) == {"sexual"}


def test_sexual_words_alone_break_only_the_sexual_rule() -> None:
    assert rules("1girl, nude, beach") == {"sexual"}
    assert rules("1girl, n.u.d.e") == {"sexual"}


def test_unwanted_words_do_not_count_as_wanted() -> None:
    assert not rules("1girl, smile", negative="loli, child, nsfw, nude")
    assert rules("1girl, nude", negative="loli, child") == {"sexual"}
    assert "adulthood-unwanted" in rules("1girl, nude", negative="mature female, lowres")


def test_a_finding_has_the_members_own_spelling() -> None:
    def words_found(prompt: str, negative: str = "") -> dict[str, tuple[str, ...]]:
        return {f.rule: f.words for f in SCREEN.findings(prompt, negative)}

    assert words_found("1girl, N.u.D.e, sky") == {"sexual": ("N.u.D.e",)}
    assert words_found("1girl, ＮＵＤＥ, ﷺ")["sexual"] == ("ＮＵＤＥ",)
    assert words_found("ﷺ, l\u0336o\u0336li")["minors-sexualised"] == ("l\u0336o\u0336li",)
    assert words_found("a Child and a nu(de:1.2)")["minors-sexual"] == ("Child", "nu(de")
    assert words_found("[x|lo][y|li]")["minors-sexualised"] == ("lo][y|li",)
    assert len(words_found("nude, naked, topless, nsfw, porn, sex")["sexual"]) == 4


@pytest.mark.parametrize(
    ("term", "prompt"),
    [
        ("spoiler dragon", "Spoiler_Dragon, sky"),
        ("Spoiler Dragon", "1girl, s p o i l e r dragon"),
        ("dragon", "dr4gon"),
        ("ドラゴン", "赤いドラゴンの絵"),
    ],
)
def test_a_finding_names_a_servers_term_as_the_server_wrote_it(term: str, prompt: str) -> None:
    own = Screen(load(), [Term(text=term), Term(text="something else")])
    assert own.findings(prompt) == {Finding(rule=SERVER, words=(term,))}


def test_a_term_without_letters_blocks_nothing() -> None:
    own = Screen(load(), [Term(text=text) for text in ("", "!!", "\u200b")])
    assert not own.findings("1girl, smile!!")


def test_an_allowed_phrase_lifts_only_what_a_server_can_lift() -> None:
    own = Screen(load(), [Term(text="dragon")], ["naked snake eater", "dragon quest", "loli pop"])
    assert not own.findings("naked snake eater, dragon quest")
    assert {f.rule for f in own.findings("dragon, dragon quest")} == {SERVER}
    assert {f.rule for f in own.findings("naked, snake eater")} == {"sexual"}
    assert "minors-sexualised" in {f.rule for f in own.findings("loli pop")}


@pytest.mark.parametrize("prompt", ["naked sn4ke eater", "naked ekans eater"])
def test_an_allowed_phrase_in_disguise_excuses_no_plain_word(
    prompt: str,
) -> None:
    own = Screen(load(), [Term(text="naked")], ["naked snake eater"])
    assert {f.rule for f in own.findings(prompt)} == {"sexual", SERVER}
    assert not own.findings("NakedSnakeEater"), "no word of it is plain"


def test_an_allowed_phrase_lifts_no_licence_rule() -> None:
    own = Screen(load(), allowed=["swastika flag"])
    assert "hate-symbols" in {f.rule for f in own.findings("1girl, swastika flag")}


def test_two_spellings_of_a_term_normalise_to_one() -> None:
    assert normalise("Spoiler-Dragon ", load()) == normalise("ＳＰＯＩＬＥＲ dragon", load())
    assert normalise("!!", load()) == ""


@pytest.mark.parametrize(
    "prompt",
    [
        "ｾｯｸｽ", "ﾎﾟﾙﾉ", "ﾇｰﾄ\u3099", "ホ゜ルノ", "せっくす", "セツクス", "ぽるの", "せ・っ・く・す",

        "t!t5", "+its", "6l0wj06", "#en+ai", "por|no", "s3xu4|", "53x", "bl0wj06", "d!ck",
        "pu5$y",
        "ΡusѕУ", "nudЄ", "pΟrn", "cυm", "peиis", "vaցina", "n¢ked, nakεd", "seχ", "ρenιs", "ϲock",
        "NudePic", "PicNude", "MyPicIsNude", "ПикГолая", "sıuǝd", "ǝpnu", "pɹɐɔ ǝpnu", "ǝpnu pɹɐɔ",
    ],
)  # fmt: skip
def test_an_adult_word_is_found_in_any_letters(prompt: str) -> None:
    assert "sexual" in rules(f"1girl, {prompt}, sky")


@pytest.mark.parametrize(
    "prompt",
    [
        "MacDonald, NieR Automata, iPhone, YouTube", "3d, 8k, f1.8, x100, 16x, B52, 50mm",
        "カメラ、コンピューター、人口", "かわいいねこ、おはなみ", "¡Hola! ¿Qué tal?",
        "№ 5, λ calculus",
        "hello! wow!! smile+", "C++ code, a|b", "χρόνος, дом у моря", "#art #sky2", "ギター〜ソロ",
    ],
)  # fmt: skip
def test_innocent_signs_cause_no_finding(prompt: str) -> None:
    assert not rules(prompt) - {"brands", "suggestive"}


@pytest.mark.parametrize(
    "prompt",
    ["エロエロエロ", "ヌードヌード", "セックスセックス", "sexsex", "голаяголая", "エロ" * 60],
)
def test_an_adult_word_is_found_however_often_it_is_repeated(prompt: str) -> None:
    assert "sexual" in rules(f"{prompt}, 1girl")


def test_letters_beside_an_unclosed_bracket_are_read() -> None:
    assert "minors-sexual" in rules(f"{'quiet lake, ' * 20}nude, (h1ld, {'quiet lake, ' * 20}")


@pytest.mark.parametrize("prompt", ["しゃぶしゃぶ、鍋", "シャブシャブ", "ドキドキ、ラブラブ"])
def test_an_ordinary_word_that_repeats_itself_is_harmless(prompt: str) -> None:
    assert not rules(prompt)


@pytest.mark.parametrize(
    ("prompt", "negative"),
    [("nu.de " * 160, ""), ("nude, " + "ﷺ" * 600, ""), ("1girl", "ﷺ" * 400)],
)
def test_a_prompt_that_takes_too_long_to_screen_is_unreadable(prompt: str, negative: str) -> None:
    """Too many hits or too many characters are never allowed."""
    assert rules(prompt, negative) == {UNREADABLE}


PLAIN = "long silver hair, blue eyes, sitting on a bench, looking at viewer, cherry blossoms, "
#: What members paste: prompt syntax among plain tags.
LONG = {
    "weights and loras": (
        "(masterpiece:1.2), best quality, absurdres, <lora:add_detail_v1-5:0.6>, 2girls, M4A1, "
        "[day|night], (white_dress:1.15), [forest:city:0.4], ^_^, BREAK, "
    ),
    "sharp s": "Fußball, Straßenbahn, (weiße Straße:1.2), [Rathaus|Markt], Ho229, 1girl, BREAK ",
    "kana": "(水着の女の子:1.2), [夏|冬], かき氷, ぬいぐるみ, M4A1, glowsticks, BREAK ",
    "Chinese": "(汉服少女:1.2), [夏天|冬天], M4A1, 机甲, 樱花树下看书, sunflowerfield, ",
    "Korean": "(응원봉:1.2), [여름|겨울], M4A1, 고양이 귀 메이드, snowflakes, BREAK ",
}


@pytest.mark.parametrize("unit", LONG.values(), ids=LONG)
def test_a_long_prompt_full_of_prompt_syntax_is_readable(unit: str) -> None:
    prompt = ((unit + 2 * PLAIN) * 10)[: Limits().prompt_chars_max]
    assert UNREADABLE not in rules(prompt)


def test_prompt_and_negative_prompt_share_one_limit_of_effort() -> None:
    """Each alone is readable; both together take too long."""
    prompt = ((LONG["Chinese"] + 2 * PLAIN) * 10)[: Limits().prompt_chars_max]
    negative = "(" + "blurry, [low|bad] quality, " * 16 + "hat:1.2)"
    assert UNREADABLE not in rules(prompt) | rules("1girl", negative)
    assert UNREADABLE in rules(prompt, negative)

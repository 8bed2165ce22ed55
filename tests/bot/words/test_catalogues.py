"""Everything that the bot says is in every catalogue, with the same placeholders, and fits Discord.

If a test here fails after you add a sentence, run `make words` and fill in the empty entries. A
sentence without a translation is said in English.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from bot import rulebooks, tidying
from bot.drawing import worker
from bot.languages import FOLDERS, language
from bot.store import consent, job_rows, picture_rows, queue
from bot.words import asking, exploring, grids, helping, licensing, reviewing, wording
from bot.words.speaking import ENGLISH, Message, say, speaking
from cogs import components
from cogs.governing import blanks
from models.engine import slots
from tests.stages.factories import make_job
from tests.stages.fake_engine import INFO

ROOT = Path(__file__).parents[3]
LOCALES = ROOT / "bot" / "words" / "locales"
LANGUAGES = sorted(set(FOLDERS.values()))
#: Discord's limits.
CONTENT, DESCRIPTION, LABEL, TITLE, MENU_ENTRY, CHOICE = 2000, 100, 80, 45, 32, 100
PLACEHOLDER, EMBED_TITLE, FIELD_NAME, FIELD, EMBED = 150, 256, 256, 1024, 6000
#: The longest content of placeholders, so that a sentence near the limit is noticed.
ROOM = 300
#: A sentence has one form, or two with a plural: English first.
Texts = tuple[str, ...]


@lru_cache(maxsize=1)
def gathered() -> dict[Texts, str]:
    """Every sentence in the code, with the file where it was first found."""
    with (ROOT / "bot" / "words" / "babel.cfg").open() as file:
        mapping, _ = parse_mapping_cfg(file)
    found: dict[Texts, str] = {}
    for path, _, message, _, context in extract_from_dir(ROOT, mapping):
        found.setdefault(_texts(message, context), path)
    return found


@cache
def catalogue(code: str) -> dict[Texts, Texts]:
    """The sentences of a language, keyed by the English ones; a fuzzy one is never said."""
    with (LOCALES / code / "LC_MESSAGES" / "bot.po").open("rb") as file:
        read: Catalog = read_po(file, locale=code, abort_invalid=True)
    return {
        _texts(message.id, message.context): _texts((not message.fuzzy and message.string) or "")
        for message in read
        if message.id
    }


def _texts(text: str | list[str] | tuple[str, ...], context: str | None = None) -> Texts:
    """The forms of a sentence; its context stands before the first as gettext has it."""
    first, *rest = [text] if isinstance(text, str) else text
    return (f"{context}\x04{first}" if context else first, *rest)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_sentence_is_in_the_catalogue(code: str) -> None:
    there = catalogue(code)
    missing = [f"{path}: {texts[0]!r}" for texts, path in gathered().items() if texts not in there]
    empty = [
        f"{path}: {texts[0]!r}"
        for texts, path in gathered().items()
        if not all(there.get(texts, ("",)))
    ]
    assert not missing, f"`make words` adds to {code}:\n" + "\n".join(missing)
    assert not empty, f"without words in {code}, so said in English:\n" + "\n".join(empty)


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_catalogue_has_an_unused_sentence(code: str) -> None:
    stale = [texts[0] for texts in catalogue(code) if texts not in gathered()]
    assert not stale, f"`make words` takes out of {code}:\n" + "\n".join(stale)


@pytest.mark.parametrize("code", LANGUAGES)
def test_placeholders_match_the_english_ones(code: str) -> None:
    wrong = [
        (english[0], said)
        for english, translated in catalogue(code).items()
        for said in filter(None, translated)
        if placeholders(said) != set().union(*map(placeholders, english))
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("code", LANGUAGES)
def test_command_and_option_names_are_not_translated(code: str) -> None:
    names = re.compile(r"`/[a-z]+(?: [a-z]+)?|`[a-z_]+:")
    wrong = [
        (english[0], said)
        for english, translated in catalogue(code).items()
        for said in filter(None, translated)
        if not set(names.findall(said)) <= set(names.findall(" ".join(english)))
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("code", LANGUAGES)
def test_small_print_marks_and_line_breaks_are_kept(code: str) -> None:
    wrong = [
        (english[0], said)
        for english, translated in catalogue(code).items()
        for said in filter(None, translated)
        if english[0].startswith("-# ") != said.startswith("-# ")
        or english[0].count("\n") != said.count("\n")
    ]
    assert not wrong, wrong


def shown_by_discord() -> Iterator[tuple[str, int]]:
    """Descriptions, choices, menu entries and placeholders in the code of the cogs, with limits."""
    for path in sorted((ROOT / "cogs").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield from group_descriptions(node)
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                in_menu = name == "ContextMenu"
                shown = in_menu or name in {"command", "Group", "describe"}
                for word in node.keywords if shown else ():
                    if isinstance(word.value, ast.Constant) and in_menu == (word.arg == "name"):
                        yield str(word.value.value), MENU_ENTRY if in_menu else DESCRIPTION
                if name in {"menu", "channel_menu", "role_menu", "_menus_of"}:
                    yield from placeholders_of(node)


def group_descriptions(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    for word in node.keywords:
        if word.arg == "group_description" and isinstance(word.value, ast.Constant):
            yield str(word.value.value), DESCRIPTION


def placeholders_of(call: ast.Call) -> Iterator[tuple[str, int]]:
    """The sentences in the arguments of a menu; the first one is shown before a choice.

    If the menu is long, "(more)" follows the sentence.
    """
    for argument in (part for each in call.args for part in ast.walk(each)):
        text = argument.value if isinstance(argument, ast.Constant) else None
        if isinstance(text, str) and text[:1].isupper():
            yield text, PLACEHOLDER - len(" (more)") * 2


def fixed_places() -> Iterator[tuple[str, int]]:
    """Labels and titles derived from names, each with its limit."""
    yield from ((str(label), LABEL) for label, _, _ in components._LOOKS.values())
    yield from ((str(reason), CHOICE) for reason in reviewing.REPORT_REASONS.values())
    words = (asking.PROMPT, asking.PROMPT_GOES_ON, asking.NEGATIVE, asking.NEGATIVE_GOES_ON)
    in_form = (asking.EDIT_TITLE, *words, asking.MORE, asking.MORE_CUT)
    yield from ((str(text), TITLE) for text in (*in_form, asking.ASPECT, asking.SEED))
    of_report = (reviewing.REPORT_TITLE, reviewing.REPORT_WHAT, reviewing.REPORT_WORDS)
    of_appeal = (reviewing.APPEAL_TITLE, reviewing.APPEAL_WHY)
    yield from ((str(text), TITLE) for text in (*of_report, *of_appeal))
    yield from ((str(text), PLACEHOLDER) for text in (grids.CHOOSE, exploring.LOOK_AT_ONE))
    for number in (*blanks._MEMBER_NUMBERS, *blanks._ROLE_NUMBERS):
        yield from ((number.label, TITLE), (number.about, DESCRIPTION))


@pytest.mark.parametrize("locale", sorted(FOLDERS))
def test_no_text_exceeds_discords_limits(locale: str) -> None:
    places = [*shown_by_discord(), *fixed_places()]
    assert len(places) > 100
    with speaking(language(locale)):
        over = [(say(text), limit) for text, limit in places if len(say(text)) > limit]
        long = [t for t in map(say, (k[0] for k in gathered())) if len(t) > CONTENT - ROOM]
    assert not over, over
    assert not long, long


def test_group_descriptions_and_placeholders_are_among_the_checked_texts() -> None:
    texts = [text for text, _ in shown_by_discord()]
    for text in ("Your own defaults", "Open a role …", "Look at a preset …", "Change a rule …"):
        assert text in texts


@pytest.mark.parametrize("locale", sorted(FOLDERS))
def test_the_help_fits_an_embed_in_every_language(locale: str) -> None:
    info = replace(INFO, name="N" * 100, licence_name="CreativeML Open RAIL++-M")
    mention = "</{}:1234567890123456789>".format
    with speaking(language(locale)):
        head, footer = (helping.TITLE(), helping.ABOUT()), helping.EXAMPLES_SHOWN(model=info.name)
        fields = helping.fields(
            info, licence_command=mention("licence"), policy_command=mention("policy panel")
        )
    assert len(head[0]) <= EMBED_TITLE
    over = [(n, len(v)) for n, v in fields if len(n) > FIELD_NAME or len(v) > FIELD]
    assert not over, over
    assert sum(map(len, (*head, footer, *chain.from_iterable(fields)))) <= EMBED


@pytest.mark.parametrize("locale", sorted(FOLDERS))
def test_the_licence_fits_a_message_in_every_language(locale: str) -> None:
    info = replace(INFO, licence_name="CreativeML Open RAIL-M")
    with speaking(language(locale)):
        terms = licensing.terms(info, rulebooks.load().clauses)
        whole = licensing.licence(info, rulebooks.load().clauses, None)
    assert "…" not in terms
    assert "…" not in whole


def test_an_untranslated_locale_falls_back_to_english() -> None:
    assert language("zh-TW") is ENGLISH
    assert language("pl") is ENGLISH


def test_a_missing_sentence_is_said_in_english() -> None:
    with speaking(language("de")):
        assert say("Nobody has said this yet, {name}.", name="x") == "Nobody has said this yet, x."
        assert say("") == ""


#: The reasons stored with a job that ends without its picture, by the code that ends it.
REASONS = (
    consent._OTHER_LICENCE, job_rows.UNREADABLE_JOB, picture_rows._REMOVED, queue._INTERRUPTED,
    tidying._LAPSED, worker._NO_MODEL, worker._NOT_OPENED, slots._NOT_FINITE, slots._NOT_ENLARGED,
    slots._NO_MEMORY,
)  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("locale", sorted(FOLDERS))
def test_failure_reasons_are_translated_into_every_language(locale: str, reason: str) -> None:
    job = make_job()
    job = replace(job, draw=replace(job.draw, model="m-1"), error=reason.replace("{model}", "m-1"))
    assert wording.why(job) == job.error
    with speaking(language(locale)):
        translated = wording.why(job)
    assert translated != job.error
    assert ("`m-1`" in translated) == ("`m-1`" in str(job.error))


def test_an_unknown_stored_reason_is_shown_unchanged() -> None:
    odd = replace(make_job(), error="It ended in {braces} of 0000000001 and {0}.")
    with speaking(language("de")):
        assert wording.why(odd) == "It ended in {braces} of 0000000001 and {0}."


#: Three words in a row, or a text that begins and ends like a sentence.
SENTENCE = re.compile(r"[A-Za-z']{2,} [A-Za-z']{2,} [A-Za-z']{2,}|^[A-Z].*[.!?:]$")


def unsaid(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Sentences that are never translated, because no call passes them on."""
    known: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            # A docstring.
            known.add(id(node.value))
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in {"say", "Message", "tally", "compile"}:
                known.update(id(part) for arg in node.args for part in ast.walk(arg))
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in known and SENTENCE.search(text):
            yield node.lineno, text


def test_every_sentence_of_this_room_can_be_translated() -> None:
    left = [
        f"bot/words/{path.name}:{line}: {text!r}"
        for path in sorted((ROOT / "bot" / "words").glob("*.py"))
        # Texts for the owner are English, like the doctor's.
        if path.name != "learning.py"
        for line, text in unsaid(ast.parse(path.read_text()))
    ]
    assert not left, "\n" + "\n".join(left)


def test_an_untranslatable_sentence_is_found() -> None:
    planted = ast.parse(
        '"""A room of its own."""\nA = \'It is gone.\'\nB = f\'see {A} all over it\'\n'
    )
    assert [line for line, _ in unsaid(planted)] == [2, 3]


def said_at_import(tree: ast.Module) -> list[int]:
    """Lines that produce text at import, when no reader's language is known."""

    def walk(node: ast.AST) -> Iterator[int]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            outside = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            for child in [*outside, *node.decorator_list]:
                yield from walk(child)
            return
        if isinstance(node, ast.Lambda):
            return
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in {"say", "tally", "listed"} or re.fullmatch(r"_?[A-Z]+(?:_[A-Z0-9]+)*", name):
                yield node.lineno
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    return list(walk(tree))


def test_no_text_is_produced_at_import() -> None:
    early = [
        f"{path.relative_to(ROOT)}:{line}"
        for wing in ("bot", "cogs")
        for path in sorted((ROOT / wing).rglob("*.py"))
        for line in said_at_import(ast.parse(path.read_text()))
    ]
    assert not early, early


def test_text_produced_at_import_is_found() -> None:
    planted = "A = Message('x y')\nB = A()\ndef f(x=A()): return A()\nC = lambda: A()\n"
    assert said_at_import(ast.parse(planted)) == [2, 3]


def test_an_uncalled_message_is_english() -> None:
    with speaking(language("de")):
        assert Message("Left") == "Left"
        assert Message("Left")() == "Links"

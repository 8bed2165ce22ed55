"""What the bot says fits Discord's limits, and members' words in it are never markup."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import JobState, Picture, Rating, Refused, Standing
from bot.drawing.progress import Estimate, JobProgress
from bot.drawing.worker import _NO_MODEL
from bot.languages import language
from bot.policy.decide import admit
from bot.policy.screening import Term
from bot.words import pictures, wording
from bot.words.speaking import aside, enumerated, sentences, speaking
from bot.words.wording import code, fit, fits, fitting, plain, short
from tests.stages.factories import GUILD, USER, make_ask, make_job
from tests.stages.law import make_guild, make_policy

ROOT = Path(__file__).parents[3]
LIMIT = 2000
LONG = Estimate(eta_ms=10**9, loads=True)
#: The longest texts that a moderator can write.
TERM_CHARS, REASON_CHARS = 80, 200
NASTY = [
    "*", "@", "`", "\\", "<@1>", "<:heart_of_gold_and_more:1100000000000000040>", "_~|", "ש",
    "ع\u202e", "😀", "👩🏽\u200d👩🏽\u200d👧", "🇯🇵", "e\u0301", "漢", "[a](https://b.c) ", "||",
    "discord.gg/x ", "\u2068", "\u2069", "```", "# x ", "- ", "> ", "word ",
]  # fmt: skip
#: Markdown characters that are not escaped.
BARE = re.compile(r"(?<!\\)(?:\\\\)*[*_~`|>#\[\]()<:@.-]")


def long(unit: str, length: int = LIMIT) -> str:
    return (unit * (length // len(unit) + 1))[:length]


@pytest.mark.parametrize("unit", NASTY)
def test_status_and_closing_texts_fit_whatever_the_prompt(unit: str) -> None:
    states = (JobState.FAILED, JobState.WITHHELD, JobState.RUNNING, JobState.CANCELLED) * 2
    faults = [long(unit, 900), long("x", 900), None, None, long("y ", 900), "z", None, None]
    jobs = [
        replace(make_job(f"000000000{n}", prompt=long(unit), state=state), error=fault)
        for n, (state, fault) in enumerate(zip(states, faults, strict=True))
    ]
    board = {job.id: JobProgress(step=3, steps=50, preview_png=None) for job in jobs}
    standing = Standing(ahead=10**6, queued=10**6, running=4)
    assert len(wording.status(jobs, standing=standing, expected=LONG, progress=board)) <= LIMIT
    mention = f"<@{2**63 - 1}> "
    assert len(mention + wording.ended(jobs)) <= LIMIT, "it may be announced with a mention"
    assert len(wording.ended(jobs).splitlines()) == 1


def finished(*jobs: tuple[JobState, str | None]) -> str:
    """The closing text of a request whose jobs ended like this."""
    return wording.ended(
        [
            replace(make_job(f"000000000{n}", prompt="1girl,\nblue", state=state), error=error)
            for n, (state, error) in enumerate(jobs)
        ]
    )


def test_a_finished_request_says_in_one_line_what_became_of_it() -> None:
    """A line break of the prompt does not break the line."""
    cancelled = (JobState.CANCELLED, None)
    failed = (JobState.FAILED, "It broke.")
    assert finished(cancelled, cancelled) == "**Cancelled** · 1girl, blue"
    assert finished(failed) == "**0 of 1 picture** · 1girl, blue · ⚠️ It broke."
    assert finished((JobState.DELIVERED, None), cancelled, failed, failed) == (
        "**1 of 4 pictures** · 1girl, blue · Cancelled: 1 · ⚠️ It broke. (2 pictures)"
    )


@pytest.mark.parametrize("unit", NASTY)
def test_texts_about_a_picture_fit_and_keep_its_id(unit: str) -> None:
    job = make_job(prompt=long(unit))
    picture = Picture(
        job_id=job.id, user_id=USER, guild_id=GUILD, sha256="0", size_bytes=1, width_px=1,
        height_px=1, card_id="c" * 900, rating=Rating.GENERAL, created_ms=1,
        spoiler=False, removed=False,
    )  # fmt: skip
    caption = wording.caption(job, picture)
    assert len(caption) <= LIMIT
    assert caption.startswith(f"<@{USER}> ")
    assert caption.endswith(f"`{job.id}`")
    assert len(wording.alt_text(job)) <= 1024
    assert len(wording.choice(job)) <= 100
    assert wording.choice(job).startswith(job.id)
    assert len(wording.in_queue(job, Standing(ahead=10**6, queued=1, running=1), LONG)) < 300


@pytest.mark.parametrize("unit", NASTY)
def test_a_refusal_with_long_terms_fits(unit: str) -> None:
    terms = [f"{word} {long(unit, TERM_CHARS - 4)}" for word in ("cat", "dog", "owl", "fox")]
    guild = make_guild(*(Term(text=t, reason=long(unit, REASON_CHARS)) for t in terms))
    refused = admit(make_ask(", ".join(terms)), make_policy(guild))
    assert isinstance(refused, Refused)
    assert "cat" in refused.text
    assert refused.text.endswith(" more\nPlease leave it out.")
    assert len(refused.text) <= LIMIT


@pytest.mark.parametrize("unit", NASTY)
@pytest.mark.parametrize("limit", [30, 100, LIMIT])
def test_a_cut_text_stays_within_the_limit(unit: str, limit: int) -> None:
    for text in (long(unit, 3 * LIMIT), plain(long(unit), LIMIT), code(long(unit), 2 * LIMIT)):
        assert len(fit(text, limit)) <= limit
        assert len(short(text, limit)) <= limit
    lines = [f"{n} {plain(long(unit, 300))}" for n in range(50)]
    assert len(fitting(lines, limit)) <= limit
    assert len(fitting(lines, limit, total=10**6)) <= limit


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en-US", "Yes. No. (a, b)"),
        ("de", "Yes. No. (a, b)"),
        ("ja", "Yes.No.\uff08a\u3001b\uff09"),
        ("zh-CN", "Yes.No.\uff08a\u3001b\uff09"),
    ],
)
def test_sentences_and_lists_are_set_as_the_language_requires(locale: str, expected: str) -> None:
    with speaking(language(locale)):
        assert sentences("Yes.", "", "No.") + aside(enumerated(["a", "b"])) == expected


def test_a_text_that_fits_is_unchanged() -> None:
    for text in ("", "x" * LIMIT, "**bold** `code`", "\u2068ש\u2069" * 600):
        assert fit(text) == text
    assert fitting(["a", "b"], 3) == "a\nb"


def test_a_cut_never_splits_markup_and_closes_what_is_open() -> None:
    pieces = ["\\*", "<@123>", "<:heart:11000000>", "[`id`](https://discord.com/x)", "a", " ", "é"]
    dice = random.Random(13)
    for _ in range(300):
        text = "".join(dice.choices(pieces, k=60))
        kept = fit(text, dice.randint(20, 90)).removesuffix("…")
        begun = "".join(piece for piece in pieces if piece)
        assert text.startswith(kept)
        rest = text[len(kept) :].lstrip()
        assert any(rest.startswith(piece.lstrip()) for piece in pieces if piece.strip()), begun
    assert fit("**" + "x" * 50 + "**", 20) == "**" + "x" * 15 + "…**"
    assert fit("`" + "x" * 50 + "`", 20) == "`" + "x" * 17 + "…`"
    assert fit("```\n" + "*" * 50 + "\n```", 20).endswith("*…\n```")
    assert fit("\u2068" + "ש" * 50 + "\u2069", 20) == "\u2068" + "ש" * 17 + "…\u2069"


@pytest.mark.parametrize(
    "sign", ["👩🏽\u200d👩🏽\u200d👧", "🇯🇵", "e\u0301", "❤\ufe0f", "1\ufe0f\u20e3"]
)
def test_a_cut_never_splits_a_visible_character(sign: str) -> None:
    for limit in range(20, 60):
        for cut in (short(sign * 50, limit), fit(sign * 50, limit), plain(sign * 50, limit)):
            assert cut.removesuffix("…").replace(sign, "") == ""


def test_lines_are_kept_whole_and_the_rest_are_counted() -> None:
    lines = [f"{n}" * 10 for n in range(10)]
    said = fitting(lines, 60).split("\n")
    assert said[:-1] == lines[: len(said) - 1]
    assert said[-1] == f"… and {10 - len(said) + 1} more"
    assert fits(lines, 60) == len(said) - 1
    assert fitting(lines[:2], total=9).endswith("\n… and 7 more")
    assert fitting(["x" * 100], 40).startswith("xxx")


@pytest.mark.parametrize("ticks", range(1, 12))
def test_a_code_block_cannot_be_broken_out_of(ticks: int) -> None:
    for text in ("`" * ticks, "a" + "`" * ticks + "b", "`" * 3000):
        inside = code(text).removeprefix("```\n").removesuffix("\n```")
        assert "```" not in inside
        assert inside.replace("\u200b", "")[:50] == text[:50]


@pytest.mark.parametrize(
    "link",
    [
        "discord.gg/x", "discord.com/invite/x", "discordapp.com/invite/x", "DISCORD.GG/x",
        "https://discord.gg/x", "http://a.example/b", "www.example.com", "https://a",
        "mailto:a@b.example", "discord://-/x", "<https://a.b>", "[free](https://a.b)",
    ],
)  # fmt: skip
def test_a_members_words_never_become_a_link_or_invite(link: str) -> None:
    """Discord finds an invite by the host, with or without a scheme, and a link by its scheme."""
    for shown in (plain(link), plain(f"see {link} now"), plain(f"\u05e9 {link}")):
        assert not re.search(r"discord(?:app)?\.(?:gg|com)", shown, re.IGNORECASE)
        assert not re.search(r"\w://", shown)
        assert not BARE.search(shown), shown


@pytest.mark.parametrize("unit", NASTY)
def test_a_members_words_have_no_unescaped_markup(unit: str) -> None:
    shown = plain(long(unit, 400))
    assert not BARE.search(shown)
    assert len(shown) <= 3 * 300 + 2


def test_a_mention_in_a_members_words_is_broken() -> None:
    """Even where somebody copies the text without its backslashes."""
    for mention in ("@everyone", "@here", "<@1>", "<@&2>"):
        assert mention not in plain(f"1girl {mention}").replace("\\", "")


def test_a_members_words_are_cut_to_300_characters() -> None:
    assert plain("x" * 300) == "x" * 300
    assert plain("x" * 1000) == "x" * 299 + "…"


def test_right_to_left_words_are_isolated() -> None:
    assert plain("ع") == "\u2068ع\u2069"
    assert plain("1girl, ש") == "\u20681girl, ש\u2069"
    assert plain("1girl") == "1girl"


def test_direction_controls_in_a_members_words_are_removed() -> None:
    assert plain("a\u202eb\u2066c\u2069\u200f") == "abc"
    assert plain("\u05e9\u2069\u202e") == "\u2068\u05e9\u2069"


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [(16 << 10, "16 kB"), (10 << 20, "10 MB"), ((1 << 20) - 1, "1023 kB"), (1 << 20, "1 MB")],
)
def test_a_size_is_shown_in_a_fitting_unit(size_bytes: int, expected: str) -> None:
    assert wording.size(size_bytes) == expected


def said_in(path: Path) -> Iterator[str]:
    """The texts of a module that are not docstrings."""
    for node in ast.walk(ast.parse(path.read_text())):
        for child in ast.iter_child_nodes(node):
            if (
                isinstance(child, ast.Constant)
                and isinstance(child.value, str)
                and not isinstance(node, ast.Expr)
            ):
                yield child.value


@pytest.mark.parametrize("room", ["cogs", "bot/words", "bot/policy"])
def test_sentences_for_members_have_no_stray_line_breaks(room: str) -> None:
    """Discord shows every line break."""
    broken = [
        (path.name, text)
        for path in (ROOT / room).rglob("*.py")
        # A file that a server exports has line breaks of its own.
        if path.name != "writing.py"
        for text in said_in(path)
        if re.search(r"[a-z,]\n[a-z]", text)
    ]
    assert not broken


def test_the_place_in_the_queue_mentions_a_model_switch() -> None:
    standing = Standing(ahead=2, queued=3, running=1)
    soon = Estimate(eta_ms=12_000)
    assert wording.place(standing, soon) == "Place 3 in the queue, about 12 s"
    assert wording.place(standing, replace(soon, loads=True)) == (
        "Place 3 in the queue, about 12 s, after I switch models for it"
    )


def test_an_empty_queue_is_called_empty_and_zeros_are_not_listed() -> None:
    none = dict.fromkeys(JobState, 0)
    assert wording.busy(none, 0) == "The queue is empty."
    assert wording.busy(none, 3) == "The queue is empty. 3 more in other servers."
    some = none | {JobState.QUEUED: 2, JobState.RENDERED: 1}
    assert wording.busy(some, 2) == "2 waiting, 1 about to be posted."


def test_one_bar_shows_the_whole_request() -> None:
    states = (JobState.DELIVERED, JobState.RUNNING, JobState.RUNNING, JobState.QUEUED)
    jobs = [make_job(f"000000000{n}", state=state) for n, state in enumerate(states)]
    steps = jobs[0].draw.steps
    progress = {jobs[1].id: JobProgress(step=steps // 2, steps=steps, preview_png=None)}
    said = wording.status(
        jobs,
        standing=Standing(ahead=2, queued=3, running=2),
        expected=Estimate(eta_ms=12_000),
        progress=progress,
    ).splitlines()[1:]
    assert said == ["`████░░░░░░░░` 1 of 4 drawn, about 12 s left"]


def test_a_waiting_request_shows_its_place_in_the_queue() -> None:
    jobs = [make_job(state=JobState.QUEUED)]
    said = wording.status(
        jobs,
        standing=Standing(ahead=2, queued=3, running=2),
        expected=Estimate(eta_ms=90_000),
        progress={},
    )
    assert said.splitlines()[1] == "Place 3 in the queue, about 2 min"


@pytest.mark.parametrize("code", ["en-US", "de", "ja"])
@pytest.mark.parametrize("model", ["id", "model", "the", "a", "i", "user", "show", "picture"])
def test_a_reason_is_translated_whatever_the_model_is_called(code: str, model: str) -> None:
    job = make_job(job_id="abcdefgh12")
    job = replace(job, draw=replace(job.draw, model=model))
    gone = replace(job, error=_NO_MODEL.format(model=model))
    lost = replace(job, error=pictures.NO_CHANNEL.replace("{id}", job.id))
    theirs = replace(job, error=f"`{model}` {{id}} {{model}}")
    with speaking(language(code)):
        assert wording.why(gone) == _NO_MODEL(model=model)
        assert wording.why(lost) == pictures.NO_CHANNEL(id=job.id)
        assert wording.why(theirs) == theirs.error, "not a sentence of the bot"

"""Lines of a server's log: whole sentences, with names for ids."""

from __future__ import annotations

import pytest

from bot.words.policy_log import log_line


def line(action: str, detail: str, *, actor_id: int | None = 1, user_id: int | None = 2) -> str:
    return log_line(
        actor_id=actor_id, action=action, detail=detail, at_ms=5_000, user_id=user_id, limit=500
    )


@pytest.mark.parametrize(
    ("action", "detail", "expected"),
    [
        ("policy", "Preset: a → b", "<@1> changed the policy:\n- Preset: a → b"),
        ("ban", "", "<@1> banned <@2>"),
        ("time out", "5 min: rude", "<@1> timed out <@2>:\n- for 5 min: rude"),
        ("time out", "2880 min: ", "<@1> timed out <@2>:\n- for 2 days"),
        ("lift", "ban: rude", "<@1> let <@2> ask again:\n- ban: rude"),
        (
            "dismiss",
            "appeal a1",
            "<@1> declined an appeal of <@2>, so the refusal stands:\n- appeal `a1`",
        ),
        ("dismiss", "report a1", "<@1> left a picture of <@2> as it is:\n- reported picture `a1`"),
        (
            "emoji",
            "👍 👎 → meow:123456789012345678 🪨",
            "<@1> chose other vote emoji:\n- 👍 👎 → <:meow:123456789012345678> 🪨",
        ),
        ("clear strikes", "1", "<@1> took back the strikes of <@2>:\n- 1 strike"),
        ("purge", "7", "<@1> removed every picture of <@2>:\n- 7 pictures"),
        ("remove", "report a1", "<@1> removed a picture of <@2>:\n- reported picture `a1`"),
        ("uphold", "appeal a1", "<@1> granted an appeal of <@2>, so it is drawn:\n- appeal `a1`"),
        ("something new", "", "<@1> something new"),
    ],
)
def test_a_line_says_who_did_what_to_whom(action: str, detail: str, expected: str) -> None:
    assert line(action, detail) == f"<t:5:R> {expected}"


def test_an_alert_names_no_moderator() -> None:
    assert line("alert", "x", actor_id=None) == "<t:5:R> 🔔 **Alert** about <@2>:\n- x"


def test_a_time_out_for_strikes_names_no_moderator() -> None:
    assert line("struck out", "60 min: strikes", actor_id=None) == (
        "<t:5:R> ⏳ <@2> has too many strikes and is timed out:\n- for 60 min: strikes"
    )


def test_a_reason_is_shown_unchanged() -> None:
    assert line("ban", "held back\n3").endswith(":\n- held back\n- 3")


def test_a_forgotten_member_has_no_name() -> None:
    found = line("ban", "", actor_id=None, user_id=None)
    assert found == (
        "<t:5:R> Somebody who asked to be forgotten banned somebody who asked to be forgotten"
    )


def test_a_long_line_is_cut_between_parts_and_counts_the_rest() -> None:
    def lines(text: str) -> list[str]:
        assert len(text) <= 500
        return text.splitlines()[1:]

    parts = [f"Blocked: word number {n}, refused" for n in range(30)]
    *kept, last = lines(line("policy", "\n".join(parts)))
    assert kept == [f"- {part}" for part in parts[: len(kept)]]
    assert last == f"… and {30 - len(kept)} more"
    *kept, last = lines(line("policy", "\n".join([*parts, "… and 1,970 more"])))
    assert last == f"… and {2000 - len(kept):,} more"
    assert lines(line("policy", "\n".join([*parts[:3], "… and 5 more"])))[-1] == "… and 5 more"

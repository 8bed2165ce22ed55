"""In a long text only the parts around signs get another view, and each part once."""

from __future__ import annotations

from bot.policy.windows import windows, with_seams, without_parts

CALM = "calm lake, " * 30


def test_signs_near_each_other_share_a_window() -> None:
    text = f"{CALM}red{CALM}hat{CALM}"
    red, hat = text.index("red"), text.index("hat")
    first, second = windows(text, [(hat, hat + 3), (red, red + 3)])
    assert first[0] < red < first[1] < second[0] < hat < second[1]
    near = windows(text, [(red, red + 1), (red + 2, red + 3), (hat, hat + 3)])
    assert near == [first, second]
    assert windows(text, []) == []


def test_touching_windows_are_merged() -> None:
    text = CALM
    (first,) = windows(text, [(110, 111)])
    for start in range(111, 330):
        together = windows(text, [(110, 111), (start, start + 1)])
        (alone,) = windows(text, [(start, start + 1)])
        touching = alone[0] <= first[1]
        assert together == ([(first[0], alone[1])] if touching else [first, alone])


def test_shortened_and_split_texts_keep_their_original_positions() -> None:
    (left,) = without_parts("abcdef", [(1, 2), (3, 5)])
    assert (left.source, left.places) == ("acf", [0, 2, 5])
    (parted,) = with_seams("abcd", {2, 3})
    assert (parted.source, parted.places) == ("ab c d", [0, 1, 2, 2, 3, 3])
    far = f"{CALM}red{CALM}"
    before, behind = "lake, calm lake, calm lake, ", "calm lake, calm lake, calm"
    (parted,), (left,) = with_seams(far, {331}), without_parts(far, [(331, 332)])
    assert (parted.source, parted.places[0]) == (f"{before}r ed{behind}", 302)
    assert (left.source, left.places[0]) == (f"{before}rd{behind} lake", 302)

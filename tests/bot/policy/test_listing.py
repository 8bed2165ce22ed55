"""Reading a whole list gives the same as reading each of its words alone."""

from __future__ import annotations

from bot.policy.folding import JOINT, Letters
from bot.policy.listing import ConceptTerms, labelled_terms, term_words, terms_of_concept
from bot.policy.reading import each_without_brackets, without_brackets
from bot.policy.rulebook import Concept
from bot.policy.splitting import collapsed, spoken, words
from bot.policy.wordlists import each_spoken, each_squeezed
from bot.rulebooks import load

LETTERS = Letters(load().lexicon.letters)
TEXTS = [
    "", "nude", "NUDE", " no  bra ", "no-bra!", "18+", "r18 x", "a1b22c", "1001", "!!", "\n",
    "a\nb", "book keeper", "aab bba", "ロリ", "ロリっ子 絵", "\uff46\uff55ll", "loo\u0308p",
    "か\u3099", "쓰레기", "ﬀ", "ééé e",
]  # fmt: skip


def concept(*terms: str, names: bool = False, harmless: tuple[str, ...] = ()) -> Concept:
    return Concept(
        id="some", summary="", source="", terms={"english": terms}, includes=(),
        harmless=harmless, apart=(), harmless_as=(), names=names,
    )  # fmt: skip


def made(of: Concept) -> ConceptTerms:
    return terms_of_concept(of, LETTERS.fold_all)


def test_texts_fold_together_as_they_fold_alone() -> None:
    alone = [LETTERS.fold(text) for text in TEXTS]
    assert LETTERS.fold_all(TEXTS) == alone
    assert LETTERS.fold_all(TEXTS[::-1]) == alone[::-1]
    assert LETTERS.fold_all([]) == []


def test_a_text_that_contains_the_separator_is_folded_correctly() -> None:
    assert LETTERS.fold_all([f"A{JOINT}B", "C", "É"]) == [f"a{JOINT}b", "c", "e"]


def test_texts_split_together_as_they_split_alone() -> None:
    folded = LETTERS.fold_all(TEXTS)
    alone = [spoken(found) if (found := words(text)) else "" for text in folded]
    assert each_spoken(folded) == alone
    assert each_spoken(folded[::-1]) == alone[::-1]
    assert each_spoken(["a\nb", "\n", "c"]) == [" a b ", "", " c "]
    assert each_spoken([]) == []


def test_words_squeeze_together_as_they_squeeze_alone() -> None:
    lines = each_spoken([*LETTERS.fold_all(TEXTS), "aa", "aa", "", "", "11 22", "ロロリ"])
    assert each_squeezed(lines) == [collapsed(line.replace(" ", "")) for line in lines]
    assert each_squeezed([]) == []


def test_terms_of_the_rulebook_read_together_as_they_read_alone() -> None:
    concepts = load().concepts.values()
    terms = [term for each in concepts for term in each.spellings()][::7]
    folded = LETTERS.fold_all(terms)
    assert folded == [LETTERS.fold(term) for term in terms]
    lines = each_spoken(folded)
    assert lines == [spoken(words(text)) for text in folded]
    assert each_squeezed(lines) == [collapsed("".join(line.split())) for line in lines]


def test_terms_lose_brackets_together_as_they_do_alone() -> None:
    for texts in (TEXTS, ["(a)", "b:1.2", "c", "d\\", "[e|ロリ]", "f:-1)"]):
        assert each_without_brackets(texts) == [without_brackets(text) for text in texts]


def test_names_are_looked_for_in_both_orders() -> None:
    assert made(concept("Anna Bell", "Cher", "A B C", names=True)).written == [
        "Anna Bell", "Bell Anna", "Cher", "A B C",
    ]  # fmt: skip
    assert made(concept("no bra")).written == ["no bra"]


def test_terms_and_harmless_phrases_are_looked_for_in_both_kana() -> None:
    found = [
        (part, term)
        for (part, name), terms in labelled_terms(
            [made(concept("ロリ", "a", harmless=("ショタ",)))]
        )
        for term in terms
        if name == "some"
    ]
    assert sorted(found) == [
        ("harmless", "しよた"), ("harmless", "シヨタ"),
        ("words", "a"), ("words", "ろり"), ("words", "ロリ"),
    ]  # fmt: skip


def test_parts_are_longer_words_but_not_names() -> None:
    assert term_words([made(concept("no bra", "ab", "裸の少女たち絵", "красивая я"))]) == {
        "bra", "kpacibaya",
    }  # fmt: skip
    assert not term_words([made(concept("Anna Bell", names=True))])

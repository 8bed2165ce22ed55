"""People are found by the shape of their names in kanji, Hangul and Cyrillic too."""

from __future__ import annotations

import pytest

from bot.policy.screening import Screen
from bot.policy.sides import detector
from bot.rulebooks import load

SCREEN = Screen(load())
NAMES = detector(load()).names.native


def is_person(prompt: str) -> bool:
    return "real-person" in {finding.rule for finding in SCREEN.findings(prompt)}


@pytest.mark.parametrize(
    "prompt",
    [
        # None of them is in a list of the famous.
        "佐々木美穂、庭", "山田 太郎、海", "高橋直樹の写真", "公園の渡辺由美さん", "森美咲、笑顔",
        "石田聡、笑顔", "林さくら、庭", "山田 健太郎、海",
        "赵雅芝, 花园", "画王建明的房间", "欧阳雅婷, 雨", "劉國強, 街道", "陈美玲在花园",
        "박서연, 정원", "김민지의 집", "공원에 있는 최유진",
        "Анна Ковальчук, сад", "портрет Полины Зайцевой", "рядом Ольга Смирнова, сад",
        "Зайцева Полина, сад",
        "Игоря Панченко, сад", "Анна Сергеевна Ковальчук, сад", "Мария Петровна, сад",
        "Анна Стус, сад",
    ],
)  # fmt: skip
def test_a_name_is_found_by_its_shape(prompt: str) -> None:
    assert is_person(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        # Characters of fiction.
        "不知火舞、着物", "春野サクラ、忍者", "林黛玉, 花园", "성진우, 검", "Анна Каренина, поезд",
        # Ordinary words, or parts of longer ones.
        "小学生の遠足", "中学校、桜", "高原の花子屋敷前通り", "白玉兰, 春天", "高清壁纸",
        "平方公里的森林", "童子军徽章",
        "夏天海, 沙滩", "山田 海岸、夕日", "Анна читает, сад",
        # Too short, or without a family name.
        "海の林舞、桜", "山建明的房间",
        "黄金甲", "정수기 광고", "우주선, 달", "여성복 매장", "성인용 자전거", "한국인 요리사",
        "이야기책",
        "Анна далеко от дома", "Роман, книга на столе", "корова Зорька и дом", "молоко Маше",
        # A comma, or a word, stands between.
        "Анна, Иванова роща", "山田、太郎岳", "김, 민지",
        # Latin letters that fold to the same.
        "ipa hopped cob",
    ],
)  # fmt: skip
def test_other_words_are_not_names(prompt: str) -> None:
    assert not is_person(prompt)


@pytest.mark.parametrize(
    "prompt",
    ["Анну Ковальчук, голая", "佐々木美穂、全裸", "赵雅芝, 裸体", "박서연, 알몸"],
)
def test_such_a_name_beside_nudity_breaks_the_floor(prompt: str) -> None:
    assert "real-person-sexual" in {finding.rule for finding in SCREEN.findings(prompt)}
    naked = prompt[-4:].strip(", 、")
    assert "real-person-sexual" not in {finding.rule for finding in SCREEN.findings(naked)}


@pytest.mark.parametrize(
    "prompt",
    [
        "赵 雅 芝, 花园", "欧 阳 雅 婷, 雨", "王 小 明 的 房间", "劉·國·強", "赵  雅  芝",
        "박 서 연, 정원", "박·서·연", "김-민-지", "박 서 연 의 정원",
        "佐 々 木 美 穂、庭", "石・原・恵・子", "石.原.恵.子", "公園の 小 林 真 子、海",
        "山 田 さ く ら",
    ],
)  # fmt: skip
def test_a_spaced_out_name_is_found_by_its_shape(prompt: str) -> None:
    assert is_person(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        # Lists of characters that are words by themselves.
        "月 火 水", "春 夏 秋 冬", "金 木 水 火 土", "梅 兰 竹 菊", "琴 棋 书 画", "松 竹 梅",
        "东 南 西 北", "山 川 海 空", "가 나 다", "梅 兰 竹", "柳 月 星",
        "강 산 해", "남 동 서", "이 삼 사",
        # Other words, spread out.
        "喜 怒 哀 楽", "高 山 流 水", "こ ん に ち は", "하 늘 바 다", "고 양 이", "美 少 女",
        "文 静 优 雅", "黄 金 甲", "정 수 기", "성 진 우, 검", "林 黛 玉",
        # Letters stand beside each other, or too far apart.
        "赵 雅芝花 园", "大赵 雅 芝", "赵 雅", "박, 서, 연", "赵    雅    芝",
    ],
)  # fmt: skip
def test_other_spaced_out_characters_are_not_a_name(prompt: str) -> None:
    assert not is_person(prompt)


def test_a_spaced_out_name_is_found_whole() -> None:
    text = "山, 赵 雅 芝 在"
    assert [text[a:b] for a, b in NAMES.find(text, [])] == ["赵 雅 芝"]


def test_nothing_is_excused_beside_such_a_name() -> None:
    assert not SCREEN.findings("a naked pebble")
    for name in ("佐々木美穂", "赵雅芝", "박서연", "Анна Ковальчук"):
        found = {finding.rule for finding in SCREEN.findings(f"a naked pebble, {name}")}
        assert "real-person-sexual" in found


@pytest.mark.parametrize(
    ("source", "native"),
    [("anna", False), ("é ü", False), ("я", True), ("ア", True), ("가", True), ("林", True)],
)
def test_only_texts_in_these_scripts_are_searched(source: str, native: bool) -> None:  # noqa: FBT001
    text = "佐々木美穂"
    names = NAMES.find_in_typed(source, text, [text])
    assert names == ([(0, len(text))] if native else [])

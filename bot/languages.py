"""The languages that come with the package: their sentences read once, and which one serves whom.

Called by the client, which knows a member's and a server's locale. A locale that nothing is written
for, Traditional Chinese among them, gets English. It must not know what is said.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.words.speaking import ENGLISH, Language

#: The folder in `bot/words/locales` for each of Discord's locales.
FOLDERS = {
    "de": "de",
    "es-419": "es",
    "es-ES": "es",
    "fr": "fr",
    "ja": "ja",
    "pt-BR": "pt_BR",
    "zh-CN": "zh_CN",
}


def language(locale: str) -> Language:
    """The language for a locale of Discord's; English if there is none."""
    folder = FOLDERS.get(locale)
    return ENGLISH if folder is None else _read(folder)


def load() -> None:
    """Read all of them, so that nobody waits for it later; about half a second."""
    for locale in FOLDERS:
        language(locale)


@cache
def _read(folder: str) -> Language:
    """Parse one catalogue; an error of Babel's, with the line, if it is broken."""
    home = files("bot.words") / "locales" / folder / "LC_MESSAGES" / "bot.po"
    with home.open("rb") as stream:
        catalogue = read_po(stream, locale=folder, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(code=folder, sentences=GNUTranslations(compiled))

"""The languages shipped with the package: loaded once, and which one serves whom.

Called by the client, which knows the locales of members and servers. A locale without a
translation, such as Traditional Chinese, gets English. Must not know the sentences.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.words.speaking import ENGLISH, Language

#: The folder in `bot/words/locales` for each Discord locale.
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
    """The language for a Discord locale; English if there is none."""
    folder = FOLDERS.get(locale)
    return ENGLISH if folder is None else _read(folder)


def load() -> None:
    """Load every language in advance, so that nobody waits for it; takes about half a second."""
    for locale in FOLDERS:
        language(locale)


@cache
def _read(folder: str) -> Language:
    """Parse one catalogue. Raises Babel's error, with the line, if it is broken."""
    home = files("bot.words") / "locales" / folder / "LC_MESSAGES" / "bot.po"
    with home.open("rb") as stream:
        catalogue = read_po(stream, locale=folder, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(code=folder, sentences=GNUTranslations(compiled))

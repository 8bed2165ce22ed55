"""Scores how beautiful a picture is, with any CLIP image tower and a head.

    aesthetic = open_aesthetic()                        # or (head file, tower folder)
    scores = aesthetic.score([picture, ...])            # one number for each RGB picture

Called by the command `score` and by everything that filters or judges pictures. It only measures:
it never deletes, moves or changes a picture. Must not know training.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from models.contract import EngineError

if TYPE_CHECKING:
    import numpy as np

    from models.aesthetics.heads import Head
    from models.aesthetics.towers import Tower

#: The project's own tower and head, trained on painted pictures of known grade.
OWN_TOWER = Path(__file__).parent / "weights"
OWN_HEAD = OWN_TOWER / "head.safetensors"
#: Decimals of a score; more would depend on the batch size.
_DECIMALS = 4


class Aesthetic:
    """A tower with a head that fits it."""

    def __init__(self, tower: Tower, head: Head) -> None:
        """Raises EngineError if the head expects another embedding length than the tower's."""
        if head.width != tower.width:
            raise EngineError(
                f"the head takes embeddings of {head.width} numbers, the tower gives "
                f"{tower.width}: they do not belong together."
            )
        self.tower, self.head = tower, head

    @property
    def id(self) -> str:
        """An id made from the contents of the head's and the tower's files."""
        both = hashlib.sha256(f"{self.head.digest} {self.tower.digest}".encode())
        return f"{self.head.name}-{both.hexdigest()[:12]}"

    def cut(self, picture: Image.Image) -> np.ndarray:
        """The tower's view of an RGB picture; any thread may compute it."""
        return self.tower.window.cut(picture)

    def score_cuts(self, cuts: Sequence[np.ndarray]) -> list[float]:
        """One score for each cut, all in one batch."""
        import numpy as np

        scores = self.head(self.tower.embed(np.stack(cuts)))
        return [round(score, _DECIMALS) for score in scores]

    def score(self, pictures: Sequence[Image.Image]) -> list[float]:
        """One score for each RGB picture of any size, all in one batch."""
        return self.score_cuts([self.cut(picture) for picture in pictures]) if pictures else []


def open_aesthetic(
    head: Path = OWN_HEAD, tower: Path = OWN_TOWER, device: str | None = None
) -> Aesthetic:
    """A head file with a tower folder; by default the project's own.

    Raises EngineError, one sentence, if one is unusable or they do not fit each other.
    """
    import torch

    from models.aesthetics.heads import read_head
    from models.aesthetics.towers import open_tower

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return Aesthetic(open_tower(tower, device), read_head(head))

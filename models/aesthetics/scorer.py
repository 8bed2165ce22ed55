"""How beautiful a picture is, by any CLIP image tower with a head.

    aesthetic = open_aesthetic()                        # or (head file, tower folder)
    scores = aesthetic.score([picture, ...])            # one number for each RGB picture

Called by the command `score` and by whoever filters or judges pictures. It measures; it never
deletes, moves or changes a picture. It must not know training.
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
OWN = Path(__file__).parent / "weights"
OWN_HEAD = OWN / "head.safetensors"
#: Decimals of a score: beyond them the size of a batch shows.
_DECIMALS = 4


class Aesthetic:
    """A tower with a head that fits it."""

    def __init__(self, tower: Tower, head: Head) -> None:
        """EngineError if the head wants embeddings of another length than the tower's."""
        if head.width != tower.width:
            raise EngineError(
                f"the head takes embeddings of {head.width} numbers, the tower gives "
                f"{tower.width}: they do not belong together."
            )
        self.tower, self.head = tower, head

    @property
    def id(self) -> str:
        """Names the head and the tower by what is in their files."""
        both = hashlib.sha256(f"{self.head.digest} {self.tower.digest}".encode())
        return f"{self.head.name}-{both.hexdigest()[:12]}"

    def cut(self, picture: Image.Image) -> np.ndarray:
        """What the tower will see of an RGB picture; any thread may do this part."""
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
    head: Path = OWN_HEAD, tower: Path = OWN, device: str | None = None
) -> Aesthetic:
    """A head file with a tower folder; the project's own where nothing is named.

    EngineError, one sentence, if one of them cannot be used or they do not fit each other.
    """
    import torch

    from models.aesthetics.heads import read_head
    from models.aesthetics.towers import open_tower

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return Aesthetic(open_tower(tower, device), read_head(head))

"""Measures what a picture shows, as numbers for policy: how blank, how likely nude.

Called by the bot's worker, on a thread of its own. A scorer measures; it never decides and never
edits a pixel. `scorer` chooses which ones to open. A new one is a `viewing.Viewer` in a file of its
own.
"""

from models.engine.safety.scorer import PictureScorer, open_scorer, scorer_of

__all__ = ["PictureScorer", "open_scorer", "scorer_of"]

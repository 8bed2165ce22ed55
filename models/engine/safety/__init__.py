"""Measures what a picture shows, as numbers for policy: how blank, how likely nude.

Called by the bot's worker, on a separate thread. A scorer measures; it never decides and never
edits a pixel. `scorer` chooses which ones to open. A new one is a `viewing.Viewer` in its own file.
"""

from models.engine.safety.scorer import PictureScorer, open_scorer, scorer_of

__all__ = ["PictureScorer", "open_scorer", "scorer_of"]

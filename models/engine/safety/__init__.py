"""What a picture shows, as numbers for policy to judge: how blank it is, how likely it is nude.

Called by the bot's worker, on a thread of its own. A scorer measures; it never decides and never
edits a pixel. Which one is opened: `scorer`. A new one is a `viewing.Viewer` in a file of its own.
"""

from models.engine.safety.scorer import PictureScorer, open_scorer, scorer_of

__all__ = ["PictureScorer", "open_scorer", "scorer_of"]

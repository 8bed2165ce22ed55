"""Pictures with captions: where they come from, how they are tagged, cut and cached."""

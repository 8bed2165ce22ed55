"""Which models there are: cards, where they lie, and folders without one. Torch-free."""

"""The catalogue of models: cards, their folders, and folders without a card. Torch-free."""

"""What improves the model and keeps it safe: the training, the blind test, the promotion."""

"""What makes the model better and what keeps it safe: promotion, the blind test, the training."""

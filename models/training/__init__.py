"""What every trainer shares: objective, averages, randomness, state, curves, precision."""

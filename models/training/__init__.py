"""The bench that every trainer shares: objective, averages, chance, state, curves, precision."""

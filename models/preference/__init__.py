"""Trains on judgements: pairs within a prompt, losses, the reward model, the candidate."""

"""Learning from judgements: pairs within a prompt, the losses, the reward model, the candidate."""

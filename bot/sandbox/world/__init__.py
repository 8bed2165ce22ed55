"""The local Discord's state and rules: SimCord with people, channels and interactions."""

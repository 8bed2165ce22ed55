"""Prompts to pictures, many rows at once: the engine and the parts it is made of."""

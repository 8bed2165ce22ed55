"""Turns prompts into pictures, many rows at once: the engine and its parts."""

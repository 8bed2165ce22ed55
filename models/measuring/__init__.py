"""Measures how well a model follows its prompts: the judge, and the evaluations that use it."""

"""How well a model does what it is asked: the judge, and what is measured with it."""

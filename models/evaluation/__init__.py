"""What a model's pictures are measured for: whether they show what was asked, and differ."""

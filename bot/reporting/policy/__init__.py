"""Whether the policy refuses what it must and nothing else: `python -m bot policy-report`."""

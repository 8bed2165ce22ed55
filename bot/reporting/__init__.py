"""What an operator measures: the policy against its corpora, and what was decided across servers.

Each report is a command of its own, prints one table, and may read files and the clock.
"""

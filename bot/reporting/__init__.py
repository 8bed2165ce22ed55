"""Reports for the operator: the policy against its corpora, and decisions across servers.

Each report is a command of its own, prints one table, and may read files and the clock.
"""

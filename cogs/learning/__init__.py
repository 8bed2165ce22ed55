"""The bot owner's commands about models."""

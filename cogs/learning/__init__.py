"""What the bot's owner does about its models, in Discord."""

"""What a person does to get the bot onto a machine."""

"""Reply: the next line of somebody in a chat, how they feel while they say it, and how good such lines are."""

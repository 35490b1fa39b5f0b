"""Conversations: turns of several people, as files tell them, and what is felt in each."""

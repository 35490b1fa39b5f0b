"""Weights on the Hugging Face hub: fetched, described in a card, and given to others."""

"""Words: what is said, as text: read, cut into sentences, felt, and found again in the sound."""

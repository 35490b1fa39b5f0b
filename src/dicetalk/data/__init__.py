"""Corpora: clips and what is known of them, virtual actors, preparation, batches."""

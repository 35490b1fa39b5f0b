"""Measuring: probes of the embedder."""

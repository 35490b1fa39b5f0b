"""The published release -> our format: read without running anything of it, checked tensor by tensor."""

"""The paper's own backbone: Stable Video Diffusion with speech and emotion streams (METHOD section 4)."""

"""Motion diffusion: a network that turns noise into facial motion, told what is said and what is felt."""

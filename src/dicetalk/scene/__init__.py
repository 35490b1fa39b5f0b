"""What a backdrop or a storyboard frame suggests: light and colour, objects, and which of them belong together."""

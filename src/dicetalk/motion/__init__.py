"""The `motion` backbone: facial motion (ARKit-52 and head pose) and a rig that deforms the picture itself."""

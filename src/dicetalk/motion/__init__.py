"""The motion space: ARKit-52 and head pose; Live Link Face CSV."""

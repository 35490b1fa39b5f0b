"""The motion space: ARKit-52 and head pose, the basis of shapes, the landmarks' names; Live Link Face CSV."""

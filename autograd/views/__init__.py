"""What a person looks at: the drawing of a graph."""

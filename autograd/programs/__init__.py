"""Programs: a recorded graph, replayed with other numbers."""

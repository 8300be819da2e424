"""Planning: from a recorded graph to instructions on registers."""

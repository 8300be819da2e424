"""Drawing: graphs, models and Jacobians as pictures."""

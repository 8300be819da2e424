"""Experiments: whole runs, from data to a trained network, behind the command line: `digits`."""

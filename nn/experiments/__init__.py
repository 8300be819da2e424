"""Experiments: behind the command line, whole runs from data to a trained network, `digits`, and a page
in which one learns, `lecture`.
"""

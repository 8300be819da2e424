"""Checking: derivatives against differences, numbers that stop being finite, a reader's answers.

Read `differences`, then `gradcheck`; `exercises` stands by itself.
"""

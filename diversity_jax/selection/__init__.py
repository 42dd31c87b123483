"""Diversity selection: scores, rewards, coverage rules and their theory."""

"""Figures computed from the predictions that runs stored."""

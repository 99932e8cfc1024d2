"""Grading: recorded figures against a re-run that the submission cannot have touched."""

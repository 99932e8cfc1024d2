"""Exercises of the notebooks: checks that say what is wrong, and the student edition."""

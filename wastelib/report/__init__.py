"""Notebooks -> executed notebooks -> one HTML page and one PDF."""

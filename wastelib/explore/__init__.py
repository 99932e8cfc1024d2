"""Asking a trained model about single photographs, in JupyterLab and on a page."""

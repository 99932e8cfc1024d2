"""Photographs on disk, their catalogue, splits and batches."""

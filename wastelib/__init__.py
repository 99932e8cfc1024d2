"""Helper library of the course on sorting landfill waste. Importing it does nothing."""

__version__ = "1.0.0"

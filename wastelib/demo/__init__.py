"""The embedded default: photographs that the project renders itself."""

"""Findings to people: the command line, the archive runner, the server and its page."""

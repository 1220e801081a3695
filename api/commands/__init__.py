"""The commands of ``paperbeat``, one module to a group; each imports what is heavy inside the function."""

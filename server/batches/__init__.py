"""Many zuilen at once: one deed for all that were ticked, and lists out and in."""

"""Releases of the zuil's program: kept, rolled out in stages, and halted when they make things worse."""

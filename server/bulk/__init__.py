"""Many pashouders at once: lists of people to register or who moved, and everyone as a table."""

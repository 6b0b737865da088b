"""The demo: example data and the console that shows two virtual zuilen at work."""

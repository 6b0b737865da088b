"""Partners: the programs that use the JSON API, and what each may do."""

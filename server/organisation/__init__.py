"""How an organisation sets itself up: who works where, and what still has to be done."""

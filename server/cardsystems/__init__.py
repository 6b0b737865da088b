"""Card systems: the units in which local issuers run their pass, and the labels that stand for them."""

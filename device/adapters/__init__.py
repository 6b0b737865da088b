"""The hardware, the network and the two SQLite files of a zuil."""

"""Many zuilen that are not there: they speak the real protocol to a real server, to see what it bears."""

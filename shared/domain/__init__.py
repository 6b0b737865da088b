"""The rules: pure functions of data and `now`, standard library only, run by zuil and server alike."""

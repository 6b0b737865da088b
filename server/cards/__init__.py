"""Cards: the carriers of a UiTPAS, from the supplier's list to a pashouder's pocket."""

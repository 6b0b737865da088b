"""Events: what UiTdatabank tells, and the points and limits the KSB sets."""

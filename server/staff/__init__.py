"""Staff: who they are (UiTiD), what they may do, and for which counter they work now."""

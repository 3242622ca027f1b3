"""Member lists in and out: read, map, plan, apply."""

"""Which to take together, by the planner's word."""

"""Working time: when a team works, holidays, and reckoning in the hours between. Pure; the instant is an argument."""

"""Studies: one experiment for people and observers; what is asked, who is shown what, and how answers come back."""

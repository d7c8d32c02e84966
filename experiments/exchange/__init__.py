"""Tables that others write or read: trials of people, cards of checkpoints, logs of trainings."""

"""Commands that read what there is: records, figures, experiment files."""

"""Statistics of arrays and tables: intervals, resampling, detection, psychometric functions."""

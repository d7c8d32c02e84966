"""What is drawn: shapes, letters, figures, surfaces and backgrounds."""

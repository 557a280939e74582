"""What is printed, in words and columns; no file, no screen."""

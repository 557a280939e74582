"""What was read: files and workbooks become frozen types, all problems reported at once."""

"""The readers of files: cells, headers, encodings, workbooks; the only room that opens the user's tables."""

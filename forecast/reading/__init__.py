"""Reading: the files of a data set, checked and typed; the only readers of files."""

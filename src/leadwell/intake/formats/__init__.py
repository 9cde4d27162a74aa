"""One module per format of file; each gives a `Source`."""

"""The pages on which files of leads are loaded."""

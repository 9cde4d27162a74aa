"""What is held about one person, in all campaigns of an account and in files."""

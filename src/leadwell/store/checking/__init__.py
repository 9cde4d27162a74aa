"""What `leadwell doctor --deep` compares, beside what is derived of leads."""

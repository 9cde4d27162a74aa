"""What the same leads cost with other tools, each as its users run it."""

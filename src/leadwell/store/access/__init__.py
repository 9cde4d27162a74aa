"""Who may see what, by a secret or by a URL: what commands and pages do alike."""

"""What is held about one person: found by an address or number, erased, handed out."""

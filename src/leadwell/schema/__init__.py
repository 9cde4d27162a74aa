"""What a field type is, what an operator is, how a question and a lead are read."""

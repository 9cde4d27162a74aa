"""What goes over the wire and comes back, as values: no I/O, no clock."""

"""`leadwell doctor`: what there is to say of a hub, here or at an address."""

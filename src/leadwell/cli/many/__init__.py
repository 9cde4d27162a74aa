"""`leadwell sync run`: many campaigns and destinations, each as one entry of a file."""

"""What an operator sees of a running lake and decides in it; the commands are in the files named after them."""

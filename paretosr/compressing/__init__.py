"""How trained networks become smaller: the services behind compress."""

"""The accounts, Regions, environments and names that both apps share; imports neither of them."""

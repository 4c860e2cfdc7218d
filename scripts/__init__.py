"""What people run once, or now and then, from their own machine; nothing here is deployed."""

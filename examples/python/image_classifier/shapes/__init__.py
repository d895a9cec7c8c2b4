"""An image classifier that knows six shapes: what it reads, how it was trained, and the model that is deployed."""

"""Read: item → facts."""

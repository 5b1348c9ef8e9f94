"""What the engineer of a hospital does with the database: look after its tables, back it up, restore it."""

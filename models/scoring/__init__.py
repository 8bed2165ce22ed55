"""The rooms behind `models.aesthetics`."""

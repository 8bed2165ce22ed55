"""The rooms of the fine-tuning command; `models.finetune` is their front door."""

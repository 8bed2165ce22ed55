"""The rooms of the fine-tuning command; `models.finetuning.command` is their front door."""

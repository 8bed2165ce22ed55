"""The parts of the fine-tuning command; `models.finetuning.command` is their entry point."""

"""Fine-tuning: which layers learn, when, and how fast."""

"""Find out why a training script's accuracy is low: run it, observe, repair, run it again."""

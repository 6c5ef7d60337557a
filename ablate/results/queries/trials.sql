-- Every trial with its configuration's main fields, status and time.
SELECT name, trial, status, model, arm, augment, seed, image_size, epochs, width, selection, val_iou,
       train_seconds, score_seconds, peak_memory_mb, device, reason
FROM trials
ORDER BY name, trial

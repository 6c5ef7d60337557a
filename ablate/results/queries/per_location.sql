-- Mean IoU and hit rate of every trial at every location, with 95 % intervals over bursts.
SELECT t.name, l.trial, l.location, l.n_images,
       l.iou_mean, l.iou_low, l.iou_high, l.hit_rate, l.n_empty, l.false_alarm_rate
FROM locations AS l JOIN grid AS t USING (trial)
ORDER BY t.name, l.trial, try_cast(l.location AS integer), l.location

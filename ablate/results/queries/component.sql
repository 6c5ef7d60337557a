-- What choosing the largest component costs: how often another one fits better, and by how much on average.
SELECT t.name, i.trial,
       round(100 * avg((i.iou_any > i.iou)::int), 1) AS not_the_best_percent,
       avg(i.iou) AS iou, avg(i.iou_any) AS iou_any, avg(i.iou_all) AS iou_all,
       corr(i.iou, i.mask_iou) AS correlation_with_mask_iou
FROM images AS i JOIN grid AS t USING (trial)
WHERE i.iou IS NOT NULL
GROUP BY ALL
ORDER BY t.name, i.trial

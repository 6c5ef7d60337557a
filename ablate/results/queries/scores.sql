-- Every trial that the tables are of, however many, by its mean IoU over all photographs with an animal.
SELECT t.photos_digest[:12] AS photographs, t.name, i.trial, t.model, t.arm, t.augment, t.seed,
       count(*) AS n, avg(i.iou) AS iou
FROM images AS i JOIN grid AS t USING (trial)
WHERE i.iou IS NOT NULL
GROUP BY ALL
ORDER BY photographs, iou DESC, t.name, i.trial

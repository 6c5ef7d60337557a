-- At each location the setting (of those trained here) with the highest mean IoU, and how far the second is behind it.
WITH scores AS (
    SELECT t.photos_digest[:12] AS photographs, i.location, i.model, i.arm, i.augment,
           count(DISTINCT i.image_id) AS n, avg(i.iou) AS iou,
           count(DISTINCT i.seed) AS seeds, count(DISTINCT i.trial) AS trials
    FROM images AS i JOIN grid AS t USING (trial)
    WHERE i.iou IS NOT NULL AND t.reference IS NULL
    GROUP BY ALL
), ranked AS (
    SELECT *, row_number() OVER best AS place, iou - lead(iou) OVER best AS ahead,
           lead(seeds) OVER best AS seeds_of_second, lead(trials) OVER best AS trials_of_second
    FROM scores
    WINDOW best AS (PARTITION BY photographs, location ORDER BY iou DESC, model, arm, augment)
)
SELECT photographs, location, n, model, arm, augment, iou, seeds, trials, ahead, seeds_of_second, trials_of_second
FROM ranked
WHERE place = 1
ORDER BY photographs, try_cast(location AS integer), location

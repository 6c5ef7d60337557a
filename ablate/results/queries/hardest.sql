-- The 50 photographs that all trials of the main protocol, and all detectors, together find worst.
WITH shown AS (
    SELECT trial, photos_digest
    FROM grid
    WHERE reference IS NOT NULL OR 1 IN (SELECT unnest(shown_in(trial)).protocol)
)
SELECT s.photos_digest[:12] AS photographs, i.location, i.image_id,
       avg(i.iou) AS iou, max(i.iou) AS best, count(*) AS trials
FROM images AS i JOIN shown AS s USING (trial)
WHERE i.iou IS NOT NULL
GROUP BY ALL
ORDER BY iou, best, i.image_id
LIMIT 50

-- The 50 photographs that all trials together find worst.
SELECT t.photos_digest[:12] AS photographs, i.location, i.image_id,
       avg(i.iou) AS iou, max(i.iou) AS best, count(*) AS trials
FROM images AS i JOIN grid AS t USING (trial)
WHERE i.iou IS NOT NULL
GROUP BY ALL
ORDER BY iou, best, i.image_id
LIMIT 50

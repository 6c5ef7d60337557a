-- At each location the setting (of those trained here) with the highest mean IoU, and how far the second is behind it.
WITH by_trial AS (
    SELECT trial, location, count(*) AS n, sum(iou) AS total
    FROM images
    WHERE iou IS NOT NULL
    GROUP BY ALL
), scores AS (
    SELECT t.photos_digest[:12] AS photographs, i.location, t.model, t.arm, t.augment,
           max(i.n) AS n, sum(i.total) / sum(i.n) AS iou, count(DISTINCT t.seed) AS seeds, count(*) AS trials
    FROM by_trial AS i JOIN grid AS t USING (trial)
    WHERE t.reference IS NULL
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

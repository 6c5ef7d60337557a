-- At each location the setting (of those trained here) with the highest mean IoU, and how far the second is behind it.
WITH by_trial AS (
    SELECT trial, location, count(*) AS n, sum(iou) AS total
    FROM images
    WHERE iou IS NOT NULL
    GROUP BY ALL
), shown AS (
    SELECT *, unnest(shown_in(trial), recursive := true)
    FROM grid
    WHERE reference IS NULL AND status = 'done'
), scores AS (
    SELECT s.photos_digest[:12] AS photographs, s.protocol, i.location, s.model, s.arm, s.augment, s.setting,
           any_value(i.trial) AS trial, max(i.n) AS n, sum(i.total) / sum(i.n) AS iou,
           count(DISTINCT s.seed) AS seeds, count(*) AS trials
    FROM by_trial AS i JOIN shown AS s USING (trial)
    GROUP BY ALL
), ranked AS (
    SELECT *, row_number() OVER best AS place, iou - lead(iou) OVER best AS ahead,
           lead(seeds) OVER best AS seeds_of_second, lead(trials) OVER best AS trials_of_second
    FROM scores
    WINDOW best AS (PARTITION BY photographs, protocol, location ORDER BY iou DESC, model, setting)
)
SELECT photographs, protocol, location, n, model, arm, augment, setting, iou,
       best_constant_box(trial, location) AS constant_box, iou > constant_box AS beats_it,
       seeds, trials, ahead, seeds_of_second, trials_of_second
FROM ranked
WHERE place = 1
ORDER BY photographs, protocol, try_cast(location AS integer), location

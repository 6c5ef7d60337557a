-- How often each trial hits, misses, or finds something else, in percent of the photographs with an animal.
SELECT t.name, i.trial, count(*) AS n,
       round(100 * avg((outcome = 'hit')::int), 1) AS hit,
       round(100 * avg((outcome = 'partial')::int), 1) AS partial,
       round(100 * avg((outcome = 'oversized')::int), 1) AS oversized,
       round(100 * avg((outcome = 'fragmented')::int), 1) AS fragmented,
       round(100 * avg((outcome = 'elsewhere')::int), 1) AS elsewhere,
       round(100 * avg((outcome = 'missed')::int), 1) AS missed
FROM images AS i JOIN grid AS t USING (trial)
WHERE i.iou IS NOT NULL
GROUP BY ALL
ORDER BY hit DESC, t.name, i.trial

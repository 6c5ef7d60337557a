-- Every run: when, of which space, how many trials it asked for and how many are here; last those of no run.
SELECT run, started_at, space, search, asked, done, failed, command
FROM runs
ORDER BY run

-- Counts that reports read (stores/tallies.py).

-- name: tally_add
INSERT INTO tally (sandbox, width, at, kind, key, part, n)
VALUES (:sandbox, 'minute', :at, :kind, :key, :part, :n)
ON CONFLICT (sandbox, width, at, kind, key, part) DO UPDATE SET n = tally.n + excluded.n

-- In steps of any length from :since on. kinds: between commas, with one at each end.
-- name: tallies_of
SELECT :since + (at - :since) / :step * :step AS step_at, kind, key, CAST(SUM(n) AS BIGINT)
FROM tally
WHERE sandbox = :sandbox AND width IN ('minute', 'hour') AND at >= :since AND at < :until
  AND :kinds LIKE '%,' || kind || ',%'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT :limit

-- name: tally_first
SELECT at FROM tally WHERE sandbox = :sandbox AND width = :width AND at < :older_than ORDER BY at LIMIT 1

-- The three steps by which an hour's minutes become one: taken, so that of two processes one has them; summed; removed.
-- name: tally_take
UPDATE tally SET width = 'taken' WHERE sandbox = :sandbox AND width = 'minute' AND at >= :hour AND at < :next

-- name: tally_fold
INSERT INTO tally (sandbox, width, at, kind, key, part, n)
SELECT :sandbox, 'hour', CAST(:hour AS BIGINT), kind, key, '', CAST(SUM(n) AS BIGINT) FROM tally
WHERE sandbox = :sandbox AND width = 'taken' AND at >= :hour AND at < :next GROUP BY kind, key
ON CONFLICT (sandbox, width, at, kind, key, part) DO UPDATE SET n = tally.n + excluded.n

-- name: tally_drop
DELETE FROM tally WHERE sandbox = :sandbox AND width = :width AND at >= :hour AND at < :next

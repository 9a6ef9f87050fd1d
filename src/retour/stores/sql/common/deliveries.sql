-- The pages' list of deliveries: newest first, filtered, and what is looked at while it is live.

-- Each list reads downwards from :before to :after by one index and stops at :limit. Where a filter may pass over much,
-- :after is the place where the search ends, which the statement of the same name with _edge finds in the index alone.
-- failed: 0 all, 1 only those of which a try has failed, 2 only the others. low, high: bounds of the status code, 0 for any.

-- name: deliveries_newest
SELECT d.id, d.event_id, d.message_id, d.request_id, d.feedback_status, d.sequence, d.replay, d.webhook_id, d.format,
  d.state, d.attempts, d.due_at, d.created_at, d.settled_at, d.leased, d.last_code, d.last_trouble,
  m.user_id, m.channel, m.campaign_id, c.name, (
    SELECT a.doc FROM attempt a WHERE a.sandbox = :sandbox AND a.message_id = d.message_id AND a.delivery_id = d.id
    ORDER BY a.id DESC LIMIT 1)
FROM delivery d LEFT JOIN message m ON m.sandbox = :sandbox AND m.id = d.message_id
LEFT JOIN campaign c ON c.sandbox = :sandbox AND c.id = m.campaign_id
WHERE d.sandbox = :sandbox AND d.id < :before AND d.id > :after AND (:state = '' OR d.state = :state)
  AND (:feedback = '' OR d.feedback_status = :feedback)
  AND (:failed = 0 OR (:failed = 1 AND d.last_trouble IS NOT NULL) OR (:failed = 2 AND d.last_trouble IS NULL))
  AND (:high = 0 OR (d.last_code >= :low AND d.last_code < :high))
ORDER BY d.id DESC LIMIT :limit

-- name: deliveries_newest_edge
SELECT d.id FROM delivery d WHERE d.sandbox = :sandbox AND d.id < :before AND d.id > :after
ORDER BY d.id DESC LIMIT 1 OFFSET :skip

-- name: deliveries_over
SELECT d.id, d.event_id, d.message_id, d.request_id, d.feedback_status, d.sequence, d.replay, d.webhook_id, d.format,
  d.state, d.attempts, d.due_at, d.created_at, d.settled_at, d.leased, d.last_code, d.last_trouble,
  m.user_id, m.channel, m.campaign_id, c.name, (
    SELECT a.doc FROM attempt a WHERE a.sandbox = :sandbox AND a.message_id = d.message_id AND a.delivery_id = d.id
    ORDER BY a.id DESC LIMIT 1)
FROM delivery d LEFT JOIN message m ON m.sandbox = :sandbox AND m.id = d.message_id
LEFT JOIN campaign c ON c.sandbox = :sandbox AND c.id = m.campaign_id
WHERE d.sandbox = :sandbox AND d.state = :state AND d.state IN ('exhausted', 'cancelled') AND d.id < :before
  AND d.id > :after AND (:feedback = '' OR d.feedback_status = :feedback)
  AND (:high = 0 OR (d.last_code >= :low AND d.last_code < :high))
  AND (:unanswered = 0 OR (d.last_code IS NULL AND d.attempts > 0))
ORDER BY d.id DESC LIMIT :limit

-- name: deliveries_over_edge
SELECT d.id FROM delivery d WHERE d.sandbox = :sandbox AND d.state = :state AND d.state IN ('exhausted', 'cancelled')
  AND d.id < :before AND d.id > :after
ORDER BY d.id DESC LIMIT 1 OFFSET :skip

-- name: deliveries_retrying
SELECT d.id, d.event_id, d.message_id, d.request_id, d.feedback_status, d.sequence, d.replay, d.webhook_id, d.format,
  d.state, d.attempts, d.due_at, d.created_at, d.settled_at, d.leased, d.last_code, d.last_trouble,
  m.user_id, m.channel, m.campaign_id, c.name, (
    SELECT a.doc FROM attempt a WHERE a.sandbox = :sandbox AND a.message_id = d.message_id AND a.delivery_id = d.id
    ORDER BY a.id DESC LIMIT 1)
FROM delivery d LEFT JOIN message m ON m.sandbox = :sandbox AND m.id = d.message_id
LEFT JOIN campaign c ON c.sandbox = :sandbox AND c.id = m.campaign_id
WHERE d.sandbox = :sandbox AND d.state = 'due' AND d.last_trouble IS NOT NULL AND d.id < :before AND d.id > :after
  AND (:feedback = '' OR d.feedback_status = :feedback)
  AND (:high = 0 OR (d.last_code >= :low AND d.last_code < :high)) AND (:unanswered = 0 OR d.last_code IS NULL)
ORDER BY d.id DESC LIMIT :limit

-- name: deliveries_retrying_edge
SELECT d.id FROM delivery d WHERE d.sandbox = :sandbox AND d.state = 'due' AND d.last_trouble IS NOT NULL
  AND d.id < :before AND d.id > :after
ORDER BY d.id DESC LIMIT 1 OFFSET :skip

-- name: deliveries_troubled
SELECT d.id, d.event_id, d.message_id, d.request_id, d.feedback_status, d.sequence, d.replay, d.webhook_id, d.format,
  d.state, d.attempts, d.due_at, d.created_at, d.settled_at, d.leased, d.last_code, d.last_trouble,
  m.user_id, m.channel, m.campaign_id, c.name, (
    SELECT a.doc FROM attempt a WHERE a.sandbox = :sandbox AND a.message_id = d.message_id AND a.delivery_id = d.id
    ORDER BY a.id DESC LIMIT 1)
FROM delivery d LEFT JOIN message m ON m.sandbox = :sandbox AND m.id = d.message_id
LEFT JOIN campaign c ON c.sandbox = :sandbox AND c.id = m.campaign_id
WHERE d.sandbox = :sandbox AND d.last_trouble IS NOT NULL AND d.id < :before AND d.id > :after
  AND (:state = '' OR d.state = :state) AND (:feedback = '' OR d.feedback_status = :feedback)
  AND (:high = 0 OR (d.last_code >= :low AND d.last_code < :high))
  AND (:unanswered = 0 OR (d.last_code IS NULL AND d.attempts > 0))
ORDER BY d.id DESC LIMIT :limit

-- name: deliveries_troubled_edge
SELECT d.id FROM delivery d WHERE d.sandbox = :sandbox AND d.last_trouble IS NOT NULL AND d.id < :before AND d.id > :after
ORDER BY d.id DESC LIMIT 1 OFFSET :skip

-- By what somebody may have at hand: the id of a message, execution, request, event or delivery, or a recipient. Of a
-- recipient the :skip newest messages are looked at. `|| ''` keeps the planner from walking the sandbox by its ids, and
-- nothing is sorted here, so that no plan costs as much as any other (BY_INDEX in postgres.py). What is found twice is
-- told twice: to merge the parts, SQLite would walk whole tables in their order.
-- name: deliveries_named
WITH found (message_id, one) AS (
  SELECT m.id, '' FROM message m WHERE m.sandbox = :sandbox AND m.id = :text
  UNION ALL SELECT m.id, '' FROM message m WHERE m.sandbox = :sandbox AND m.execution_id = :text
  UNION ALL SELECT m.id, '' FROM request_key k JOIN message m ON m.sandbox = :sandbox AND m.execution_id = k.execution_id
    WHERE k.sandbox = :sandbox AND k.request_id = :text
  UNION ALL SELECT e.message_id, e.id FROM event e WHERE e.sandbox = :sandbox AND e.id = :text
  UNION ALL SELECT n.message_id, n.id FROM delivery n WHERE n.sandbox = :sandbox AND n.id = :text
  UNION ALL SELECT people.id, '' FROM (
    SELECT m.id FROM message m WHERE m.sandbox = :sandbox AND m.user_id <> '' AND lower(m.user_id) = lower(:text)
      AND m.id < :before ORDER BY m.id DESC LIMIT :skip) AS people
  UNION ALL SELECT places.id, '' FROM (
    SELECT m.id FROM message m WHERE m.sandbox = :sandbox AND m.address <> m.user_id AND lower(m.address) = lower(:text)
      AND lower(m.user_id) <> lower(:text) AND m.id < :before ORDER BY m.id DESC LIMIT :skip) AS places
)
SELECT d.id FROM found f CROSS JOIN delivery d
WHERE d.sandbox = :sandbox AND d.message_id = f.message_id AND (f.one = '' OR f.one = d.id OR f.one = d.event_id)
  AND d.id || '' < :before AND d.id || '' > :after
  AND (:state = '' OR d.state = :state) AND (:feedback = '' OR d.feedback_status = :feedback)
  AND (:failed = 0 OR (:failed = 1 AND d.last_trouble IS NOT NULL) OR (:failed = 2 AND d.last_trouble IS NULL))
  AND (:high = 0 OR (d.last_code >= :low AND d.last_code < :high))
  AND (:unanswered = 0 OR (d.last_code IS NULL AND d.last_trouble IS NOT NULL AND d.attempts > 0))

-- name: deliveries_named_edge
SELECT m.id FROM message m WHERE m.sandbox = :sandbox AND m.user_id <> '' AND lower(m.user_id) = lower(:text)
  AND m.id < :before ORDER BY m.id DESC LIMIT 1 OFFSET :skip

-- name: delivery_line
SELECT d.id, d.event_id, d.message_id, d.request_id, d.feedback_status, d.sequence, d.replay, d.webhook_id, d.format,
  d.state, d.attempts, d.due_at, d.created_at, d.settled_at, d.leased, d.last_code, d.last_trouble,
  m.user_id, m.channel, m.campaign_id, c.name, (
    SELECT a.doc FROM attempt a WHERE a.sandbox = :sandbox AND a.message_id = d.message_id AND a.delivery_id = d.id
    ORDER BY a.id DESC LIMIT 1)
FROM delivery d LEFT JOIN message m ON m.sandbox = :sandbox AND m.id = d.message_id
LEFT JOIN campaign c ON c.sandbox = :sandbox AND c.id = m.campaign_id
WHERE d.sandbox = :sandbox AND d.id = :id

-- === live: what shows that a delivery has changed ===

-- name: deliveries_glance
SELECT d.id, d.state, d.fence, d.leased, d.due_at FROM delivery d
WHERE d.sandbox = :sandbox ORDER BY d.id DESC LIMIT :limit

-- name: deliveries_troubled_glance
SELECT d.id, d.state, d.fence, d.leased, d.due_at FROM delivery d
WHERE d.sandbox = :sandbox AND d.last_trouble IS NOT NULL ORDER BY d.id DESC LIMIT :limit

-- === counts, of at most :limit ===

-- name: deliveries_retrying_count
SELECT COUNT(*), MIN(few.due_at) FROM (
  SELECT d.due_at FROM delivery d WHERE d.sandbox = :sandbox AND d.state = 'due' AND d.last_trouble IS NOT NULL
  ORDER BY d.id DESC LIMIT :limit) AS few

-- name: deliveries_failed_count
SELECT COUNT(*) FROM (
  SELECT d.settled_at FROM delivery d WHERE d.sandbox = :sandbox AND d.state = 'exhausted'
    AND d.state IN ('exhausted', 'cancelled') ORDER BY d.id DESC LIMIT :limit) AS few
WHERE few.settled_at >= :since

-- === replaying many ===

-- The oldest first: those that failed, have a body, and were not sent again since.
-- name: deliveries_to_replay
SELECT d.id FROM delivery d
WHERE d.sandbox = :sandbox AND d.state = 'exhausted' AND d.state IN ('exhausted', 'cancelled') AND d.id > :after
  AND (:feedback = '' OR d.feedback_status = :feedback)
  AND (:high = 0 OR (d.last_code >= :low AND d.last_code < :high))
  AND (:unanswered = 0 OR (d.last_code IS NULL AND d.attempts > 0))
  AND EXISTS (SELECT 1 FROM event e WHERE e.sandbox = :sandbox AND e.message_id = d.message_id
    AND e.sequence = d.sequence AND e.removed = 0)
  AND NOT EXISTS (SELECT 1 FROM delivery n WHERE n.sandbox = :sandbox AND n.message_id = d.message_id
    AND n.sequence = d.sequence AND n.state IN ('due', 'accepted'))
ORDER BY d.id LIMIT :limit

-- Executions, messages, events, deliveries, attempts: what the rooms and their pages ask.

-- === executions and messages ===

-- name: request_key_insert
INSERT INTO request_key (sandbox, request_id, hash, execution_id, created_at)
VALUES (:sandbox, :request_id, :hash, :execution_id, :created_at) ON CONFLICT (sandbox, request_id) DO NOTHING

-- name: request_key_get
SELECT k.hash, k.execution_id, e.created_at, e.created_by, e.version_id
FROM request_key k JOIN execution e ON e.sandbox = k.sandbox AND e.id = k.execution_id
WHERE k.sandbox = :sandbox AND k.request_id = :request_id

-- Of a live campaign, in the version that it was accepted for.
-- name: execution_insert
INSERT INTO execution (sandbox, id, request_id, campaign_id, version_id, created_at, created_by)
SELECT :sandbox, :id, :request_id, :campaign_id, :campaign_version_id, CAST(:created_at AS BIGINT), :created_by
FROM campaign WHERE sandbox = :sandbox AND id = :campaign_id AND status = 'LIVE'
  AND live_version_id = :campaign_version_id

-- name: execution_get
SELECT id, request_id, campaign_id, version_id, created_at, created_by
FROM execution WHERE sandbox = :sandbox AND id = :id

-- name: message_insert
INSERT INTO message (sandbox, id, execution_id, request_id, campaign_id, version_id, configuration_id, channel,
  namespace, user_id, address, created_at, expires_at, content, status, due_at)
VALUES (:sandbox, :id, :execution_id, :request_id, :campaign_id, :version_id, :configuration_id, :channel,
  :namespace, :user_id, :address, :created_at, :expires_at, :content, :status, :due_at)

-- name: messages_of_execution
SELECT id, user_id, status FROM message WHERE sandbox = :sandbox AND execution_id = :execution_id ORDER BY id LIMIT 20

-- name: message_get
SELECT id, execution_id, request_id, campaign_id, channel, namespace, user_id, address, created_at, status, attempts
FROM message WHERE sandbox = :sandbox AND id = :id

-- `+ 0` keeps the planner to the few leased rows: by the due index it would read all that wait for the relay. `> 0` is
-- what the index of leased rows says.
-- name: message_leased
SELECT 1 FROM message
WHERE sandbox = :sandbox AND configuration_id = :configuration_id AND leased > 0 AND leased = 1
  AND due_at + 0 > :now LIMIT 1

-- name: message_settle
UPDATE message SET status = CASE WHEN erased = 0 THEN :status ELSE status END,
  due_at = CASE WHEN erased = 0 THEN CAST(:due_at AS BIGINT) END, leased = 0, taken = 0, tried = 0,
  attempts = :attempts, revision = revision + 1, events = events + :told, delayed = :delayed, final_event_id = :final_event_id,
  waits_for_relay = :waits_for_relay, content = CASE WHEN :drop_content = 1 THEN NULL ELSE content END
WHERE sandbox = :sandbox AND id = :id AND revision = :revision AND fence = :fence AND leased > 0

-- name: messages_free
UPDATE message SET due_at = :now, leased = 0 WHERE leased > 0 AND due_at IS NOT NULL

-- Two skip scans, one over sandboxes and one over the configurations of each. The first due time of a lane is asked for by
-- MIN and not by EXISTS, which PostgreSQL would turn into one look at all due rows.
-- name: due_message_lanes
WITH RECURSIVE place (sandbox) AS (
  SELECT MIN(sandbox) FROM message WHERE due_at IS NOT NULL
  UNION ALL
  SELECT (SELECT MIN(n.sandbox) FROM message n WHERE n.due_at IS NOT NULL AND n.sandbox > o.sandbox)
  FROM place o WHERE o.sandbox IS NOT NULL
), lane (sandbox, configuration_id) AS (
  SELECT o.sandbox, (SELECT MIN(n.configuration_id) FROM message n WHERE n.sandbox = o.sandbox AND n.due_at IS NOT NULL)
  FROM place o WHERE o.sandbox IS NOT NULL
  UNION ALL
  SELECT l.sandbox, (SELECT MIN(n.configuration_id) FROM message n
    WHERE n.sandbox = l.sandbox AND n.due_at IS NOT NULL AND n.configuration_id > l.configuration_id)
  FROM lane l WHERE l.configuration_id IS NOT NULL
)
SELECT l.sandbox, l.configuration_id FROM lane l WHERE (
  SELECT MIN(d.due_at) FROM message d WHERE d.sandbox = l.sandbox AND d.configuration_id = l.configuration_id
    AND d.due_at IS NOT NULL) <= :now

-- === events, deliveries, attempts ===

-- Of somebody who was erased nothing more is recorded.
-- name: event_insert
INSERT INTO event (sandbox, message_id, sequence, id, fact, status, channel, at, body)
SELECT :sandbox, :message_id, :sequence, :id, :fact, :status, :channel, :at, :body
WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.sandbox = :sandbox AND m.id = :message_id AND m.erased = 1)
ON CONFLICT (sandbox, message_id, fact) DO NOTHING

-- name: events_of_message
SELECT id, message_id, sequence, fact, status, channel, at, body
FROM event WHERE sandbox = :sandbox AND message_id = :message_id ORDER BY sequence LIMIT 1000

-- name: delivery_owe
INSERT INTO delivery (sandbox, message_id, sequence, replay, id, event_id, request_id, feedback_status, webhook_id,
  format, ordered, state, due_at, created_at)
SELECT :sandbox, :message_id, :sequence, '', :id, :event_id, :request_id, :status, w.id,
  COALESCE(w.format, 'extended'), CASE WHEN COALESCE(w.order_wait, 60) = 0 THEN 0 ELSE 1 END, 'due',
  CASE WHEN COALESCE(w.order_wait, 60) <> 0 AND EXISTS (
      SELECT 1 FROM delivery p WHERE p.sandbox = :sandbox AND p.message_id = :message_id AND p.replay = ''
        AND p.sequence < :sequence AND p.state = 'due')
    THEN :at + COALESCE(w.order_wait, 60) * 1000000 ELSE :at END, :at
FROM (SELECT 1 AS one) AS o LEFT JOIN webhook w ON w.sandbox = :sandbox
WHERE CASE WHEN w.id IS NULL THEN :by_default
  ELSE CASE WHEN (w.channels & :channel_bit) <> 0 AND (w.events & :status_bit) <> 0 THEN 1 ELSE 0 END END = 1

-- name: delivery_leased
SELECT 1 FROM delivery WHERE sandbox = :sandbox AND leased = 1 AND due_at + 0 > :now LIMIT 1

-- name: event_removed
SELECT removed, at FROM event WHERE sandbox = :sandbox AND message_id = :message_id AND sequence = :sequence

-- name: event_body
SELECT body FROM event WHERE sandbox = :sandbox AND message_id = :message_id AND sequence = :sequence

-- What was leased when its webhook was deleted or its person erased, and would have to be tried again.
-- name: delivery_cancel_orphan
UPDATE delivery SET state = 'cancelled', settled_at = :now
WHERE sandbox = :sandbox AND id = :id AND state = 'due' AND leased = 0 AND (
  (webhook_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM webhook w WHERE w.sandbox = delivery.sandbox AND w.id = delivery.webhook_id))
  OR erased = 1)

-- name: delivery_wake_next
UPDATE delivery SET due_at = CASE WHEN due_at > :now THEN :now ELSE due_at END
WHERE sandbox = :sandbox AND state = 'due' AND leased = 0 AND attempts = 0
  AND message_id = :message_id AND replay = :replay AND sequence = (
    SELECT MIN(n.sequence) FROM delivery n WHERE n.sandbox = :sandbox AND n.message_id = :message_id
      AND n.replay = :replay AND n.state = 'due' AND n.sequence > :sequence)

-- name: deliveries_free
UPDATE delivery SET due_at = :now, leased = 0, state = CASE WHEN webhook_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM webhook w WHERE w.sandbox = delivery.sandbox AND w.id = delivery.webhook_id)
  THEN 'cancelled' ELSE state END
WHERE leased = 1 AND state = 'due'

-- name: deliveries_cancel
UPDATE delivery SET state = 'cancelled', settled_at = :now WHERE sandbox = :sandbox AND state = 'due' AND leased = 0

-- name: deliveries_adopt
UPDATE delivery SET webhook_id = :webhook_id, format = :format, ordered = (
  SELECT CASE WHEN w.order_wait = 0 THEN 0 ELSE 1 END FROM webhook w WHERE w.sandbox = :sandbox)
WHERE sandbox = :sandbox AND state = 'due' AND leased = 0

-- name: deliveries_cancel_unwanted
UPDATE delivery SET state = 'cancelled', settled_at = :now
WHERE sandbox = :sandbox AND state = 'due' AND leased = 0 AND (
  :wanted NOT LIKE '%,' || feedback_status || ',%' OR NOT EXISTS (
    SELECT 1 FROM webhook w JOIN event e ON e.sandbox = w.sandbox
    WHERE w.sandbox = :sandbox AND e.message_id = delivery.message_id AND e.sequence = delivery.sequence
      AND (CASE WHEN e.channel = 'email' THEN w.channels & 1 ELSE w.channels & 2 END) <> 0))

-- name: deliveries_expire
UPDATE delivery SET state = 'exhausted', settled_at = :now, last_trouble = 'no_webhook'
WHERE state = 'due' AND leased = 0 AND created_at < :before AND NOT EXISTS (
  SELECT 1 FROM webhook w WHERE w.sandbox = delivery.sandbox)

-- name: request_keys_expire
DELETE FROM request_key WHERE (sandbox, request_id) IN (
  SELECT sandbox, request_id FROM request_key WHERE created_at < :before LIMIT :limit)

-- name: sign_in_links_expire
DELETE FROM sign_in_link WHERE expires_at <= :now

-- name: sessions_expire
DELETE FROM session WHERE expires_at <= :now

-- name: deliveries_waiting
SELECT COUNT(*) FROM delivery WHERE sandbox = :sandbox AND state = 'due'

-- name: delivery_replay
INSERT INTO delivery (sandbox, message_id, sequence, replay, id, event_id, request_id, feedback_status, webhook_id,
  format, ordered, state, due_at, created_at)
SELECT d.sandbox, d.message_id, d.sequence, :id, :id, d.event_id, d.request_id, d.feedback_status, w.id,
  w.format, 0, 'due', :now, :now
FROM delivery d JOIN webhook w ON w.sandbox = d.sandbox
JOIN event e ON e.sandbox = d.sandbox AND e.message_id = d.message_id AND e.sequence = d.sequence AND e.removed = 0
WHERE d.sandbox = :sandbox AND d.id = :original

-- name: delivery_get
SELECT id, event_id, message_id, request_id, feedback_status, sequence, replay, webhook_id, format, state, attempts,
  due_at, created_at, settled_at, leased, last_code, last_trouble FROM delivery WHERE sandbox = :sandbox AND id = :id

-- name: deliveries_page
SELECT id, event_id, message_id, request_id, feedback_status, sequence, replay, webhook_id, format, state, attempts,
  due_at, created_at, settled_at, leased, last_code, last_trouble
FROM delivery WHERE sandbox = :sandbox AND id < :before AND (:state = '' OR state = :state)
  AND (:tried = -1 OR (:tried = 0 AND last_trouble IS NULL) OR (:tried = 1 AND last_trouble IS NOT NULL))
ORDER BY id DESC LIMIT :limit

-- Of those that may be posted to: a parked sandbox would be looked at in vain at every sweep.
-- name: due_delivery_lanes
WITH RECURSIVE lane (sandbox) AS (
  SELECT MIN(sandbox) FROM delivery WHERE state = 'due'
  UNION ALL
  SELECT (SELECT MIN(d.sandbox) FROM delivery d WHERE d.state = 'due' AND d.sandbox > l.sandbox)
  FROM lane l WHERE l.sandbox IS NOT NULL
)
SELECT l.sandbox FROM lane l JOIN webhook w ON w.sandbox = l.sandbox
WHERE w.paused_at IS NULL AND (w.failures < :threshold OR w.open_until IS NULL OR w.open_until <= :now) AND (
  SELECT MIN(d.due_at) FROM delivery d WHERE d.sandbox = l.sandbox AND d.state = 'due') <= :now

-- name: attempt_insert
INSERT INTO attempt (sandbox, message_id, id, delivery_id, number, at, doc)
VALUES (:sandbox, :message_id, :id, :delivery_id, :number, :at, :doc)

-- name: attempts_of
SELECT a.doc FROM delivery d JOIN attempt a
  ON a.sandbox = d.sandbox AND a.message_id = d.message_id AND a.delivery_id = d.id
WHERE d.sandbox = :sandbox AND d.id = :delivery_id ORDER BY a.id LIMIT 200

-- What happened, as lists, searches and the feed of events ask for it. Ids of events are time-ordered: a list is a walk
-- along event_id, and no walk is longer than a number of events that the asker names (its floor or ceiling).

-- === the list, newest first ===

-- name: events_floor
SELECT id FROM event WHERE sandbox = :sandbox AND id < :before AND id >= :from_id ORDER BY id DESC LIMIT 1 OFFSET :scan

-- CROSS JOIN keeps SQLite to this order of the tables.
-- name: events_page
SELECT e.id, e.message_id, e.sequence, e.status, e.channel, e.at, m.user_id, m.address, m.campaign_id, m.execution_id,
  m.request_id, e.body
FROM event e CROSS JOIN message m
WHERE e.sandbox = :sandbox AND m.sandbox = :sandbox AND m.id = e.message_id AND e.id < :before AND e.id >= :from_id
  AND (:status = '' OR e.status = :status) AND (:channel = '' OR e.channel = :channel)
  AND (:campaign = '' OR m.campaign_id = :campaign)
ORDER BY e.id DESC LIMIT :limit

-- The same for statuses that are rare, by an index of their own.
-- name: troubles_floor
SELECT id FROM event WHERE sandbox = :sandbox AND status NOT IN ('sent', 'delivered') AND id < :before AND id >= :from_id
ORDER BY id DESC LIMIT 1 OFFSET :scan

-- name: troubles_page
SELECT e.id, e.message_id, e.sequence, e.status, e.channel, e.at, m.user_id, m.address, m.campaign_id, m.execution_id,
  m.request_id, e.body
FROM event e CROSS JOIN message m
WHERE e.sandbox = :sandbox AND m.sandbox = :sandbox AND m.id = e.message_id AND e.id < :before AND e.id >= :from_id
  AND e.status NOT IN ('sent', 'delivered')
  AND (:status = '' OR e.status = :status) AND (:channel = '' OR e.channel = :channel)
  AND (:campaign = '' OR m.campaign_id = :campaign)
ORDER BY e.id DESC LIMIT :limit

-- name: events_told_of
SELECT e.id, e.message_id, e.sequence, e.status, e.channel, e.at, m.user_id, m.address, m.campaign_id, m.execution_id,
  m.request_id, e.body
FROM message m CROSS JOIN event e
WHERE m.sandbox = :sandbox AND m.id = :message_id AND e.sandbox = :sandbox AND e.message_id = :message_id
ORDER BY e.sequence DESC LIMIT :limit

-- name: campaign_names
SELECT id, name FROM campaign WHERE sandbox = :sandbox ORDER BY id DESC LIMIT :limit

-- name: campaign_name
SELECT name FROM campaign WHERE sandbox = :sandbox AND id = :id

-- === search ===

-- Capitals make no difference in e-mail addresses, and only there.
-- name: messages_to
SELECT id FROM (
  SELECT id FROM message WHERE sandbox = :sandbox AND user_id <> '' AND lower(user_id) = lower(:who)
    AND (user_id = :who OR lower(namespace) = 'email') AND id < :before ORDER BY id DESC LIMIT :limit) AS by_id
UNION
SELECT id FROM (
  SELECT id FROM message WHERE sandbox = :sandbox AND address <> user_id AND lower(address) = lower(:who)
    AND (address = :who OR channel = 'email') AND id < :before ORDER BY id DESC LIMIT :limit) AS by_address
ORDER BY id DESC LIMIT :limit

-- name: event_find
SELECT message_id, sequence FROM event WHERE sandbox = :sandbox AND id = :id

-- === a message's life ===

-- name: message_life
SELECT configuration_id, version_id, expires_at, due_at, leased, waits_for_relay, erased,
  CASE WHEN content IS NULL THEN 0 ELSE 1 END
FROM message WHERE sandbox = :sandbox AND id = :id

-- name: deliveries_of_message
SELECT id, event_id, message_id, request_id, feedback_status, sequence, replay, webhook_id, format, state, attempts,
  due_at, created_at, settled_at, leased, last_code, last_trouble
FROM delivery WHERE sandbox = :sandbox AND message_id = :message_id ORDER BY sequence, replay LIMIT :limit

-- name: attempts_told
SELECT doc FROM attempt WHERE sandbox = :sandbox AND message_id = :message_id ORDER BY id LIMIT :limit

-- === the feed of events, oldest first ===

-- name: events_ceiling
SELECT id FROM event WHERE sandbox = :sandbox AND id > :after AND id < :last ORDER BY id LIMIT 1 OFFSET :scan

-- name: events_feed
SELECT id, message_id, sequence, status, channel, at, body FROM event
WHERE sandbox = :sandbox AND id > :after AND id <= :last AND (:status = '' OR status = :status) ORDER BY id LIMIT :limit

-- name: message_first_lease
SELECT COALESCE(MIN(due_at), 0) FROM message WHERE sandbox = :sandbox AND leased > 0 AND due_at > :ended

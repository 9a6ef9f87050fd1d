-- Erasing a person: messages are found by user id, and by address where that is something else. erased: 1 when nothing
-- is sent for it, posted or recorded any more. user_id and address go last, so that an erasing cut short can go on.
ALTER TABLE message ADD COLUMN erased SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX message_person ON message (sandbox, lower(user_id)) WHERE user_id <> '';
CREATE INDEX message_address ON message (sandbox, lower(address)) WHERE address <> user_id;
CREATE INDEX profile_person ON profile (sandbox, namespace, lower(user_id));

-- The one change that an event knows: its body goes, by age (1) or with its person (2).
ALTER TABLE event ADD COLUMN removed SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX event_age ON event (at) WHERE removed = 0;

-- How much was told of what has been failing; kind: webhook or configuration. told: the step of the spell that began
-- at failing_since, in microseconds. held_until: somebody is about to tell more of it.
CREATE TABLE alert (
  sandbox TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, failing_since BIGINT NOT NULL, told BIGINT NOT NULL,
  told_at BIGINT NOT NULL, held_until BIGINT NOT NULL, PRIMARY KEY (sandbox, kind, id)
);
CREATE INDEX webhook_failing ON webhook (sandbox) WHERE failing_since IS NOT NULL;
CREATE INDEX channel_configuration_failing ON channel_configuration (sandbox, id) WHERE failing_since IS NOT NULL;

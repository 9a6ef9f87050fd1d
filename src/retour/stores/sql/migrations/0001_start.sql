-- The first schema. One text for both stores: BIGINT times are microseconds, BYTEA holds bytes, SMALLINT is 0 or 1.
-- Every key of a sandbox's data starts with the sandbox. Keys of event, delivery and attempt hold the message id, so
-- that they can be partitioned by it (ids are time-ordered).

CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE organization (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at BIGINT NOT NULL);

CREATE TABLE sandbox (
  id TEXT PRIMARY KEY, org TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, created_at BIGINT NOT NULL,
  UNIQUE (org, name)
);

CREATE TABLE credential (
  client_id TEXT PRIMARY KEY, org TEXT NOT NULL, name TEXT NOT NULL, scopes TEXT NOT NULL,
  secret_hash TEXT NOT NULL, created_at BIGINT NOT NULL
);
CREATE INDEX credential_org ON credential (org, client_id);

CREATE TABLE person (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password_hash TEXT,
  created_at BIGINT NOT NULL, disabled SMALLINT NOT NULL DEFAULT 0
);

CREATE TABLE membership (org TEXT NOT NULL, person_id TEXT NOT NULL, role TEXT NOT NULL, PRIMARY KEY (org, person_id));
CREATE INDEX membership_person ON membership (person_id, org);

CREATE TABLE sign_in_link (hash TEXT PRIMARY KEY, person_id TEXT NOT NULL, expires_at BIGINT NOT NULL);

CREATE TABLE session (
  hash TEXT PRIMARY KEY, person_id TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL
);

CREATE TABLE channel_configuration (
  sandbox TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, doc BYTEA NOT NULL, version BIGINT NOT NULL,
  created_at BIGINT NOT NULL, modified_at BIGINT NOT NULL,
  failures BIGINT NOT NULL DEFAULT 0, failing_since BIGINT, open_until BIGINT, trouble TEXT,
  PRIMARY KEY (sandbox, id), UNIQUE (sandbox, name)
);

CREATE TABLE campaign (
  sandbox TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, doc BYTEA NOT NULL,
  version BIGINT NOT NULL, live_version_id TEXT, created_at BIGINT NOT NULL, modified_at BIGINT NOT NULL,
  PRIMARY KEY (sandbox, id)
);

CREATE TABLE campaign_version (
  sandbox TEXT NOT NULL, id TEXT NOT NULL, campaign_id TEXT NOT NULL, doc BYTEA NOT NULL,
  PRIMARY KEY (sandbox, id)
);

-- One row per sandbox: the primary key is the rule "one feedback webhook per organization and sandbox".
-- channels and events are bits (model.ChannelBits, model.status_bits), asked in the transaction that owes a delivery.
CREATE TABLE webhook (
  sandbox TEXT PRIMARY KEY, id TEXT NOT NULL, doc BYTEA NOT NULL, channels BIGINT NOT NULL, events BIGINT NOT NULL,
  format TEXT NOT NULL, order_wait BIGINT NOT NULL, deadline BIGINT NOT NULL, version BIGINT NOT NULL,
  created_at BIGINT NOT NULL, created_by TEXT NOT NULL, modified_at BIGINT NOT NULL, modified_by TEXT NOT NULL,
  paused_at BIGINT, paused_by TEXT, last_accepted_at BIGINT,
  failures BIGINT NOT NULL DEFAULT 0, failing_since BIGINT, open_until BIGINT, trouble TEXT
);

CREATE TABLE request_key (
  sandbox TEXT NOT NULL, request_id TEXT NOT NULL, hash BYTEA NOT NULL, execution_id TEXT NOT NULL,
  created_at BIGINT NOT NULL, PRIMARY KEY (sandbox, request_id)
);
CREATE INDEX request_key_age ON request_key (created_at);

CREATE TABLE execution (
  sandbox TEXT NOT NULL, id TEXT NOT NULL, request_id TEXT NOT NULL, campaign_id TEXT NOT NULL,
  version_id TEXT NOT NULL, created_at BIGINT NOT NULL, created_by TEXT NOT NULL, PRIMARY KEY (sandbox, id)
);

-- A message is its own queue entry: due_at is set while it wants attention. content is sealed, NULL once removed.
-- leased: 0 no, 1 being tried, 2 held to be told only (its relay fails).
CREATE TABLE message (
  sandbox TEXT NOT NULL, id TEXT NOT NULL, execution_id TEXT NOT NULL, request_id TEXT NOT NULL,
  campaign_id TEXT NOT NULL, version_id TEXT NOT NULL, configuration_id TEXT NOT NULL, channel TEXT NOT NULL,
  namespace TEXT NOT NULL, user_id TEXT NOT NULL, address TEXT NOT NULL, created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, content BYTEA, status TEXT NOT NULL, due_at BIGINT,
  attempts BIGINT NOT NULL DEFAULT 0, fence BIGINT NOT NULL DEFAULT 0, taken BIGINT NOT NULL DEFAULT 0,
  leased SMALLINT NOT NULL DEFAULT 0, revision BIGINT NOT NULL DEFAULT 0, events BIGINT NOT NULL DEFAULT 0,
  delayed SMALLINT NOT NULL DEFAULT 0, waits_for_relay SMALLINT NOT NULL DEFAULT 0, final_event_id TEXT,
  PRIMARY KEY (sandbox, id)
);
CREATE INDEX message_due ON message (sandbox, configuration_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX message_leased ON message (sandbox, configuration_id) WHERE leased = 1;
CREATE INDEX message_execution ON message (sandbox, execution_id);

-- Updated once at most, when its body goes. The body is frozen here, so that message and delivery rows stay small.
CREATE TABLE event (
  sandbox TEXT NOT NULL, message_id TEXT NOT NULL, sequence BIGINT NOT NULL, id TEXT NOT NULL, fact TEXT NOT NULL,
  status TEXT NOT NULL, channel TEXT NOT NULL, at BIGINT NOT NULL, body BYTEA NOT NULL,
  PRIMARY KEY (sandbox, message_id, sequence), UNIQUE (sandbox, message_id, fact)
);
CREATE INDEX event_id ON event (sandbox, id);

CREATE TABLE delivery (
  sandbox TEXT NOT NULL, message_id TEXT NOT NULL, sequence BIGINT NOT NULL, replay TEXT NOT NULL, id TEXT NOT NULL,
  event_id TEXT NOT NULL, request_id TEXT NOT NULL, feedback_status TEXT NOT NULL, webhook_id TEXT,
  format TEXT NOT NULL, ordered SMALLINT NOT NULL, state TEXT NOT NULL, due_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL, first_attempt_at BIGINT, settled_at BIGINT,
  attempts BIGINT NOT NULL DEFAULT 0, fence BIGINT NOT NULL DEFAULT 0, taken BIGINT NOT NULL DEFAULT 0,
  leased SMALLINT NOT NULL DEFAULT 0, last_code BIGINT, last_trouble TEXT,
  PRIMARY KEY (sandbox, message_id, sequence, replay)
);
CREATE INDEX delivery_id ON delivery (sandbox, id);
CREATE INDEX delivery_due ON delivery (sandbox, due_at) WHERE state = 'due';
CREATE INDEX delivery_leased ON delivery (sandbox) WHERE leased = 1;

CREATE TABLE attempt (
  sandbox TEXT NOT NULL, message_id TEXT NOT NULL, id TEXT NOT NULL, delivery_id TEXT NOT NULL,
  number BIGINT NOT NULL, at BIGINT NOT NULL, doc BYTEA NOT NULL, PRIMARY KEY (sandbox, message_id, id)
);
CREATE INDEX attempt_delivery ON attempt (sandbox, delivery_id, number);

-- What is known of people, for recipients of the type aep. namespace is in lower case, doc is sealed.
CREATE TABLE profile (
  sandbox TEXT NOT NULL, namespace TEXT NOT NULL, user_id TEXT NOT NULL, doc BYTEA NOT NULL,
  created_at BIGINT NOT NULL, modified_at BIGINT NOT NULL,
  PRIMARY KEY (sandbox, namespace, user_id)
);

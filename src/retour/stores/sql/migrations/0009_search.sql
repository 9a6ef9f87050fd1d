-- Finding what happened. A recipient's messages come newest first, and the next page goes on by the same index; the
-- indexes are those that erasing a person has, one column wider.
DROP INDEX message_person;
CREATE INDEX message_person ON message (sandbox, lower(user_id), id) WHERE user_id <> '';
DROP INDEX message_address;
CREATE INDEX message_address ON message (sandbox, lower(address), id) WHERE address <> user_id;

-- What did not arrive is asked for by its status. Most events are sent or delivered, and cost nothing here.
CREATE INDEX event_trouble ON event (sandbox, id) WHERE status NOT IN ('sent', 'delivered');

-- Whatever is leased, also what is held to be told only: the feed of events ends before what these may still tell.
DROP INDEX message_leased;
CREATE INDEX message_leased ON message (sandbox, configuration_id) WHERE leased > 0;

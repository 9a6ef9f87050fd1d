-- What the pages' list of deliveries is read by. Of a delivery that is accepted at its first try nothing stands in these.
CREATE INDEX delivery_over ON delivery (sandbox, state, id) WHERE state IN ('exhausted', 'cancelled');
CREATE INDEX delivery_retrying ON delivery (sandbox, state, id) WHERE state = 'due' AND last_trouble IS NOT NULL;
CREATE INDEX delivery_troubled ON delivery (sandbox, id) WHERE last_trouble IS NOT NULL;

CREATE FUNCTION @extschema@.event_category(event_name text)
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'event_category';

COMMENT ON FUNCTION @extschema@.event_category(text) IS
  'Category of an event name by event_taxonomy, as the query''s snapshot sees it; null for an unknown name';

-- Who may see which accounts, once enable_account_security() was called.

CREATE TABLE @extschema@.usage_account_access (
  role_name  name NOT NULL,
  account_id uuid NOT NULL
);

ALTER TABLE @extschema@.usage_account_access ADD CONSTRAINT usage_account_access_pkey PRIMARY KEY (role_name, account_id);

COMMENT ON TABLE @extschema@.usage_account_access IS 'Accounts that roles may see, a row each; without effect until enable_account_security() is called';
COMMENT ON COLUMN @extschema@.usage_account_access.role_name IS 'Name of the role, as in current_user';
COMMENT ON COLUMN @extschema@.usage_account_access.account_id IS 'Account that it may see; a row stays when the account is deleted, and is without effect then';

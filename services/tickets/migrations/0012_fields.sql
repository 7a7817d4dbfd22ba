-- What a desk says of its tickets in its own words: categories, typed fields, organisations, macros.

CREATE TABLE categories (
    id        uuid PRIMARY KEY,
    name      text NOT NULL,
    parent_id uuid REFERENCES categories,
    path      uuid[] NOT NULL,                 -- the ids from the top of the tree down to its own
    team_id   uuid,                            -- routing's
    priority  text,
    archived  boolean NOT NULL DEFAULT false,
    version   bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX categories_name_key
    ON categories (coalesce(parent_id, '00000000-0000-0000-0000-000000000000'), lower(name)) WHERE NOT archived;
ALTER TABLE tickets ADD COLUMN category_id uuid REFERENCES categories;
CREATE INDEX tickets_category ON tickets (category_id, status, created_at) WHERE category_id IS NOT NULL;

CREATE TABLE ticket_fields (
    id                  uuid PRIMARY KEY,
    key                 text NOT NULL,
    label               text NOT NULL,
    kind                text NOT NULL,
    choices             text[] NOT NULL,
    required_to_create  boolean NOT NULL,
    required_to_resolve boolean NOT NULL,
    brand_ids           uuid[] NOT NULL,        -- empty: all brands
    position            int NOT NULL,
    archived            boolean NOT NULL DEFAULT false,
    version             bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX ticket_fields_key_key ON ticket_fields (key);

CREATE TABLE organisations (
    id      uuid PRIMARY KEY,
    name    text NOT NULL,
    version bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX organisations_name_key ON organisations (lower(name));
CREATE TABLE organisation_domains (
    domain          text NOT NULL CONSTRAINT organisation_domains_once PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisations
);
CREATE INDEX organisation_domains_organisation ON organisation_domains (organisation_id);
ALTER TABLE contacts ADD COLUMN organisation_id uuid REFERENCES organisations;
CREATE INDEX contacts_organisation ON contacts (organisation_id) WHERE organisation_id IS NOT NULL;
CREATE INDEX contacts_domain ON contacts (substring(email FROM '[^@]*$'), id);

CREATE TABLE macros (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    user_id    uuid,                           -- identity's: whose own it is
    team_id    uuid,                           -- routing's: with neither, everybody's
    reply      text NOT NULL,
    visibility text NOT NULL,
    actions    jsonb NOT NULL,
    version    bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX macros_name_key ON macros
    (coalesce(user_id, team_id, '00000000-0000-0000-0000-000000000000'), lower(name));

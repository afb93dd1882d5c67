import type { MigrationInterface, QueryRunner } from 'typeorm';

const timeOfDay = (column: string) => `${column} ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'`;
const localTime = (column: string) => `${column} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$'`;

const calls = `
  CREATE TABLE call_log (
    call_sid text PRIMARY KEY,
    from_number text NOT NULL,
    to_number text NOT NULL DEFAULT '',
    status text NOT NULL,
    started_at timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    duration integer,
    outcome text,
    transcript jsonb,
    processed_at timestamptz,
    intents text[] NOT NULL DEFAULT '{}',
    last_epoch bigint NOT NULL DEFAULT 0,
    last_seq integer NOT NULL DEFAULT 0,
    status_sequence integer
  );
  CREATE INDEX ON call_log (started_at);
  CREATE INDEX call_log_live_idx ON call_log (started_at) WHERE ended_at IS NULL;

  CREATE TABLE turn (
    call_sid text NOT NULL,
    epoch bigint NOT NULL,
    seq integer NOT NULL,
    item_id text NOT NULL,
    after_item_id text,
    who text NOT NULL CONSTRAINT turn_who_check CHECK (who IN ('caller', 'assistant')),
    text text NOT NULL,
    heard_text text,
    heard_ms integer,
    total_ms integer,
    cut boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL,
    PRIMARY KEY (call_sid, epoch, seq)
  );
  CREATE INDEX ON turn (call_sid, item_id);

  CREATE TABLE tool_execution (
    call_sid text NOT NULL,
    tool_call_id text NOT NULL,
    epoch bigint NOT NULL,
    name text NOT NULL,
    arguments text NOT NULL,
    result text,
    output text,
    leave jsonb,
    started_at timestamptz NOT NULL,
    duration_ms integer,
    PRIMARY KEY (call_sid, tool_call_id)
  );

  CREATE TABLE call_epoch (call_sid text PRIMARY KEY, epoch bigint NOT NULL);

  CREATE TABLE voicemail (
    recording_sid text PRIMARY KEY,
    call_sid text NOT NULL,
    from_number text NOT NULL,
    topic text NOT NULL DEFAULT '',
    duration_s integer NOT NULL DEFAULT 0,
    audio bytea,
    content_type text,
    transcript text,
    status text NOT NULL DEFAULT 'pending' CONSTRAINT voicemail_status_check
      CHECK (status IN ('pending', 'new', 'heard', 'lost')),
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX ON voicemail (call_sid);
  CREATE INDEX ON voicemail (created_at);
`;

const menu = `
  CREATE TABLE menu_category (
    id serial PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    description text,
    sort_order integer NOT NULL DEFAULT 0
  );

  CREATE TABLE menu_item (
    id serial PRIMARY KEY,
    category_id integer NOT NULL REFERENCES menu_category (id) ON DELETE CASCADE,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    description text,
    is_active boolean NOT NULL DEFAULT true,
    sort_order integer NOT NULL DEFAULT 0
  );
  CREATE INDEX ON menu_item (category_id);

  CREATE TABLE product_size (
    id serial PRIMARY KEY,
    item_id integer NOT NULL REFERENCES menu_item (id) ON DELETE CASCADE,
    name text NOT NULL,
    price numeric(8, 2) NOT NULL CONSTRAINT product_size_price_check CHECK (price >= 0),
    sort_order integer NOT NULL DEFAULT 0,
    UNIQUE (item_id, name)
  );

  CREATE TABLE product_modifier (
    id serial PRIMARY KEY,
    item_id integer NOT NULL REFERENCES menu_item (id) ON DELETE CASCADE,
    kind text NOT NULL,
    name text NOT NULL,
    price numeric(8, 2) NOT NULL CONSTRAINT product_modifier_price_check CHECK (price >= 0),
    sort_order integer NOT NULL DEFAULT 0,
    UNIQUE (item_id, name)
  );

  CREATE TABLE subscription_plan (
    id serial PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    description text,
    price numeric(8, 2) NOT NULL CONSTRAINT subscription_plan_price_check CHECK (price >= 0),
    "interval" text NOT NULL,
    interval_count integer NOT NULL DEFAULT 1,
    is_active boolean NOT NULL DEFAULT true,
    CONSTRAINT subscription_plan_interval_check CHECK ("interval" IN ('week', 'month', 'year') AND interval_count > 0)
  );
`;

const store = `
  CREATE TABLE store_hours (
    day_of_week smallint PRIMARY KEY CONSTRAINT store_hours_day_check CHECK (day_of_week BETWEEN 0 AND 6),
    open_time text NOT NULL DEFAULT '00:00',
    close_time text NOT NULL DEFAULT '00:00',
    is_closed boolean NOT NULL DEFAULT false,
    CONSTRAINT store_hours_time_check CHECK (${timeOfDay('open_time')} AND ${timeOfDay('close_time')})
  );

  CREATE TABLE store_hours_exception (
    date date PRIMARY KEY,
    reason text NOT NULL,
    open_time text NOT NULL DEFAULT '00:00',
    close_time text NOT NULL DEFAULT '00:00',
    is_closed boolean NOT NULL DEFAULT true,
    CONSTRAINT store_hours_exception_time_check CHECK (${timeOfDay('open_time')} AND ${timeOfDay('close_time')})
  );

  CREATE TABLE store_settings (
    id smallint PRIMARY KEY DEFAULT 1 CONSTRAINT store_settings_single_check CHECK (id = 1),
    name text NOT NULL DEFAULT 'Mangy Dog Coffee',
    address text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    voice text NOT NULL DEFAULT 'marin',
    time_zone text NOT NULL DEFAULT 'America/New_York',
    greeting text NOT NULL DEFAULT '',
    persona text NOT NULL DEFAULT '',
    staff_numbers text[] NOT NULL DEFAULT '{}',
    redact_phone boolean NOT NULL DEFAULT false,
    redact_email boolean NOT NULL DEFAULT false
  );

  CREATE TABLE promotion (
    id serial PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    starts_local text NOT NULL,
    ends_local text NOT NULL,
    offer text NOT NULL,
    terms text NOT NULL DEFAULT '',
    code text,
    questions jsonb NOT NULL DEFAULT '[]',
    sold_out boolean NOT NULL DEFAULT false,
    CONSTRAINT promotion_time_check
      CHECK (${localTime('starts_local')} AND ${localTime('ends_local')} AND starts_local < ends_local)
  );
  CREATE INDEX ON promotion (ends_local);
`;

const knowledge = `
  CREATE EXTENSION IF NOT EXISTS pg_trgm;

  CREATE TABLE knowledge_document (
    id serial PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    category text NOT NULL,
    title text NOT NULL,
    question text NOT NULL DEFAULT '',
    body text NOT NULL,
    sort_order integer NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX ON knowledge_document (category);
  CREATE INDEX knowledge_document_vector_idx ON knowledge_document USING gin ((
    setweight(to_tsvector('english', title || ' ' || question), 'A') || setweight(to_tsvector('english', body), 'B')
  ));
`;

export class FirstTables1763800000000 implements MigrationInterface {
  name = 'FirstTables1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statements of [calls, menu, store, knowledge]) await runner.query(statements);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE knowledge_document, promotion, store_settings, store_hours_exception, store_hours, subscription_plan,
        product_modifier, product_size, menu_item, menu_category, voicemail, call_epoch, tool_execution, turn, call_log
    `);
  }
}

-- tenure: the tables of package dedup, version 2.
-- Apply once, in the schema that your connections' search_path names first.

create table if not exists tenure_schema (
  part    text collate "C" primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_dedup_key (
  id      text collate "C" not null,
  kind    text collate "C" not null,
  version bigint not null,           -- 0: absent, kept only to be locked
  due     timestamptz,               -- when Due lists it
  doc     text,                      -- JSON
  primary key (id, kind)
) with (fillfactor = 70);
create index tenure_dedup_key_due on tenure_dedup_key (due) where due is not null;

-- What happened, for ever.
create table tenure_dedup_event (
  id   text collate "C" not null,
  kind text collate "C" not null,
  seq  bigint not null,              -- of the key's events
  at   timestamptz not null,
  n    bigint,                       -- place in the feed; null: not numbered yet
  doc  text not null,                -- JSON
  primary key (id, kind, seq)
);
create index tenure_dedup_event_n on tenure_dedup_event (n);

-- How many events are numbered; its row is the feed's lock.
create table tenure_dedup_feed (
  n bigint not null
);
insert into tenure_dedup_feed (n) values (0);

-- The touches of a trace, with the version and document of their own rows, so that a history is read
-- in one round trip. micros is received in microseconds, moment when the touch stands.
create table tenure_dedup_touch (
  trace    text collate "C" not null,
  id       text collate "C" not null,
  micros   bigint not null,
  moment   bigint not null,
  received timestamptz not null,
  kind     text not null,
  channel  text not null,
  version  bigint not null,
  doc      text not null,            -- JSON
  primary key (trace, id)
);
create index tenure_dedup_touch_latest on tenure_dedup_touch (trace, micros, id);

-- The traces on a card.
create table tenure_dedup_card (
  card  text collate "C" not null,
  trace text collate "C" not null,
  primary key (card, trace)
);

-- The touches of a partner.
create table tenure_dedup_filing (
  partner  text collate "C" not null,
  micros   bigint not null,
  id       text collate "C" not null,
  scope    text collate "C" not null,
  received timestamptz not null,
  primary key (partner, micros, id)
);

insert into tenure_schema (part, version) values ('dedup', 2);

-- tenure: the tables of package dedup, version 2.
-- Apply once. Times are text in UTC, like 2026-07-01T12:00:00.000000Z.

create table if not exists tenure_schema (
  part    text primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_dedup_key (
  id      text not null,
  kind    text not null,
  version integer not null,
  due     text,                  -- when Due lists it
  doc     text,                  -- JSON
  primary key (id, kind)
);
create index tenure_dedup_key_due on tenure_dedup_key (due) where due is not null;

-- What happened, for ever.
create table tenure_dedup_event (
  id   text not null,
  kind text not null,
  seq  integer not null,         -- of the key's events
  at   text not null,
  n    integer,                  -- place in the feed; null: not numbered yet
  doc  text not null,            -- JSON
  primary key (id, kind, seq)
);
create index tenure_dedup_event_n on tenure_dedup_event (n);

-- How many events are numbered.
create table tenure_dedup_feed (
  n integer not null
);
insert into tenure_dedup_feed (n) values (0);

-- The touches of a trace, with the version and document of their own rows, so that a history is read
-- in one round trip. micros is received in microseconds, moment when the touch stands.
create table tenure_dedup_touch (
  trace    text not null,
  id       text not null,
  micros   integer not null,
  moment   integer not null,
  received text not null,
  kind     text not null,
  channel  text not null,
  version  integer not null,
  doc      text not null,
  primary key (trace, id)
);
create index tenure_dedup_touch_latest on tenure_dedup_touch (trace, micros, id);

-- The traces on a card.
create table tenure_dedup_card (
  card  text not null,
  trace text not null,
  primary key (card, trace)
) without rowid;

-- The touches of a partner.
create table tenure_dedup_filing (
  partner  text not null,
  micros   integer not null,
  id       text not null,
  scope    text not null,
  received text not null,
  primary key (partner, micros, id)
) without rowid;

insert into tenure_schema (part, version) values ('dedup', 2);

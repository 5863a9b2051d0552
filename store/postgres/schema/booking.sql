-- tenure: the tables of package booking, version 1.
-- Apply once, in the schema that your connections' search_path names first.

create table if not exists tenure_schema (
  part    text collate "C" primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_booking_key (
  id      text collate "C" not null,
  kind    text collate "C" not null,
  version bigint not null,           -- 0: absent, kept only to be locked
  due     timestamptz,               -- when Due lists it
  doc     text,                      -- JSON
  primary key (id, kind)
) with (fillfactor = 70);
create index tenure_booking_key_due on tenure_booking_key (due) where due is not null;

-- What happened, for ever.
create table tenure_booking_event (
  id   text collate "C" not null,
  kind text collate "C" not null,
  seq  bigint not null,              -- of the key's events
  at   timestamptz not null,
  n    bigint,                       -- place in the feed; null: not numbered yet
  doc  text not null,                -- JSON
  primary key (id, kind, seq)
);
create index tenure_booking_event_n on tenure_booking_event (n);

-- How many events are numbered; its row is the feed's lock.
create table tenure_booking_feed (
  n bigint not null
);
insert into tenure_booking_feed (n) values (0);

-- A reservation on one of its units.
create table tenure_booking_row (
  unit      text collate "C" not null,
  id        text collate "C" not null,
  state     text not null,
  holder    text not null,
  source    text not null,
  busy_from timestamptz,             -- the hull of its claims on the unit, turnover included
  busy_to   timestamptz,             -- nights as midnights in UTC; for ever is the year 9999
  live      boolean not null,
  deadline  timestamptz,
  doc       text not null,           -- JSON
  primary key (unit, id)
);
create index tenure_booking_row_live on tenure_booking_row (unit, busy_to) where live;
create index tenure_booking_row_deadline on tenure_booking_row (deadline) where live and deadline is not null;

insert into tenure_schema (part, version) values ('booking', 1);

-- tenure: the tables of package booking, version 1.
-- Apply once. Times are text in UTC, like 2026-07-01T12:00:00.000000Z.

create table if not exists tenure_schema (
  part    text primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_booking_key (
  id      text not null,
  kind    text not null,
  version integer not null,
  due     text,                  -- when Due lists it
  doc     text,                  -- JSON
  primary key (id, kind)
);
create index tenure_booking_key_due on tenure_booking_key (due) where due is not null;

-- What happened, for ever.
create table tenure_booking_event (
  id   text not null,
  kind text not null,
  seq  integer not null,         -- of the key's events
  at   text not null,
  n    integer,                  -- place in the feed; null: not numbered yet
  doc  text not null,            -- JSON
  primary key (id, kind, seq)
);
create index tenure_booking_event_n on tenure_booking_event (n);

-- How many events are numbered.
create table tenure_booking_feed (
  n integer not null
);
insert into tenure_booking_feed (n) values (0);

-- A reservation on one of its units.
create table tenure_booking_row (
  unit      text not null,
  id        text not null,
  state     text not null,
  holder    text not null,
  source    text not null,
  busy_from text,                -- the hull of its claims on the unit, turnover included
  busy_to   text,                -- nights as midnights in UTC; for ever is the year 9999
  live      integer not null,
  deadline  text,
  doc       text not null,       -- JSON
  primary key (unit, id)
);
create index tenure_booking_row_live on tenure_booking_row (unit, busy_to) where live;
create index tenure_booking_row_deadline on tenure_booking_row (deadline) where live and deadline is not null;

insert into tenure_schema (part, version) values ('booking', 1);

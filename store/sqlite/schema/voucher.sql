-- tenure: the tables of package voucher, version 1.
-- Apply once. Times are text in UTC, like 2026-07-01T12:00:00.000000Z.

create table if not exists tenure_schema (
  part    text primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_voucher_key (
  id      text not null,
  kind    text not null,
  version integer not null,
  due     text,                  -- when Due lists it
  doc     text,                  -- JSON
  primary key (id, kind)
);
create index tenure_voucher_key_due on tenure_voucher_key (due) where due is not null;

-- What happened, for ever.
create table tenure_voucher_event (
  id   text not null,
  kind text not null,
  seq  integer not null,         -- of the key's events
  at   text not null,
  n    integer,                  -- place in the feed; null: not numbered yet
  doc  text not null,            -- JSON
  primary key (id, kind, seq)
);
create index tenure_voucher_event_n on tenure_voucher_event (n);

-- How many events are numbered.
create table tenure_voucher_feed (
  n integer not null
);
insert into tenure_voucher_feed (n) values (0);

-- A voucher. Dates are text like 2027-06-08, so that they order and index alike everywhere.
create table tenure_voucher_row (
  trip_start  text not null,
  series      text not null,
  seq         integer not null,     -- 0: the number was taken over as text, which its id tells
  id          text not null,
  number      text not null,              -- as typed, without spaces and dashes
  state       text not null,
  reservation text not null,
  partner     text not null,
  manager     text not null,
  trip_end    text not null,
  issued      text not null,
  doc         text not null,           -- JSON
  primary key (trip_start, series, seq, id)
);
create index tenure_voucher_row_number on tenure_voucher_row (number);
create index tenure_voucher_row_manager on tenure_voucher_row (manager, trip_start);

insert into tenure_schema (part, version) values ('voucher', 1);

-- tenure: the tables of package voucher, version 1.
-- Apply once, in the schema that your connections' search_path names first.

create table if not exists tenure_schema (
  part    text collate "C" primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_voucher_key (
  id      text collate "C" not null,
  kind    text collate "C" not null,
  version bigint not null,           -- 0: absent, kept only to be locked
  due     timestamptz,               -- when Due lists it
  doc     text,                      -- JSON
  primary key (id, kind)
) with (fillfactor = 70);
create index tenure_voucher_key_due on tenure_voucher_key (due) where due is not null;

-- What happened, for ever.
create table tenure_voucher_event (
  id   text collate "C" not null,
  kind text collate "C" not null,
  seq  bigint not null,              -- of the key's events
  at   timestamptz not null,
  n    bigint,                       -- place in the feed; null: not numbered yet
  doc  text not null,                -- JSON
  primary key (id, kind, seq)
);
create index tenure_voucher_event_n on tenure_voucher_event (n);

-- How many events are numbered; its row is the feed's lock.
create table tenure_voucher_feed (
  n bigint not null
);
insert into tenure_voucher_feed (n) values (0);

-- A voucher. Dates are text like 2027-06-08, so that they order and index alike everywhere.
create table tenure_voucher_row (
  trip_start  text collate "C" not null,
  series      text collate "C" not null,
  seq         bigint not null,      -- 0: the number was taken over as text, which its id tells
  id          text collate "C" not null,
  number      text collate "C" not null,   -- as typed, without spaces and dashes
  state       text collate "C" not null,
  reservation text collate "C" not null,
  partner     text collate "C" not null,
  manager     text collate "C" not null,
  trip_end    text collate "C" not null,
  issued      text collate "C" not null,
  doc         text not null,           -- JSON
  primary key (trip_start, series, seq, id)
);
create index tenure_voucher_row_number on tenure_voucher_row (number);
create index tenure_voucher_row_manager on tenure_voucher_row (manager, trip_start);

insert into tenure_schema (part, version) values ('voucher', 1);

-- tenure: the tables of package notify, version 1.
-- Apply once. Times are text in UTC, like 2026-07-01T12:00:00.000000Z.

create table if not exists tenure_schema (
  part    text primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_notify_key (
  id      text not null,
  kind    text not null,
  version integer not null,
  due     text,                  -- when Due lists it
  doc     text,                  -- JSON
  primary key (id, kind)
);
create index tenure_notify_key_due on tenure_notify_key (due) where due is not null;

-- What happened, for ever.
create table tenure_notify_event (
  id   text not null,
  kind text not null,
  seq  integer not null,         -- of the key's events
  at   text not null,
  n    integer,                  -- place in the feed; null: not numbered yet
  doc  text not null,            -- JSON
  primary key (id, kind, seq)
);
create index tenure_notify_event_n on tenure_notify_event (n);

-- How many events are numbered.
create table tenure_notify_feed (
  n integer not null
);
insert into tenure_notify_feed (n) values (0);

-- What deliveries are found by; the documents are those of their keys.
create table tenure_notify_delivery (
  id        text not null primary key,
  recipient text not null,
  thread    text not null,
  state     text not null
);
create index tenure_notify_delivery_recipient on tenure_notify_delivery (recipient, id);
create index tenure_notify_delivery_thread on tenure_notify_delivery (thread, id);

-- What a thread may still send.
create table tenure_notify_pending (
  thread text not null,
  id     text not null,
  primary key (thread, id)
);

insert into tenure_schema (part, version) values ('notify', 1);

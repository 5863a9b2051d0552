-- tenure: the tables of package notify, version 1.
-- Apply once, in the schema that your connections' search_path names first.

create table if not exists tenure_schema (
  part    text collate "C" primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_notify_key (
  id      text collate "C" not null,
  kind    text collate "C" not null,
  version bigint not null,           -- 0: absent, kept only to be locked
  due     timestamptz,               -- when Due lists it
  doc     text,                      -- JSON
  primary key (id, kind)
) with (fillfactor = 70);
create index tenure_notify_key_due on tenure_notify_key (due) where due is not null;

-- What happened, for ever.
create table tenure_notify_event (
  id   text collate "C" not null,
  kind text collate "C" not null,
  seq  bigint not null,              -- of the key's events
  at   timestamptz not null,
  n    bigint,                       -- place in the feed; null: not numbered yet
  doc  text not null,                -- JSON
  primary key (id, kind, seq)
);
create index tenure_notify_event_n on tenure_notify_event (n);

-- How many events are numbered; its row is the feed's lock.
create table tenure_notify_feed (
  n bigint not null
);
insert into tenure_notify_feed (n) values (0);

-- What deliveries are found by; the documents are those of their keys.
create table tenure_notify_delivery (
  id        text collate "C" not null primary key,
  recipient text collate "C" not null,
  thread    text collate "C" not null,
  state     text not null
);
create index tenure_notify_delivery_recipient on tenure_notify_delivery (recipient, id);
create index tenure_notify_delivery_thread on tenure_notify_delivery (thread, id);

-- What a thread may still send.
create table tenure_notify_pending (
  thread text collate "C" not null,
  id     text collate "C" not null,
  primary key (thread, id)
);

insert into tenure_schema (part, version) values ('notify', 1);

-- tenure: the tables of package pipeline, version 1.
-- Apply once. Times are text in UTC, like 2026-07-01T12:00:00.000000Z.

create table if not exists tenure_schema (
  part    text primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_pipeline_key (
  id      text not null,
  kind    text not null,
  version integer not null,
  due     text,                  -- when Due lists it
  doc     text,                  -- JSON
  primary key (id, kind)
);
create index tenure_pipeline_key_due on tenure_pipeline_key (due) where due is not null;

-- What happened, for ever.
create table tenure_pipeline_event (
  id   text not null,
  kind text not null,
  seq  integer not null,         -- of the key's events
  at   text not null,
  n    integer,                  -- place in the feed; null: not numbered yet
  doc  text not null,            -- JSON
  primary key (id, kind, seq)
);
create index tenure_pipeline_event_n on tenure_pipeline_event (n);

-- How many events are numbered.
create table tenure_pipeline_feed (
  n integer not null
);
insert into tenure_pipeline_feed (n) values (0);

-- What cases are found by.
create table tenure_pipeline_case (
  id       text primary key,
  pipeline text not null,
  stage    text not null,
  owner    text not null,
  pool     text not null,
  opened   text not null,
  open     integer not null      -- not in a final stage
);
create index tenure_pipeline_case_owner on tenure_pipeline_case (owner, opened, id) where open;
create index tenure_pipeline_case_queue on tenure_pipeline_case (pool, opened, id) where owner = '' and open;
create index tenure_pipeline_case_stage on tenure_pipeline_case (pipeline, stage, opened, id);

-- The cases of each card. One that a case has no longer stays: its document says which it has.
create table tenure_pipeline_card (
  card text not null,
  id   text not null,            -- of the case
  primary key (card, id)
);

-- Which events of a case a command made, so that a repeat meets them.
create table tenure_pipeline_command (
  id      text not null,         -- of the case
  command text not null,
  first   integer not null,      -- seq of events
  last    integer not null,
  primary key (id, command)
);

insert into tenure_schema (part, version) values ('pipeline', 1);

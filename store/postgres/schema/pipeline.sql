-- tenure: the tables of package pipeline, version 1.
-- Apply once, in the schema that your connections' search_path names first.

create table if not exists tenure_schema (
  part    text collate "C" primary key,
  version integer not null
);

-- One row per guarded key.
create table tenure_pipeline_key (
  id      text collate "C" not null,
  kind    text collate "C" not null,
  version bigint not null,           -- 0: absent, kept only to be locked
  due     timestamptz,               -- when Due lists it
  doc     text,                      -- JSON
  primary key (id, kind)
) with (fillfactor = 70);
create index tenure_pipeline_key_due on tenure_pipeline_key (due) where due is not null;

-- What happened, for ever.
create table tenure_pipeline_event (
  id   text collate "C" not null,
  kind text collate "C" not null,
  seq  bigint not null,              -- of the key's events
  at   timestamptz not null,
  n    bigint,                       -- place in the feed; null: not numbered yet
  doc  text not null,                -- JSON
  primary key (id, kind, seq)
);
create index tenure_pipeline_event_n on tenure_pipeline_event (n);

-- How many events are numbered; its row is the feed's lock.
create table tenure_pipeline_feed (
  n bigint not null
);
insert into tenure_pipeline_feed (n) values (0);

-- What cases are found by.
create table tenure_pipeline_case (
  id       text collate "C" primary key,
  pipeline text collate "C" not null,
  stage    text collate "C" not null,
  owner    text collate "C" not null,
  pool     text collate "C" not null,
  opened   timestamptz not null,
  open     boolean not null          -- not in a final stage
);
create index tenure_pipeline_case_owner on tenure_pipeline_case (owner, opened, id) where open;
create index tenure_pipeline_case_queue on tenure_pipeline_case (pool, opened, id) where owner = '' and open;
create index tenure_pipeline_case_stage on tenure_pipeline_case (pipeline, stage, opened, id);

-- The cases of each card. One that a case has no longer stays: its document says which it has.
create table tenure_pipeline_card (
  card text collate "C" not null,
  id   text collate "C" not null,    -- of the case
  primary key (card, id)
);

-- Which events of a case a command made, so that a repeat meets them.
create table tenure_pipeline_command (
  id      text collate "C" not null, -- of the case
  command text collate "C" not null,
  first   bigint not null,           -- seq of events
  last    bigint not null,
  primary key (id, command)
);

insert into tenure_schema (part, version) values ('pipeline', 1);

package main

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgpipeline"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litepipeline"
)

// A store is where the example keeps its deals.
type store interface {
	pipeline.Store
	pipeline.Due
	pipeline.Find
	pipeline.History
}

func openStore(ctx context.Context, file, url string) (store, func(), error) {
	switch {
	case url != "":
		pool, err := pgxpool.New(ctx, url)
		if err != nil {
			return nil, nil, err
		}
		if err := postgres.Apply(ctx, pool, "pipeline"); err != nil {
			pool.Close()
			return nil, nil, err
		}
		s, err := pgpipeline.New(ctx, pool)
		return s, pool.Close, err
	case file != "":
		db, err := sqlite.Open(ctx, file)
		if err != nil {
			return nil, nil, err
		}
		if err := sqlite.Apply(ctx, db, "pipeline"); err != nil {
			_ = db.Close()
			return nil, nil, err
		}
		s, err := litepipeline.New(ctx, db)
		return s, func() { _ = db.Close() }, err
	}
	return pipeline.NewMemory(), func() {}, nil
}

// Package postgres holds what the PostgreSQL stores of all packages share.
package postgres

// Package sqlite holds what the SQLite stores of all packages share.
package sqlite

//go:build !race

package dedup

const streamRecords = 100_000

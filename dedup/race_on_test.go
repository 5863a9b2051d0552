//go:build race

package dedup

// The race detector is ten times slower: a part of the stream is enough for it.
const streamRecords = 5_000

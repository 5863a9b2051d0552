//go:build race

package litepipeline_test

// part of the whole crowd is enough for the race detector, which is ten times slower.
const part = 20

//go:build !race

package litepipeline_test

const part = 1

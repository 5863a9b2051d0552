//go:build !race

package pgpipeline_test

const part = 1

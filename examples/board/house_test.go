package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeed(t *testing.T) {
	h, err := openHouse(context.Background(), "", 7, "en")
	require.NoError(t, err)
	require.NoError(t, h.close())
}

package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/voucher"
)

func BenchmarkVoucherPage(b *testing.B) { draw(b, withTenure) }

func BenchmarkVoucherPageMaroto(b *testing.B) { draw(b, withMaroto) }

func draw(b *testing.B, with func(voucher.Sheet) ([]byte, error)) {
	s, err := page()
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := with(s)
		require.NoError(b, err)
	}
}

func BenchmarkVoucherIssueInMemory(b *testing.B) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	desk, err := voucher.New(voucher.Config{Store: voucher.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(b, err)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		item := voucher.Item{Reservation: voucher.ReservationID(fmt.Sprint("R-", i)), TripStart: date.New(2027, 2, 1) + date.Date(i%300)}
		_, err := desk.Issue(b.Context(), voucher.Issue{ID: "v", Items: []voucher.Item{item}})
		require.NoError(b, err)
	}
}

package dataset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/bench/internal/dataset"
	"github.com/tenure-go/tenure/forecast"
)

const cityHead = "lead_time,arrival_date_year,arrival_date_month,arrival_date_day_of_month,stays_in_weekend_nights,stays_in_week_nights,market_segment,distribution_channel,deposit_type,adults,adr,reservation_status,reservation_status_date\n"

func TestCity(t *testing.T) {
	stays, counts, err := dataset.City(strings.NewReader(cityHead +
		"6,2015,July,1,0,2,Online TA,TA/TO,No Deposit,2,1500,Canceled,2015-06-29\n" +
		"0,2015,July,2,0,0,Direct,Direct,No Deposit,1,10,Check-Out,2015-07-02\n"))
	require.NoError(t, err)
	require.Equal(t, dataset.CityCounts{Rows: 2, ZeroNights: 1, Clipped: 1}, counts)
	require.Equal(t, date.New(2015, 6, 25), stays[0].Booked.On)
	require.Equal(t, date.New(2015, 6, 29), stays[0].Cancelled.On)
	require.True(t, stays[0].Nights[0].Amount.Equal(decimal.NewFromInt(2000)))
	_, _, err = dataset.City(strings.NewReader(cityHead + "x,2015,July,1,0,2,a,b,c,2,15,Check-Out,2015-06-29\n"))
	require.ErrorContains(t, err, `line 2: lead_time "x"`)
	_, _, err = dataset.City(strings.NewReader("a,b\n"))
	require.ErrorContains(t, err, "no column")
}

func TestOtherSets(t *testing.T) {
	deals, unbegun, err := dataset.Deals(strings.NewReader("opportunity_id,sales_agent,product,deal_stage,engage_date,close_date,close_value\n1,A,P,Won,2017-04-05,2017-05-12,505\n2,A,P,Prospecting,,,\n"))
	require.NoError(t, err)
	require.Equal(t, 1, unbegun)
	require.Equal(t, forecast.OutcomeWon, deals[0].Outcome)
	promises, err := dataset.Invoices(strings.NewReader("customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,SettledDate\nc,1,1/3/2012,2/2/2012,50.39,1/23/2012\nc,2,1/3/2012,2/2/2012,5,\n"))
	require.NoError(t, err)
	require.Equal(t, date.New(2012, 1, 23), promises[0].Paid[0].On)
	require.Empty(t, promises[1].Paid)
	leads, early, err := dataset.Leads(strings.NewReader("mql_id,first_contact_date,origin\na,14-06-2017,social\nb,16-06-2017,\n"),
		strings.NewReader("mql_id,won_date,business_segment\na,05-06-2017 02:00,x\n"))
	require.NoError(t, err)
	require.Equal(t, 1, early)
	require.Equal(t, leads[0].Opened, leads[0].Closed)
}

// Whatever a file holds, a reader ends with rows that package forecast takes, or with an error.
func fuzzed(f *testing.F, head string, rows ...string) {
	for _, row := range rows {
		f.Add(head + row)
	}
}

func FuzzCity(f *testing.F) {
	fuzzed(f, cityHead, "6,2015,July,1,0,2,Online TA,TA/TO,No Deposit,2,15,Canceled,2015-06-29\n", "1,2\n", "\"")
	f.Fuzz(func(t *testing.T, file string) {
		stays, counts, err := dataset.City(strings.NewReader(file))
		if err != nil {
			return
		}
		require.Len(t, stays, counts.Rows)
		_, err = forecast.Rooms(forecast.All(stays), nil, forecast.RoomsConfig{Period: forecast.Period{From: 730_000, To: 730_010}})
		requireTaken(t, err)
	})
}

func FuzzDeals(f *testing.F) {
	fuzzed(f, "opportunity_id,sales_agent,product,deal_stage,engage_date,close_date,close_value\n", "1,A,P,Won,2017-04-05,2017-05-12,505\n", "1,A,P,Lost,2017-04-05,,\n")
	f.Fuzz(func(t *testing.T, file string) {
		if deals, _, err := dataset.Deals(strings.NewReader(file)); err == nil {
			_, err = forecast.Funnel(forecast.All(deals), forecast.FunnelConfig{Period: forecast.Period{From: 1, To: 800_000}})
			requireTaken(t, err)
		}
	})
}

func FuzzInvoices(f *testing.F) {
	fuzzed(f, "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,SettledDate\n", "c,1,1/3/2012,2/2/2012,50.39,1/23/2012\n", "c,1,,,-1e9,\n")
	f.Fuzz(func(t *testing.T, file string) {
		if promises, err := dataset.Invoices(strings.NewReader(file)); err == nil {
			_, err = forecast.Receipts(forecast.All(promises), forecast.ReceiptsConfig{Options: forecast.Options{AsOf: date.New(2012, 6, 1), Days: 7}})
			requireTaken(t, err)
		}
	})
}

func FuzzLeads(f *testing.F) {
	f.Add("mql_id,first_contact_date,origin\na,14-06-2017,social\n", "mql_id,won_date,business_segment\na,05-06-2017 02:00,x\n")
	f.Fuzz(func(t *testing.T, leads, closed string) {
		deals, early, err := dataset.Leads(strings.NewReader(leads), strings.NewReader(closed))
		if err != nil {
			return
		}
		require.LessOrEqual(t, early, len(deals))
		for _, d := range deals {
			require.True(t, d.Closed.On == 0 || d.Closed.On >= d.Opened.On)
		}
	})
}

// requireTaken allows only a faulty row, named.
func requireTaken(t *testing.T, err error) {
	var row *forecast.RowError
	if errors.As(err, &row) {
		require.Positive(t, row.Line)
		return
	}
	require.NoError(t, err)
}

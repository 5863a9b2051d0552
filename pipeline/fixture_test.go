package pipeline_test

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store"
)

// sales is what most tests use: a sale with papers, a problem beside it, a hand-over and clocks.
const sales = `{
"definitions": [{
  "id": "sales", "version": 1, "claim": ["manager"],
  "parties": ["us", "client", "bank"],
  "fields": [
    {"id": "phone", "kind": "text"},
    {"id": "city", "kind": "choice", "values": ["irkutsk", "moscow"]},
    {"id": "price", "kind": "number"},
    {"id": "passport", "kind": "check", "party": "client"},
    {"id": "payment", "kind": "choice", "values": ["cash", "credit"]},
    {"id": "approved", "kind": "check", "party": "bank"},
    {"id": "status", "kind": "text"},
    {"id": "name", "kind": "text"},
    {"id": "debts", "kind": "text", "link": "https://fssp.example/search?name={name}&phone={phone}#{city}"}
  ],
  "stages": [
    {"id": "new"},
    {"id": "talks"},
    {"id": "papers", "enter": [{"field": "phone"}], "emit": ["prepare"]},
    {"id": "won", "final": "won", "emit": ["thank"]},
    {"id": "lost", "final": "lost"}
  ],
  "moves": [
    {"action": "call", "from": ["new"], "to": "talks", "roles": ["manager", "head"]},
    {"action": "sign", "from": ["talks"], "to": "papers", "roles": ["owner", "head"], "needs": [{"field": "city"}], "copies": ["credit"]},
    {"action": "win", "from": ["papers"], "to": "won", "roles": ["head"],
     "needs": [{"field": "passport"}, {"field": "payment", "is": ["cash", "credit"]}, {"field": "approved", "when": {"field": "payment", "is": ["credit"]}}]},
    {"action": "back", "from": ["papers"], "to": "talks", "roles": ["manager"]},
    {"action": "lose", "from": ["*"], "to": "lost", "roles": ["head", "timer"]},
    {"action": "reopen", "from": ["lost"], "to": "new", "roles": ["head"]}
  ],
  "edits": [
    {"fields": ["phone", "city", "passport", "payment", "approved", "name"], "roles": ["manager", "intake"]},
    {"fields": ["price"], "roles": ["pricer"], "in": ["new", "talks"]},
    {"fields": ["status"], "roles": ["intake"]},
    {"fields": ["owner"], "roles": ["head"]}
  ],
  "sides": [{"id": "problem", "open": ["manager", "head"], "close": ["head"], "blocks": ["win"], "party": "client"}],
  "timers": [
    {"id": "answer", "start": "inquired", "stop": "responded", "within": "30s", "to": "head"},
    {"id": "stuck", "start": "entered papers", "within": "72h", "pause": ["client"], "to": "head"}
  ],
  "copies": [{"id": "credit", "to": "credit", "fields": ["city", "name"], "pool": "bankers", "by": "city"}]
}, {
  "id": "credit", "version": 1,
  "fields": [{"id": "city", "kind": "choice", "values": ["irkutsk", "moscow"]}, {"id": "name", "kind": "text"}],
  "stages": [{"id": "asked"}, {"id": "granted", "final": "won"}],
  "moves": [{"action": "grant", "from": ["asked"], "to": "granted", "roles": ["banker"]}],
  "edits": [{"fields": ["*"], "roles": ["banker"]}]
}],
"routes": [
  {"id": "credit-form", "forms": ["credit"], "pipeline": "credit", "pool": "bankers"},
  {"id": "rest", "pipeline": "sales", "pool": "sellers", "set": {"status": "lead"}}
]}`

var (
	ivan   = pipeline.Actor{ID: "ivan", Roles: []pipeline.Role{"manager"}}
	olga   = pipeline.Actor{ID: "olga", Roles: []pipeline.Role{"head"}}
	pricer = pipeline.Actor{ID: "petr", Roles: []pipeline.Role{"pricer"}}
	gate   = pipeline.Actor{ID: "gate", Roles: []pipeline.Role{"intake"}}

	start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	ctx   = context.Background()
)

func readSales(t require.TestingT) pipeline.Rules {
	rules, err := pipeline.Read(strings.NewReader(sales))
	require.NoError(t, err)
	return rules
}

func engine(t require.TestingT) *pipeline.Engine {
	e, err := pipeline.Compile(readSales(t))
	require.NoError(t, err)
	return e
}

// deal is an opened case of sales.
func deal(t require.TestingT, set map[pipeline.FieldID]string) pipeline.Case {
	c, _, err := engine(t).Open(nil, pipeline.Open{ID: "o", Case: "deal-7", Pipeline: "sales", Set: set, By: ivan}, start)
	require.NoError(t, err)
	return c
}

// must applies a command that has to succeed.
func must(t require.TestingT, c pipeline.Case, cmd pipeline.Command, now time.Time) pipeline.Case {
	next, _, err := c.Apply(nil, cmd, now)
	require.NoError(t, err)
	return next
}

// A testClock tells the time that a test says.
type testClock struct{ now time.Time }

func (c *testClock) Now() time.Time { return c.now }

func pools(_ context.Context, id pipeline.PoolID) (pipeline.Pool, error) {
	switch id {
	case "bankers":
		return pipeline.Pool{Heads: []pipeline.ActorID{"boss"}, Members: []pipeline.Member{
			{ID: "bella", Regions: []string{"irkutsk"}}, {ID: "boris", Regions: []string{"moscow"}}, {ID: "bogdan", Regions: []string{"irkutsk", "moscow"}}}}, nil
	case "sellers":
		return pipeline.Pool{Members: []pipeline.Member{{ID: "ivan"}, {ID: "inna"}, {ID: "igor"}}}, nil
	}
	return pipeline.Pool{}, nil
}

// newDesk is a desk over a store in memory.
func newDesk(t require.TestingT, c *testClock) (*pipeline.Desk, *pipeline.Memory) {
	s := pipeline.NewMemory()
	d, err := pipeline.New(pipeline.Config{Store: s, Rules: readSales(t), Pools: pools, Now: c.Now})
	require.NoError(t, err)
	return d, s
}

type storeKey = store.Key

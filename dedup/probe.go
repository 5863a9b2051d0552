package dedup

import (
	"context"

	"github.com/tenure-go/tenure/store"
	"time"
)

// A Probe asks whether a partner may claim a customer.
type Probe struct {
	Partner     PartnerID
	Scope       string
	Identifiers []Identifier
}

// A Verdict answers a Probe. It names no card, no person and no other partner.
type Verdict struct {
	Answer Answer
	To     time.Time // until when the claim in force holds, for AnswerYours and AnswerTaken
}

// An Answer is what a partner may know. As text: "cannot_tell", "free", "yours", "taken", "own_client".
type Answer uint8

// The answers.
const (
	AnswerCannotTell Answer = iota // nothing readable tells who he is
	AnswerFree                     // a filing now would be granted
	AnswerYours                    // the partner's own claim is valid
	AnswerTaken                    // another claim is valid
	AnswerOwnClient                // he came himself shortly before
)

var answerNames = [...]string{"cannot_tell", "free", "yours", "taken", "own_client"}

func (a Answer) String() string { return name(answerNames[:], a) }

// MarshalText returns the answer as text.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Answer) UnmarshalText(text []byte) (err error) {
	*a, err = parseName[Answer](answerNames[:], "answer", text)
	return err
}

// Probe answers what a filing with these identifiers would be answered now. It writes nothing.
func (d *Desk) Probe(ctx context.Context, p Probe) (Verdict, error) {
	if err := validID("Partner", string(p.Partner)); err != nil {
		return Verdict{}, err
	}
	// The filing is played through, up to what would be committed.
	a, err := d.arrive(Touch{ID: "\u00a0probe", Source: Source{Partner: p.Partner, Scope: p.Scope}, Identifiers: p.Identifiers})
	if err != nil {
		return Verdict{}, err
	}
	var v Verdict
	err = d.read(ctx, nil, func(ctx context.Context, w *work) error {
		a.reset()
		v = Verdict{}
		if err := w.ingest(ctx, []*arrival{a}); err != nil {
			return err
		}
		claim := w.result(a).Claim
		switch {
		case claim == nil || claim.has(ReasonNoIdentity):
		case claim.Touch != a.touch.ID:
			v = Verdict{AnswerYours, claim.To}
		case claim.has(ReasonTaken):
			v.Answer = AnswerTaken
			if holder := claim.Reasons[0].Touch; holder != "" {
				v.To = w.until(w.result(a).Card, holder)
			}
		case claim.has(ReasonOwnClient):
			v.Answer = AnswerOwnClient
		default:
			v.Answer = AnswerFree
		}
		return nil
	})
	return v, err
}

// until returns the end of a claim on a card that is here.
func (w *work) until(card CardID, touch TouchID) time.Time {
	claims, _, of := judge(w.seen(card, after).filings(after), w.desk.config.Claims, w.now)
	if i, ok := of.to(touch); ok {
		return claims[i].To
	}
	return time.Time{}
}

// Filings returns a page of a partner's filings as they stand now, ordered by (Received, ID), and
// the cursor behind them. A filing that only renewed a claim shows that claim. Of the reasons only
// the codes are there: they tell nothing of the holder.
func (d *Desk) Filings(ctx context.Context, f Finder, q Filter, after store.Cursor, limit int) ([]Claim, store.Cursor, error) {
	ids, next, err := f.Find(ctx, q, after, limit)
	if err != nil {
		return nil, after, err
	}
	claims := make([]Claim, 0, len(ids))
	for _, id := range ids {
		err := d.read(ctx, nil, func(ctx context.Context, w *work) error {
			card, err := w.resolve(ctx, id, "touch")
			if err != nil {
				return err
			}
			v, err := w.view(ctx, card)
			if err != nil {
				return err
			}
			all, _, of := judge(v.filings(true), d.config.Claims, w.now)
			if i, ok := of.to(id); ok {
				c := all[i]
				reasons := make([]Reason, len(c.Reasons))
				for j, r := range c.Reasons {
					reasons[j] = Reason{Code: r.Code}
				}
				c.Reasons = reasons
				claims = append(claims, c)
			}
			return nil
		})
		if err != nil {
			return nil, after, err
		}
	}
	return claims, next, nil
}

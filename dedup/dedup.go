// Package dedup brings every inquiry to the right customer card.
//
// A buyer fills in a form, writes in a messenger and calls: three leads, three managers, a lost
// source, an agency that claims him. Joining whatever has an equal phone or e-mail puts 9 % of a
// realistic stream on strangers' cards: families share phones, agencies write their own, numbers
// change hands. A [Desk] decides who is one person, and says why:
//
//	desk, err := dedup.New(dedup.Config{Store: dedup.NewMemory()})
//	_, err = desk.Ingest(ctx, dedup.Touch{ID: "avito-991", Name: "Анна", Phone: "8 916 123-45-67", Source: dedup.Source{Channel: "avito"}})
//	res, err := desk.Ingest(ctx, dedup.Touch{ID: "wa-17", Phone: "+79161234567"})
//	card, err := desk.Card(ctx, res.Card)
//	fmt.Println(len(card.Timeline), card.Timeline[0].Source.Channel) // 2 avito
//
// Nothing is lost, not even what nobody can read; the first source stays; any merge can be undone;
// and whatever the order of arrival and the number of writers, the outcome is that of [Partition].
//
// # From touches to cards
//
// A [Touch] is an immutable fact: a form, a call, a message. Its phones, e-mails and accounts
// elsewhere are read into canonical keys ([Key]); touches with the same keys and the same reading of
// the name are one trace. A [Card] is the traces that are one person, and is derived:
//
//   - A key is shared if it was ever seen with an extension, or shows more than MaxNames given names,
//     MaxPeers e-mails or phones, or MaxTraces different inquiries. A shared key never links. No
//     touch makes it personal again; a ruling may.
//   - Over every other key traces join, but never those whose given names exclude one another: Анна
//     and Пётр on one phone are two cards, Саша and Александр are one. Surnames do not separate.
//   - A touch without a name and with one key lies with whoever had the key last before it. If
//     several cards have the key, the answer says Ambiguous.
//   - What carries only shared keys, or none, is alone, until a ruling joins it.
//
// # Rulings
//
// Where the rules cannot know, a person decides: [Desk.Decide] says that touches are one person's or
// are not, or that a key is an office's or a person's. Rulings outlive all later touches, and
// withdrawing one leaves the cards, with their IDs, as if it had never been made.
//
// # Identity of cards
//
// A card's ID is the ID of the touch that founded it. If cards merge, the oldest founder names the
// card and the others are its aliases; if they part, each gets its own back. Every CardID ever
// returned resolves: to the card on which its touch lies now.
//
// # Partners
//
// A touch with Source.Partner is a filing: the agency claims the customer for Window, within a
// Scope. It is refused, with the evidence, if he came himself shortly before, if another claim is
// valid, or if nothing tells who he is. [Desk.Probe] answers an agency beforehand and tells nothing
// of the holder. When two cards with valid claims turn out to be one person, the earlier claim wins
// and a [Dispute] opens with both filings; a touch of kind TouchAward settles it. All is judged by
// the clock at each read: nothing waits for a sweeper.
//
// # Outside bases
//
// [Desk.Import] takes an existing base in. What you write back to it, ingest first as TouchSent with
// Follows and the base's record as an external identifier: when the base hands it to you again with
// the same content, it is an echo, and changes nothing.
//
// # Limits
//
// There are no scores and no learned models, and addresses and companies are not compared. After a
// change of lists or limits, import into a fresh store.
package dedup

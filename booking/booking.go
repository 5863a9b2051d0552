// Package booking decides who holds a unit, from when until when.
//
// Two people who ask for one flat at one moment must not both get it, a hold that nobody confirms
// must not block the flat for ever, and who is refused wants to know by whom, and what is free. A
// [Desk] answers over any [Store]:
//
//	desk, err := booking.New(booking.Config{Store: booking.NewMemory()})
//	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12"}}) // once, before its first hold
//	hold, err := desk.Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-12", Span: span, Holder: "card-9"})
//	_, err = desk.Confirm(ctx, booking.Confirm{Ref: hold.Ref()})
//	cals, err := desk.Calendar(ctx, july, "flat-12") // what is free, held, confirmed
//
// A nil error means that the unit is held: nothing waits unless the command asked for it.
//
// # Units and spans
//
// A [Unit] is whatever is reserved: a flat, a pool of alike rooms (Capacity), a manager's day, a
// partner's quota. It counts nights or instants: its [Axis]. A [Span] is half-open; that of a sale
// has no end, see [NightsFrom]. A [Reservation] is one or several [Claim] values with one state,
// so a showing takes the flat and the manager together or not at all, and a partner's booking the
// flat and a place of the quota. Between two stays lies the unit's [Turnover]; a claim's Busy is
// its span with the turnover behind it.
//
// # States
//
//	Hold, Block -> Held, Blocked; Queued if it asked to wait
//	Queued    -> Held, Blocked: promoted | Expired: arrival came (a sale waits for ever) | Cancelled
//	Held      -> Confirmed | Queued: preempted | Expired: deadline came | Cancelled
//	Confirmed -> CheckedIn | NoShow | Cancelled
//	CheckedIn -> CheckedOut
//	Blocked   -> Queued: moved onto others, with Wait | Cancelled
//
// What has ended is kept for ever. Room is taken by what is Held before its Deadline, Confirmed,
// CheckedIn or Blocked, and by what is CheckedOut for the rest of its Busy.
//
// # Queues
//
// A hold with [PolicyQueue] waits if there is no room, and with [PolicyPreempt] sends holds of
// lower priority back to the queue. Whoever frees room promotes who waits in the same commit: the
// higher Priority, then who joined earlier, and only if all of its claims are free. What is
// promoted is an ordinary hold with a deadline: a timed offer.
//
// # Time
//
// Nothing is swept: a hold ends at its Deadline whether or not anybody looks. Every answer is as
// of desk time, which is Config.Now, or a moment after the calendar's last commit if that is
// later; so a clock may step back and two services' clocks may differ, and still no night is sold
// twice. [Desk.Tick] only records what is due, so that its events are told.
//
// # Repeating
//
// A command's ID is the caller's. Sent again it meets its own result, also after an answer that was
// lost; with other content it is a [MismatchError]. A command whose effect holds already is
// Replayed.
//
// # Followers
//
// Site and listings follow the store's [Feed]: every change once, in order. Package index keeps a
// copy that searches a hundred thousand units in microseconds.
package booking

// Package pipeline decides what may be done to a deal now, by whom, and who is next.
//
// A deal must not skip a stage, be won by the wrong person, pass on an unfinished paper or lie
// unanswered; and who is told "no" must learn all that would make it "yes". The rules are data. A
// [Desk] holds cases to them over any [Store]:
//
//	rules, err := pipeline.Read(file)
//	desk, err := pipeline.New(pipeline.Config{Store: pipeline.NewMemory(), Rules: rules})
//	_, err = desk.Open(ctx, pipeline.Open{ID: "r-1", Case: "deal-7", Pipeline: "sales", By: ivan})
//	_, err = desk.Do(ctx, pipeline.Command{ID: "r-2", Case: "deal-7", Action: "win", By: ivan}) // *RefusedError: all reasons
//	deal, err := desk.Case(ctx, "deal-7") // deal.Stage; deal.Explain(nil, ivan): each action, allowed or why not
//
// # Rules
//
// A [Definition] lists stages, fields, the moves between stages, who may edit which field at which
// stage, processes beside the stages, clocks, and what is handed over to another pipeline. [Read]
// takes them as strict JSON, [Check] finds all that is wrong with them at once, cases that could
// get stuck included, and [Compile] makes an [Engine]: the pure core, in which every answer is
// a function of the case, the command and the time.
//
// Needs of a stage hold in both directions: also who moves a case back into it must meet them.
// Editing rights bind heads too. A command checks the rights of the present stage, sets fields, records
// a touch, does the action and opens the copies; all of it or nothing.
//
// # Whose turn it is
//
// The turn is with the party of the oldest open side process; else with the one who gives the first
// unmet need of the stage's first move; else with us. A [Timer] stands still while the turn is with a
// party in its Pause, counts business time if it names a calendar, and is in time at its deadline. An
// escalation is one more timer. A touch may be dated back, as late telephony reports it: the breach
// that it cures is withdrawn.
//
// # The outside world
//
// An [Open] with Case brings a case of another system up to date, or creates it. Every field keeps
// the revision that set it, so the order of arrival does not matter: an older revision is kept out as
// stale, the same with other content as conflict, and a field that the sender may not edit is
// the house's own; the [Result] says so, and the rest is written. A local edit keeps the revision.
//
// # Leads
//
// An Open without Case is an inquiry: it joins the oldest open case of one of its cards, else opens
// one, and a [Pool] shares it out to whoever had no turn for longest among those on duty with the
// right region and skills. However many come at once, a card has one open case.
//
// # Recipes
//
// A task is a check field, a timer and [Desk.Next]. A debt check is a field with a Link. A live
// queue is [Filter].Pool; a partner's view is Filter.Cards. A call is taken over by setting
// [FieldOwner], if an [Edit] or Claim allows it.
package pipeline

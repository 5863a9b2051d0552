package pipeline

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sameCommand is a MismatchError unless the events were made by a command with the same content.
func sameCommand(done []Event, cmd *Command) error {
	first := &done[0]
	if first.Open != nil {
		return &MismatchError{ID: cmd.ID, Field: "command", Had: "open", Got: "do"}
	}
	had := Command{By: Actor{ID: first.By}, Why: first.Why}
	if first.Data != nil {
		had = *first.Data
	} else {
		had.Action = actionOf(first)
	}
	return mismatch(cmd.ID, [][3]string{
		{"action", string(had.Action), string(cmd.Action)},
		{"rev", number(had.Rev), number(cmd.Rev)},
		{"source_rev", number(had.SourceRev), number(cmd.SourceRev)},
		{"set", spelled(had.Set), spelled(cmd.Set)},
		{"touch", had.Touch.spelled(), cmd.Touch.spelled()},
		{"at", instant(had.At), instant(cmd.At)},
		{"by", string(had.By.ID), string(cmd.By.ID)},
		{"why", had.Why, cmd.Why},
	})
}

// actionOf is the action of a bare command, by its first event.
func actionOf(ev *Event) Action {
	switch ev.Kind {
	case EventSideOpened:
		return openAction + Action(ev.Name)
	case EventSideClosed:
		return closeAction + Action(ev.Name)
	}
	return Action(ev.Name)
}

func sameOpen(done []Event, o *Open) error {
	had := done[0].Open
	if had == nil {
		return &MismatchError{ID: o.ID, Field: "command", Had: "do", Got: "open"}
	}
	return mismatch(o.ID, [][3]string{
		{"case", string(had.Case), string(o.Case)},
		{"pipeline", string(had.Pipeline), string(o.Pipeline)},
		{"pool", string(had.Pool), string(o.Pool)},
		{"cards", join(had.Cards), join(o.Cards)},
		{"channel", had.Channel, o.Channel},
		{"form", had.Form, o.Form},
		{"site", had.Site, o.Site},
		{"group", had.Group, o.Group},
		{"listing", had.Listing, o.Listing},
		{"region", had.Region, o.Region},
		{"skills", strings.Join(had.Skills, ", "), strings.Join(o.Skills, ", ")},
		{"set", spelled(had.Set), spelled(o.Set)},
		{"source_rev", number(had.SourceRev), number(o.SourceRev)},
		{"at", instant(had.At), instant(o.At)},
		{"by", string(had.By.ID), string(o.By.ID)},
		{"why", had.Why, o.Why},
	})
}

func mismatch(id CommandID, fields [][3]string) error {
	for _, f := range fields {
		if f[1] != f[2] {
			return &MismatchError{ID: id, Field: f[0], Had: f[1], Got: f[2]}
		}
	}
	return nil
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return clean(t).Format(time.RFC3339Nano)
}

func spelled(set map[FieldID]string) string {
	var parts []string
	for _, f := range slices.Sorted(maps.Keys(set)) {
		parts = append(parts, strconv.Quote(string(f))+"="+strconv.Quote(set[f]))
	}
	return strings.Join(parts, " ")
}

func (t *Touch) spelled() string {
	if t == nil {
		return ""
	}
	return strings.Join([]string{t.Kind, t.Channel, t.Ref, strconv.FormatBool(t.Out), strconv.FormatBool(t.Answered)}, " ")
}

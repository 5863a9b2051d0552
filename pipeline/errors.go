package pipeline

import (
	"errors"
	"fmt"
	"strings"
)

// Sentinels that this package's errors unwrap to.
var (
	ErrRefused  = errors.New("pipeline: refused")
	ErrMismatch = errors.New("pipeline: the ID is known with other content")
	ErrUnknown  = errors.New("pipeline: unknown")
	ErrInvalid  = errors.New("pipeline: invalid value")
	ErrStale    = errors.New("pipeline: the case has changed since")
	ErrConfig   = errors.New("pipeline: faulty rules")
)

// A RefusedError is a "no" with all that would make it "yes". Nothing was applied.
type RefusedError struct {
	Case    CaseID
	Action  Action // "" if only fields were to be set
	Reasons []Reason
}

func (e *RefusedError) Error() string { return "pipeline: " + e.Text("en") }
func (e *RefusedError) Unwrap() error { return ErrRefused }

// Text says it in "en" or "ru".
func (e *RefusedError) Text(lang string) string {
	reasons := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		reasons[i] = r.Text(lang)
	}
	if e.Action == "" {
		return say(lang, "%s: refused: %s", "%s: нельзя: %s", e.Case, strings.Join(reasons, "; "))
	}
	return say(lang, "%s: %q is refused: %s", "%s: «%s» нельзя: %s", e.Case, e.Action, strings.Join(reasons, "; "))
}

// A Reason is one thing that stands in the way, or one line of a trace.
//
// Of a refusal: role, not_from, missing, unchecked, condition, blocked, in this order. Of an
// assignment: taken, rung, sticky, region, skill, off_hours, away, empty, fallback, opens.
// Of an opening: route.
type Reason struct {
	Code  string    `json:"code"`
	Field FieldID   `json:"field,omitempty"` // what is missing or may not be edited
	Want  []string  `json:"want,omitempty"`  // values that would do
	Roles []Role    `json:"roles,omitempty"` // who may
	From  []StageID `json:"from,omitempty"`  // at which stages
	Name  string    `json:"name,omitempty"`  // the condition, side, member, pool, route or instant
}

// Text says it in "en" or "ru".
func (r Reason) Text(lang string) string {
	switch r.Code {
	case "role":
		if r.Field != "" {
			if len(r.Roles) == 0 {
				return say(lang, "%s may not be edited here%s", "поле %s здесь не меняют%s", r.Field, listed(lang, ", only at ", ", только на ", r.From))
			}
			return say(lang, "%s may be edited by: %s", "поле %s меняют: %s", r.Field, join(r.Roles))
		}
		return say(lang, "only for: %s", "только для: %s", join(r.Roles))
	case "not_from":
		if r.Name != "" {
			return say(lang, "the side process %s is not in that state", "побочный процесс %s не в том состоянии", r.Name)
		}
		return say(lang, "not from this stage, only from: %s", "не с этой стадии, только с: %s", join(r.From))
	case "missing":
		if len(r.Want) > 0 {
			return say(lang, "%s must be one of: %s", "поле %s должно быть: %s", r.Field, strings.Join(r.Want, ", "))
		}
		return say(lang, "%s is not filled", "не заполнено поле %s", r.Field)
	case "unchecked":
		return say(lang, "%s is not ticked", "не отмечено: %s", r.Field)
	case "condition":
		return say(lang, "the condition %s does not hold", "не выполнено условие %s", r.Name)
	case "blocked":
		return say(lang, "the open side process %s blocks it", "мешает открытый побочный процесс %s", r.Name)
	case "taken":
		return say(lang, "%s takes it", "берёт %s", r.Name)
	case "rung":
		return say(lang, "%s is rung", "звоним: %s", r.Name)
	case "sticky":
		return say(lang, "%s has this client already", "%s уже ведёт этого клиента", r.Name)
	case "region":
		return say(lang, "%s: another region%s", "%s: другой регион%s", r.Name, wanted(r.Want))
	case "skill":
		return say(lang, "%s: lacks a skill%s", "%s: нет навыка%s", r.Name, wanted(r.Want))
	case "off_hours":
		return say(lang, "%s: not on duty", "%s: не в смене", r.Name)
	case "away":
		return say(lang, "%s: away", "%s: отсутствует", r.Name)
	case "empty":
		return say(lang, "nobody of %s is on duty", "в группе %s никого нет в смене", r.Name)
	case "fallback":
		return say(lang, "falls back on %s", "переходит в группу %s", r.Name)
	case "opens":
		return say(lang, "somebody is on duty from %s", "кто-то будет в смене с %s", r.Name)
	case "route":
		return say(lang, "by route %s", "по маршруту %s", r.Name)
	}
	return r.Code
}

func wanted(want []string) string {
	if len(want) == 0 {
		return ""
	}
	return " (" + strings.Join(want, ", ") + ")"
}

func listed[S ~string](lang, en, ru string, what []S) string {
	if len(what) == 0 {
		return ""
	}
	return pick(lang, en, ru) + join(what)
}

func join[S ~string](s []S) string {
	out := make([]string, len(s))
	for i, v := range s {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}

func pick(lang, en, ru string) string {
	if lang == "ru" {
		return ru
	}
	return en
}

func say(lang, en, ru string, args ...any) string { return fmt.Sprintf(pick(lang, en, ru), args...) }

// A MismatchError is a command whose ID is known with other content.
type MismatchError struct {
	ID       CommandID
	Field    string
	Had, Got string
}

func (e *MismatchError) Error() string { return "pipeline: " + e.Text("en") }
func (e *MismatchError) Unwrap() error { return ErrMismatch }

// Text says it in "en" or "ru".
func (e *MismatchError) Text(lang string) string {
	return say(lang, "command %q is known with another %s: had %q, got %q", "команда «%s» известна с другим %s: было «%s», пришло «%s»", e.ID, e.Field, e.Had, e.Got)
}

// An UnknownError names what does not exist, and what is spelled most like it.
type UnknownError struct {
	Kind    string // pipeline, stage, action, field, case, pool
	ID      string
	Nearest []string
}

func (e *UnknownError) Error() string { return "pipeline: " + e.Text("en") }
func (e *UnknownError) Unwrap() error { return ErrUnknown }

// Text says it in "en" or "ru".
func (e *UnknownError) Text(lang string) string {
	kinds := map[string]string{"pipeline": "воронка", "stage": "стадия", "action": "действие", "field": "поле", "case": "сделка", "pool": "группа"}
	near := ""
	if len(e.Nearest) > 0 {
		near = pick(lang, "; near: ", "; похоже на: ") + strings.Join(e.Nearest, ", ")
	}
	return say(lang, "unknown %[1]s %[3]q%[4]s", "неизвестно (%[2]s): «%[3]s»%[4]s", e.Kind, kinds[e.Kind], e.ID, near)
}

// An InvalidError is a value that cannot be meant.
type InvalidError struct {
	Field, Value, Why string

	ru string // Why in Russian
}

func (e *InvalidError) Error() string { return "pipeline: " + e.Text("en") }
func (e *InvalidError) Unwrap() error { return ErrInvalid }

// Text says it in "en" or "ru".
func (e *InvalidError) Text(lang string) string {
	why := e.Why
	if lang == "ru" && e.ru != "" {
		why = e.ru
	}
	return say(lang, "%s: %q %s", "%s: «%s» %s", e.Field, e.Value, why)
}

func invalid(field, value, why, ru string) error {
	if len(value) > 80 {
		value = strings.ToValidUTF8(value[:80], "") + "…"
	}
	return &InvalidError{Field: field, Value: value, Why: why, ru: ru}
}

// A StaleError is a command made for an older state of the case.
type StaleError struct {
	ID       CaseID
	Had, Got int64 // the case's Rev, and the command's
}

func (e *StaleError) Error() string { return "pipeline: " + e.Text("en") }
func (e *StaleError) Unwrap() error { return ErrStale }

// Text says it in "en" or "ru".
func (e *StaleError) Text(lang string) string {
	return say(lang, "%s has changed: it is at %d, the command was made for %d", "%s изменилась: сейчас %d, команда для %d", e.ID, e.Had, e.Got)
}

// A ConfigError lists every problem of the rules.
type ConfigError struct {
	Problems Problems
}

func (e *ConfigError) Error() string { return "pipeline: " + e.Text("en") }
func (e *ConfigError) Unwrap() error { return ErrConfig }

// Text says it in "en" or "ru".
func (e *ConfigError) Text(lang string) string { return e.Problems.Text(lang) }

// Problems are what [Check] finds, all at once.
type Problems []Problem

// Text lists them in "en" or "ru", one a line.
func (p Problems) Text(lang string) string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Text(lang)
	}
	return strings.Join(lines, "\n")
}

// A Problem is one fault of the rules.
type Problem struct {
	Code         string
	Path         string // definitions[0].moves[3].to
	Line, Column int    // from 1, in what was read; 0 if it was made in Go
	Names        []string
	Warning      bool // it does not keep the rules from being compiled
}

// Text says it in "en" or "ru".
func (p Problem) Text(lang string) string {
	text, ok := problemTexts[p.Code]
	if !ok {
		text = [2]string{p.Code, p.Code}
	}
	where := p.Path
	if p.Line > 0 {
		where = fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Path)
	}
	names := ""
	if len(p.Names) > 0 {
		names = " (" + strings.Join(p.Names, ", ") + ")"
	}
	return where + ": " + pick(lang, text[0], text[1]) + names
}

var problemTexts = map[string][2]string{
	"syntax":             {"not well-formed JSON", "неверный JSON"},
	"unknown_key":        {"unknown key", "неизвестный ключ"},
	"duplicate_key":      {"the key is repeated", "ключ повторяется"},
	"wrong_type":         {"a value of the wrong kind", "значение не того вида"},
	"too_large":          {"the file is over 1 MiB", "файл больше 1 МиБ"},
	"unknown_name":       {"the name is not defined", "имя не определено"},
	"bad_value":          {"the value cannot be meant", "недопустимое значение"},
	"duplicate":          {"defined twice", "определено дважды"},
	"unreachable":        {"no case can get to this stage", "на эту стадию нельзя попасть"},
	"dead_end":           {"no move leaves this open stage", "с этой открытой стадии нет переходов"},
	"trap":               {"a case can get stuck here: no final stage can be reached", "сделка может застрять здесь: ни один финал недостижим"},
	"ambiguous":          {"two moves for one action at one stage", "два перехода для одного действия на одной стадии"},
	"no_role_can_leave":  {"nobody has a role that leaves this stage", "ни одна роль не может уйти с этой стадии"},
	"unfillable_need":    {"nobody can ever fill this need", "это требование никто не сможет выполнить"},
	"contradictory_need": {"the needs contradict each other", "требования противоречат друг другу"},
	"timer_to_nowhere":   {"the timer tells nobody and does nothing", "таймер никому не сообщает и ничего не делает"},
	"copy_target":        {"the copy goes to no pipeline", "копия идёт в несуществующую воронку"},
	"copy_field":         {"the field does not exist alike on both sides", "поля нет с обеих сторон в том же виде"},
	"side_blocks_all":    {"while open, the side process blocks every move of a stage", "открытый побочный процесс закрывает все переходы стадии"},
	"shadowed_route":     {"earlier routes take every lead of this one", "прежние маршруты забирают все заявки этого"},
	"empty_route":        {"the route takes no lead or leads nowhere", "маршрут ничего не берёт или никуда не ведёт"},
	"bad_link":           {"not a usable link template", "непригодный шаблон ссылки"},
	"too_many":           {"too many", "слишком много"},
	"too_complex":        {"too many states to prove that no case gets stuck", "слишком много состояний: не доказано, что сделка не застрянет"},
}
